//! The verdict and its exit code.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the judge says of a run, worst first: the first one that applies is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A message was lost, repeated or reordered, or a rule of ownership was broken.
    Correctness,
    /// There was no broker to judge by.
    Environment,
    /// Nothing is wrong but that it did not get done.
    Liveness,
    /// Nothing is wrong, but something that had to be exercised never happened.
    Inconclusive,
    /// Nothing is wrong, and everything that had to happen happened.
    Pass,
    /// The run is not over.
    Running,
}

impl Verdict {
    /// The exit code of the program.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass | Self::Running => 0,
            Self::Correctness => 1,
            Self::Liveness => 3,
            Self::Inconclusive => 4,
            Self::Environment => 5,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Correctness => "correctness",
            Self::Environment => "environment",
            Self::Liveness => "liveness",
            Self::Inconclusive => "inconclusive",
            Self::Pass => "pass",
            Self::Running => "running",
        })
    }
}
