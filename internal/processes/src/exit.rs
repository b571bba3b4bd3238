//! How a process ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; 128 and more for a signal (137: killed). `None` if nobody knows.
    pub code: Option<i32>,
}

impl From<ExitStatus> for Exit {
    fn from(status: ExitStatus) -> Self {
        Self { code: status.code().or_else(|| Some(128 + status.signal()?)) }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) if code > 128 => write!(f, "ended by signal {}", code - 128),
            Some(code) => write!(f, "ended with code {code}"),
            None => f.write_str("ended"),
        }
    }
}
