//! The steps by which a scenario that fails is made simpler, but for its script. Each gives a valid
//! scenario that is strictly smaller or closer to the defaults, so that none can go on for ever.

use config::{
    AssignmentStrategy, Checkpoint, Config, Coordinator, Distribution, Interval, Millis,
    StrategyConfig,
};

use crate::shrink::with_script;

/// One step; nothing if there is nothing to be made simpler.
pub(crate) type Step = fn(&Config) -> Option<Config>;

/// Shortest duration that is tried.
const DURATION_MIN: u64 = 500;

/// All steps, those that help most first: by halves, then one by one.
pub(crate) const STEPS: [Step; 18] = [
    |config| workers(config, config.workers.count / 2),
    |config| workers(config, config.workers.count - 1),
    |config| producers(config, 1),
    |config| producers(config, config.producers.count - 1),
    |config| partitions(config, config.partitions.count / 2),
    |config| partitions(config, config.partitions.count - 1),
    |config| duration(config, config.simulation.duration.get() / 2),
    |config| duration(config, config.simulation.duration.get() / 4 * 3),
    |config| duration(config, config.simulation.duration.get() / 10 * 9),
    |config| changed(config, without_rehearsal),
    |config| changed(config, |config| config.producers.rate_variation.enabled = false),
    |config| changed(config, |config| config.partitions.distribution = Distribution::Uniform),
    |config| {
        let max = config.workers.processing_delay.max;
        changed(config, |config| config.workers.processing_delay = Interval { min: max, max })
    },
    |config| {
        let none = Millis::new(0);
        changed(config, |config| {
            config.workers.processing_delay = Interval { min: none, max: none };
        })
    },
    |config| {
        changed(config, |config| config.coordinator.trim_after = Coordinator::default().trim_after)
    },
    |config| changed(config, |config| config.workers.concurrency = 64),
    |config| {
        let strategy = AssignmentStrategy::WeightedConsistentHash;
        changed(config, |config| config.workers.assignment_strategy = strategy)
    },
    |config| changed(config, |config| config.workers.strategy_config = StrategyConfig::default()),
];

fn changed(config: &Config, change: impl FnOnce(&mut Config)) -> Option<Config> {
    let mut changed = config.clone();
    change(&mut changed);
    (changed != *config).then_some(changed)
}

fn workers(config: &Config, count: u32) -> Option<Config> {
    (count > 0).then(|| changed(config, |config| config.workers.count = count)).flatten()
}

fn producers(config: &Config, count: u32) -> Option<Config> {
    (count > 0).then(|| changed(config, |config| config.producers.count = count)).flatten()
}

/// With at most one producer for each.
fn partitions(config: &Config, count: u32) -> Option<Config> {
    let fewer = |config: &mut Config| {
        config.partitions.count = count;
        config.producers.count = config.producers.count.min(count);
    };
    (count > 0).then(|| changed(config, fewer)).flatten()
}

fn without_rehearsal(config: &mut Config) {
    config.checkpoint = Checkpoint::default();
}

/// Without the faults and the rehearsal that would come later; faults that are left end in time.
fn duration(config: &Config, millis: u64) -> Option<Config> {
    if millis < DURATION_MIN {
        return None;
    }
    let duration = Millis::new(millis);
    let mut script = config.chaos.script.clone();
    script.retain(|line| line.at < duration);
    for line in &mut script {
        if let Some(lasting) = &mut line.parameters.lasting {
            let max = lasting.max.min(duration);
            *lasting = Interval { min: lasting.min.min(max), max };
        }
        if let Some(config::RestartAfter::Some(away)) = &mut line.parameters.restart_after {
            *away = (*away).min(duration);
        }
    }
    changed(&with_script(config, script), |config| {
        config.simulation.duration = duration;
        if config.checkpoint.rehearsal.is_some_and(|at| at >= duration) {
            without_rehearsal(config);
        }
    })
}
