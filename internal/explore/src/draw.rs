//! A scenario of one seed: a complete configuration within the frame. All but its faults are drawn
//! here, part by part, each from a stream of its own.

use config::{
    AssignmentStrategy, Checkpoint, Config, Coordinator, Distribution, Interval, Isolation,
    Metrics, Millis, Mode, Nats, Partitions, Producers, RatePattern, Simulation, Workers,
    offered_load,
};
use model::Seed;

use crate::dice::Dice;
use crate::{Frame, mix};

/// Shortest lease of a configuration.
const LEASE_MIN: Millis = Millis::new(500);
/// A run is at least so many leases long.
const LEASES_MIN: u64 = 10;
/// The most load that a partition or a worker gets: with some workers away and others slow, it must
/// still keep up.
const LOAD_MAX: f64 = 0.3;
/// Fewest judged messages of a partition that stay.
const TRIM_MIN: u32 = 20;

/// The scenario of `seed` within `frame`: the same for the same two.
///
/// Faults happen in its first part only. They are over so many leases before producers stop, that
/// everything can be whole again while messages still flow: the safety phase, then the liveness
/// phase.
pub fn draw(frame: &Frame, seed: Seed) -> Config {
    let within = frame.config();
    let duration = within.simulation.duration;
    let half = Millis::new(duration.get() / 2);
    let duration = Dice::new(seed, "run").time(half, duration);
    let producers = producers(&within.producers, seed);
    let mut config = Config {
        simulation: Simulation { duration, mode: Mode::AllInOne, seed: Some(seed.0) },
        partitions: partitions(&within.partitions, producers.count, seed),
        workers: workers(&within.workers, duration, seed),
        coordinator: coordinator(&within.coordinator, seed),
        producers,
        chaos: within.chaos.clone(),
        // There is no server; a secret would only stand in every file.
        nats: Nats { jetstream: within.nats.jetstream.clone(), ..Nats::default() },
        metrics: Metrics::default(),
        checkpoint: checkpoint(&within.checkpoint, duration, seed),
    };
    bearable(&mut config);
    config.producers.count = config.producers.count.min(config.partitions.count);
    config.chaos = mix::faults(frame, &config, seed);
    config
}

fn partitions(within: &Partitions, producers: u32, seed: Seed) -> Partitions {
    let mut dice = Dice::new(seed, "partitions");
    let mut drawn = within.clone();
    // One in four has few: some workers have nothing then.
    let most = if dice.one_in(4) { within.count.min(producers.max(4)) } else { within.count };
    drawn.count = dice.count(1, most);
    let rate = within.message_rate_per_partition;
    drawn.message_rate_per_partition = dice.magnitude(rate / 10.0, rate);
    if dice.one_in(2) {
        drawn.distribution = Distribution::Uniform;
    }
    let (weights, most) = (&mut drawn.weights.exponential, &within.weights.exponential);
    weights.extreme_percent = dice.magnitude(most.extreme_percent / 10.0, most.extreme_percent);
    weights.extreme_weight = dice.size(1, most.extreme_weight);
    weights.normal_weight = dice.size(1, most.normal_weight);
    drawn
}

fn producers(within: &Producers, seed: Seed) -> Producers {
    let mut dice = Dice::new(seed, "producers");
    let mut drawn = within.clone();
    drawn.isolation = Isolation::Task;
    drawn.count = dice.count(1, within.count);
    let variation = &mut drawn.rate_variation;
    variation.enabled &= dice.one_in(2);
    let middle = (variation.min * variation.max).sqrt();
    variation.min = dice.magnitude(variation.min, middle);
    variation.max = dice.magnitude(middle.max(variation.min * 1.01), variation.max);
    variation.ramp_interval = dice.time(Millis::from_secs(1), variation.ramp_interval);
    let patterns = [RatePattern::Global, RatePattern::PerProducer];
    variation.pattern = dice.among(&patterns).unwrap_or(variation.pattern);
    drawn
}

fn workers(within: &Workers, duration: Millis, seed: Seed) -> Workers {
    use AssignmentStrategy::{ConsistentHash, RoundRobin, WeightedConsistentHash};
    let mut dice = Dice::new(seed, "workers");
    let mut drawn = within.clone();
    drawn.isolation = Isolation::Task;
    drawn.count = dice.count(2, within.count);
    let longest = within.lease.min(Millis::new(duration.get() / LEASES_MIN)).max(LEASE_MIN);
    drawn.lease = dice.time(LEASE_MIN, longest);
    drawn.concurrency = dice.size(1, within.concurrency);
    let max = dice.time(Millis::new(1), within.processing_delay.max.max(Millis::new(1)));
    let max = max.min(within.processing_delay.max);
    let fixed = dice.one_in(3);
    drawn.processing_delay = Interval { min: if fixed { max } else { Millis::new(0) }, max };
    // The one that is made for the purpose is drawn as often as the others together.
    let strategies = [WeightedConsistentHash, WeightedConsistentHash, ConsistentHash, RoundRobin];
    drawn.assignment_strategy = dice.among(&strategies).unwrap_or(WeightedConsistentHash);
    let strategy = &mut drawn.strategy_config;
    strategy.virtual_nodes = dice.size(1, strategy.virtual_nodes);
    let beyond = strategy.load_bound - 1.0;
    strategy.load_bound = 1.0 + dice.magnitude(beyond / 20.0, beyond);
    drawn
}

fn coordinator(within: &Coordinator, seed: Seed) -> Coordinator {
    let mut dice = Dice::new(seed, "coordinator");
    let trim_after = dice.size(TRIM_MIN.min(within.trim_after), within.trim_after);
    Coordinator { trim_after, ..within.clone() }
}

/// One in three scenarios rehearses, if the frame does: somewhere in the middle of it the coordinator goes
/// on from a checkpoint.
fn checkpoint(within: &Checkpoint, duration: Millis, seed: Seed) -> Checkpoint {
    let mut dice = Dice::new(seed, "checkpoint");
    let part = |parts: u64| Millis::new(duration.get() * parts / 10);
    let (interval, rehearsal) = (dice.time(part(1), part(3)), dice.time(part(4), part(9)));
    if within.rehearsal.is_none() || !dice.one_in(3) {
        return Checkpoint::default();
    }
    Checkpoint { enabled: true, interval, rehearsal: Some(rehearsal), ..Checkpoint::default() }
}

/// Lowers the rate until everybody can keep up.
fn bearable(config: &mut Config) {
    let load = offered_load(config);
    let most = load.hottest_partition_load.max(load.busiest_worker_load);
    if most > LOAD_MAX {
        config.partitions.message_rate_per_partition *= LOAD_MAX / most;
    }
}
