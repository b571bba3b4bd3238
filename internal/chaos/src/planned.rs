//! A fault to come, complete but for the node that it hits: that one is chosen when the time has
//! come, among those that are alive then.

use std::fmt;
use std::time::Duration;

use config::{ChaosEvent, Target};
use serde::Serialize;

use crate::Network;

/// A fault to come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Planned {
    /// Time of the run; seconds on the wire.
    #[serde(with = "reports::seconds")]
    pub at: Duration,
    /// What.
    pub event: ChaosEvent,
    /// Whom; events that concern no single node have none.
    pub target: Option<Target>,
    /// How.
    #[serde(flatten)]
    pub how: How,
    /// A draw by which the node is chosen among those that fit.
    pub pick: u32,
}

/// What is done to the node, with everything that was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum How {
    /// It is killed.
    Crash {
        /// It comes back after so long, or never.
        #[serde(with = "reports::seconds::optional")]
        restart_after: Option<Duration>,
    },
    /// It stops, keeps its seat and comes back.
    Restart {},
    /// It freezes.
    Pause {
        /// For so long.
        #[serde(rename = "for", with = "reports::seconds")]
        lasting: Duration,
    },
    /// So many workers join.
    Join {
        /// How many.
        count: u32,
    },
    /// So many workers leave for good.
    Leave {
        /// How many.
        count: u32,
    },
    /// Every worker in turn stops, keeps its seat and comes back.
    Roll {
        /// Time from one to the next.
        #[serde(with = "reports::seconds")]
        pause_between: Duration,
    },
    /// Something lies between it and the broker.
    Network {
        /// For so long.
        #[serde(rename = "for", with = "reports::seconds")]
        lasting: Duration,
        /// What.
        network: Network,
    },
    /// The server is away.
    Broker {
        /// For so long.
        #[serde(rename = "for", with = "reports::seconds")]
        lasting: Duration,
        /// Killed, or stopped in good order.
        kill: bool,
    },
    /// It takes several times as long for its work.
    Slow {
        /// For so long.
        #[serde(rename = "for", with = "reports::seconds")]
        lasting: Duration,
        /// So many times.
        factor: f64,
    },
}

impl How {
    /// How long it lasts, if it does.
    pub fn lasting(&self) -> Option<Duration> {
        match self {
            Self::Pause { lasting }
            | Self::Network { lasting, .. }
            | Self::Broker { lasting, .. }
            | Self::Slow { lasting, .. } => Some(*lasting),
            Self::Crash { restart_after } => *restart_after,
            Self::Restart {} | Self::Join { .. } | Self::Leave { .. } | Self::Roll { .. } => None,
        }
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = Duration::as_secs_f64;
        match self {
            Self::Crash { restart_after: Some(away) } => {
                write!(f, ", back after {:.1} s", secs(away))
            }
            Self::Crash { restart_after: None } => f.write_str(", never back"),
            Self::Restart {} => Ok(()),
            Self::Join { count } | Self::Leave { count } => write!(f, " by {count}"),
            Self::Roll { pause_between } => write!(f, ", {:.1} s between two", secs(pause_between)),
            Self::Pause { lasting } => write!(f, " for {:.1} s", secs(lasting)),
            Self::Network { lasting, network } => {
                write!(f, " for {:.1} s, {network}", secs(lasting))
            }
            Self::Broker { lasting, kill } => {
                let how = if *kill { "killed" } else { "stopped" };
                write!(f, " for {:.1} s, {how}", secs(lasting))
            }
            Self::Slow { lasting, factor } => write!(f, " for {:.1} s, by {factor}", secs(lasting)),
        }
    }
}

/// A line for people, such as `  12.5 s  worker_pause on leader for 4.2 s`.
impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.1} s  {}", self.at.as_secs_f64(), self.event)?;
        if let Some(target) = &self.target {
            write!(f, " on {target}")?;
        }
        self.how.fmt(f)
    }
}
