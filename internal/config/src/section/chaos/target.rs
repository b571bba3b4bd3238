//! Whom an event hits: a kind of node, or one node by its name.

use std::fmt;
use std::str::FromStr;

use crate::ChaosEvent;
use crate::value::{ValueError, schema_of, serde_as_text};

/// Whom an event hits. Among several that fit, one is drawn when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A worker.
    Worker,
    /// A producer.
    Producer,
    /// The worker that leads the group at that time.
    Leader,
    /// A worker or a producer.
    Any,
    /// The worker of this name.
    WorkerNamed(String),
    /// The producer of this name.
    ProducerNamed(String),
}

const RIGHT: &str = "use worker, producer, leader, any, or the name of one, such as worker-3";

impl Target {
    /// What the event hits if it is not said.
    pub const fn default_of(event: ChaosEvent) -> Self {
        match event {
            ChaosEvent::LeaderFailure | ChaosEvent::LeaderPause => Self::Leader,
            ChaosEvent::ProducerCrash => Self::Producer,
            _ => Self::Worker,
        }
    }

    /// Whether the event can hit it at all.
    pub const fn fits(&self, event: ChaosEvent) -> bool {
        match event {
            ChaosEvent::LeaderFailure | ChaosEvent::LeaderPause => matches!(self, Self::Leader),
            ChaosEvent::ProducerCrash => matches!(self, Self::Producer | Self::ProducerNamed(_)),
            _ if event.is_network() => true,
            _ => matches!(self, Self::Worker | Self::Leader | Self::WorkerNamed(_)),
        }
    }
}

impl FromStr for Target {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match text {
            "worker" => Ok(Self::Worker),
            "producer" => Ok(Self::Producer),
            "leader" => Ok(Self::Leader),
            "any" => Ok(Self::Any),
            _ if !(1..=64).contains(&text.len()) || !text.chars().all(fits) => {
                let shown = text.chars().take(64).collect::<String>();
                Err(ValueError::new(format!("{shown:?} is not a target"), RIGHT))
            }
            _ if text.starts_with("producer-") => Ok(Self::ProducerNamed(text.to_owned())),
            _ => Ok(Self::WorkerNamed(text.to_owned())),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worker => "worker",
            Self::Producer => "producer",
            Self::Leader => "leader",
            Self::Any => "any",
            Self::WorkerNamed(name) | Self::ProducerNamed(name) => name,
        })
    }
}

serde_as_text!(Target);
schema_of!(Target, "Target", {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{1,64}$",
    "x-kind": "target",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_words_and_names() {
        for (text, target) in [
            ("worker", Target::Worker),
            ("producer", Target::Producer),
            ("leader", Target::Leader),
            ("any", Target::Any),
            ("worker-3", Target::WorkerNamed("worker-3".into())),
            ("producer-0", Target::ProducerNamed("producer-0".into())),
            ("billing_7", Target::WorkerNamed("billing_7".into())),
        ] {
            assert_eq!(text.parse(), Ok(target.clone()));
            assert_eq!(target.to_string(), text);
        }
        for text in ["", "a.b", "two words", "*", &"x".repeat(65)] {
            assert!(text.parse::<Target>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_default_target_of_an_event_fits_it() {
        for event in ChaosEvent::ALL {
            assert!(Target::default_of(event).fits(event), "{event}");
        }
    }
}
