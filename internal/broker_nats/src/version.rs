//! Versions of nats-server, and the oldest one that this project can stand on.

use std::fmt;
use std::str::FromStr;

/// A version of nats-server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// `2` in 2.15.1.
    pub major: u32,
    /// `15` in 2.15.1.
    pub minor: u32,
    /// `1` in 2.15.1.
    pub patch: u32,
}

impl ServerVersion {
    /// The first version that checks an expectation on another subject than the record's own.
    pub const OLDEST: ServerVersion = ServerVersion { major: 2, minor: 11, patch: 0 };
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for ServerVersion {
    type Err = ();

    /// Takes `2.15.1`, `v2.15.1`, `2.15.1-RC.2`, and `nats-server: v2.15.1`.
    fn from_str(text: &str) -> Result<Self, ()> {
        let word = text.split_whitespace().next_back().ok_or(())?;
        let mut numbers = word.trim_start_matches('v').split(['.', '-', '+']);
        let mut number = || numbers.next().and_then(|part| part.parse().ok()).ok_or(());
        Ok(Self { major: number()?, minor: number()?, patch: number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        for text in ["2.15.1", "v2.15.1", "2.15.1-RC.2", "nats-server: v2.15.1\n"] {
            assert_eq!(text.parse(), Ok(ServerVersion { major: 2, minor: 15, patch: 1 }), "{text}");
        }
        for bad in ["", "nats-server", "2.15", "2.x.1"] {
            assert_eq!(bad.parse::<ServerVersion>(), Err(()), "{bad:?}");
        }
        let old: ServerVersion = "2.9.10".parse().unwrap();
        assert!(old < ServerVersion::OLDEST);
    }
}
