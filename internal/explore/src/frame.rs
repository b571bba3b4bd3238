//! The frame: the configuration within which scenarios are drawn. Its counts, rates and times are
//! the most that a scenario may have, its mix the events that may happen; what it switches off stays
//! off.

use config::{Config, Millis, Target};

/// Shortest duration: there must be time for faults, and then for quiet.
const DURATION_MIN: Millis = Millis::from_secs(5);

/// A configuration within which scenarios can be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame(Config);

/// Why no scenarios can be drawn within a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no scenarios can be drawn within this configuration: {what}; {right}")]
pub struct FrameError {
    what: String,
    right: &'static str,
}

impl Frame {
    /// A frame, if scenarios can be drawn within `config`.
    ///
    /// # Errors
    ///
    /// [`FrameError`] if it leaves nothing to be drawn.
    pub fn new(config: Config) -> Result<Self, FrameError> {
        let chaos = &config.chaos;
        let refuse = |what: String, right| Err(FrameError { what, right });
        if !chaos.enabled || chaos.events.iter().all(|mixed| mixed.weight() == 0) {
            let what = "chaos has no events to draw from".to_owned();
            return refuse(what, "use chaos.enabled: true, and list chaos.events");
        }
        if !chaos.script.is_empty() {
            let what = "chaos.script says what happens".to_owned();
            return refuse(what, "leave the script out, or use simulation run --virtual");
        }
        let targets = chaos.events.iter().filter_map(|mixed| mixed.parameters.target.as_ref());
        let named =
            |target: &&Target| matches!(target, Target::WorkerNamed(_) | Target::ProducerNamed(_));
        if let Some(target) = targets.into_iter().find(named) {
            let what = format!("an event hits {target}, which a smaller scenario does not have");
            return refuse(what, "use worker, producer, leader or any as target");
        }
        if config.workers.count < 2 {
            let what = format!("workers.count is {}", config.workers.count);
            return refuse(what, "use at least 2, so that one can fail");
        }
        if config.simulation.duration < DURATION_MIN {
            let what = format!("simulation.duration is {}", config.simulation.duration);
            return refuse(what, "use at least 5s: faults need time, and healing does");
        }
        Ok(Self(config))
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.0
    }
}
