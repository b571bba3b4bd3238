//! What is wrong with a configuration: where, what, and what would be right.

use std::fmt;

use crate::ValueError;
use crate::key::KeyPath;

/// Why there is no configuration. Nothing is wrong with the environment: the user must change it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: cannot be read: {error}; give the path of a YAML file")]
    Unreadable {
        /// The path as it was given.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// Everything that is wrong with the content, in the order of the file; one a line.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

impl ConfigError {
    /// Everything that is wrong with the content; empty if there was none.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Invalid(problems) => problems,
        }
    }
}

/// One thing that is wrong, such as
/// `configs/dev.yaml:12: partitions.count: 0 is out of range; use a whole number from 1 to 100000`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where the value was given: a file, `NATS_URL`, or an option such as `--set`.
    pub source: String,
    /// The line in the file, from 1.
    pub line: Option<usize>,
    /// The key, such as `partitions.count`; empty if it concerns the whole.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}; {}", self.what, self.right)
    }
}

/// A problem of which only the key is known, not yet the place in the file.
#[derive(Debug)]
pub(crate) struct Finding {
    /// The keys that it is about. It is reported for the first one, at the place of the first one
    /// that was written down at all.
    pub(crate) keys: Vec<KeyPath>,
    /// What is wrong, and what would be right.
    pub(crate) error: ValueError,
}

impl Finding {
    pub(crate) fn new(key: &KeyPath, error: ValueError) -> Self {
        Self { keys: vec![key.clone()], error }
    }
}
