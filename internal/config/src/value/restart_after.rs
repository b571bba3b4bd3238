//! How long whoever was killed stays away: a duration, or `never`.

use std::fmt;
use std::str::FromStr;

use super::{Millis, ValueError, schema_of, serde_as_text};

/// How long whoever was killed stays away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartAfter {
    /// So long.
    Some(Millis),
    /// For the rest of the run.
    Never,
}

impl FromStr for RestartAfter {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "never" => Ok(Self::Never),
            _ => text.parse().map(Self::Some).map_err(|error: ValueError| ValueError {
                right: format!("{}, or never", error.right),
                ..error
            }),
        }
    }
}

impl fmt::Display for RestartAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Some(away) => away.fmt(f),
            Self::Never => f.write_str("never"),
        }
    }
}

serde_as_text!(RestartAfter);
schema_of!(RestartAfter, "RestartAfter", {
    "type": "string",
    "pattern": r"^(([0-9]+(ms|s|m|h|d))+|never)$",
    "x-kind": "restart_after",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_or_never() {
        for text in ["never", "4s", "1m30s", "0s"] {
            assert_eq!(text.parse::<RestartAfter>().unwrap().to_string(), text);
        }
        let error = "soon".parse::<RestartAfter>().unwrap_err().to_string();
        assert!(error.starts_with("\"soon\" is not a duration; ") && error.ends_with("or never"));
    }
}
