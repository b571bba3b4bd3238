//! How much load a configuration offers, and whether its backlog can drain in time. Pure
//! arithmetic, for `config check` and for the bound on a run's last phase.
//!
//! *Load* is seconds of work that arrive per second. The messages of a partition are processed one
//! after the other, so a partition keeps up below a load of 1, and so does a worker per handler.

use std::time::Duration;

use model::{PartitionId, Seed, Weight, Weights};

use crate::{Config, Distribution};

/// What [`offered_load`] computes.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferedLoad {
    /// The heaviest partition; the first one among equals. `None` as long as which one it is will
    /// be drawn from a seed that is not fixed yet.
    pub hottest_partition: Option<PartitionId>,
    /// Its rate × mean processing delay × `peak_factor`.
    pub hottest_partition_load: f64,
    /// The load of the busiest worker's partitions at the peak, over its handlers (`concurrency`).
    pub busiest_worker_load: f64,
    /// Highest multiple of the rates: `rate_variation.max`, or 1 without variation.
    pub peak_factor: f64,
    /// Mean multiple of the rates: the middle of the variation, or 1 without variation.
    pub mean_factor: f64,
    /// Messages per second over all partitions, at a multiple of 1.
    pub total_rate: f64,
    /// What will not work as configured, in sentences.
    pub warnings: Vec<String>,
}

/// The weight of every partition.
pub fn weights(config: &Config, seed: Seed) -> Weights {
    let partitions = &config.partitions;
    let exponential = &partitions.weights.exponential;
    match partitions.distribution {
        Distribution::Uniform => Weights::uniform(partitions.count),
        Distribution::Exponential => Weights::exponential(
            partitions.count,
            exponential.extreme_percent,
            Weight(exponential.extreme_weight),
            Weight(exponential.normal_weight),
            seed,
        ),
    }
}

/// Loads at a multiple of 1, from which everything else follows.
struct Base {
    hottest: PartitionId,
    partition: f64,
    worker: f64,
    total_rate: f64,
}

fn base(config: &Config) -> Base {
    let weights = weights(config, Seed(config.simulation.seed.unwrap_or_default()));
    let rate = config.partitions.message_rate_per_partition;
    let delay = config.workers.processing_delay.mean_secs();
    let heaviest = weights.iter().min_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    let hottest = heaviest.map_or(PartitionId(0), |(partition, _)| partition);
    let partition = weights.rate(hottest, rate) * delay;
    let total_rate = rate * f64::from(weights.count());
    // Placing heavy partitions first, each where there is room below the bound, gives no worker
    // more than max(load_bound × mean, the heaviest partition).
    let mean = total_rate * delay / f64::from(config.workers.count);
    let heaviest_worker = (config.workers.strategy_config.load_bound * mean).max(partition);
    let worker = heaviest_worker / f64::from(config.workers.concurrency);
    Base { hottest, partition, worker, total_rate }
}

/// Highest and mean multiple of the rates. One swing up and down takes 2 × `ramp_interval` and is
/// linear, so its mean is the middle.
fn factors(config: &Config) -> (f64, f64) {
    let variation = &config.producers.rate_variation;
    if !variation.enabled {
        return (1.0, 1.0);
    }
    (variation.max, (variation.min + variation.max) / 2.0)
}

/// The load that the configuration offers to its heaviest partition and its busiest worker.
pub fn offered_load(config: &Config) -> OfferedLoad {
    let base = base(config);
    let (peak_factor, mean_factor) = factors(config);
    let known =
        config.simulation.seed.is_some() || config.partitions.distribution == Distribution::Uniform;
    let warnings = [
        (
            "the heaviest partition gets",
            base.partition,
            "message_rate_per_partition, extreme_weight or processing_delay",
        ),
        (
            "the busiest worker, per handler, gets",
            base.worker,
            "message_rate_per_partition or processing_delay, or use more workers or concurrency",
        ),
    ];
    let warnings = warnings.into_iter().filter_map(|(who, load, advice)| {
        let (peak, mean) = (load * peak_factor, load * mean_factor);
        match (mean > 1.0, peak > 1.0) {
            (true, _) => Some(format!(
                "{who} {mean:.2} s of work per second: that backlog cannot drain in time; \
                 lower {advice}"
            )),
            (false, true) => Some(format!(
                "{who} {peak:.2} s of work per second when rates are at their peak ({mean:.2} on \
                 average): at a peak, that backlog cannot drain in time, only after it; \
                 lower rate_variation.max, {advice}"
            )),
            (false, false) => None,
        }
    });
    OfferedLoad {
        hottest_partition: known.then_some(base.hottest),
        hottest_partition_load: base.partition * peak_factor,
        busiest_worker_load: base.worker * peak_factor,
        peak_factor,
        mean_factor,
        total_rate: base.total_rate,
        warnings: warnings.collect(),
    }
}

/// How long after the last send everything must have its effect: `validation_window`, and the time
/// that the backlog needs which the rates alone can have built up.
///
/// With the loads `mean` and `peak` of the heaviest partition (or the busiest worker, if worse),
/// the run's `duration` and one swing of the rates `2 × ramp_interval`:
///
/// ```text
/// backlog = max(mean − 1, 0) × duration + max(peak − 1, 0) × min(2 × ramp_interval, duration)
/// ```
///
/// seconds of work, and seconds to drain, because nothing arrives any more. It is an upper bound:
/// any stretch of a run is some whole swings, which add (mean − 1) each second, and less than one
/// more swing, which adds (peak − 1) each second at most. Without variation peak = mean, and the
/// second term is left out. At loads up to 1 there is no backlog. Never more than 100 years.
pub fn drain_bound(config: &Config) -> Duration {
    const LONGEST: f64 = 100.0 * 365.0 * 86_400.0;
    let base = base(config);
    let load = base.partition.max(base.worker);
    let (peak_factor, mean_factor) = factors(config);
    let duration = config.simulation.duration.as_secs_f64();
    let swing = match config.producers.rate_variation.enabled {
        true => 2.0 * config.producers.rate_variation.ramp_interval.as_secs_f64(),
        false => 0.0,
    };
    let backlog = (load * mean_factor - 1.0).max(0.0) * duration
        + (load * peak_factor - 1.0).max(0.0) * swing.min(duration);
    let backlog = Duration::from_secs_f64(backlog.min(LONGEST));
    config.coordinator.validation_window.duration() + backlog
}
