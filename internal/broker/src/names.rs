//! Names of streams and subjects, and the sequence that numbers records.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Numbers the records of a stream: 1, 2, 3, … Zero stands for "no record".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// No record at all.
    pub const NONE: Seq = Seq(0);

    /// The sequence after this one.
    pub fn next(self) -> Seq {
        Seq(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Why a name was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no {what}: {rule}")]
pub struct NameError {
    what: &'static str,
    name: String,
    rule: &'static str,
}

/// The name of a stream. Clones share their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// Takes letters, digits, `-` and `_`.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        let fits = !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if fits {
            return Ok(Self(name.into()));
        }
        Err(NameError { what: "stream name", name, rule: "use letters, digits, '-' and '_'" })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Names a record, so that the broker knows it when it comes again. Clones share their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MessageId(Arc<str>);

impl MessageId {
    /// Takes printable ASCII without blanks.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(name.into()));
        }
        Err(NameError { what: "message id", name, rule: "use printable characters without blanks" })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subject, or a filter over subjects: tokens separated by dots. Clones share their text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(Arc<str>);

impl Subject {
    /// Takes non-empty tokens of printable ASCII without blanks, separated by dots.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        if are_tokens(&name) {
            return Ok(Self(name.into()));
        }
        Err(NameError {
            what: "subject",
            name,
            rule: "use tokens of printable characters, separated by single dots",
        })
    }

    /// The subject `self.token`.
    ///
    /// # Panics
    ///
    /// If `token` is not a token; callers pass numbers and names that were validated.
    #[must_use]
    pub fn child(&self, token: impl fmt::Display) -> Subject {
        let name = format!("{}.{token}", self.0);
        assert!(
            are_tokens(&name[self.0.len() + 1..]),
            "{name}: the token is validated by its type"
        );
        Self(name.into())
    }

    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this filter takes `subject`: `*` stands for one token, a final `>` for one or more.
    pub fn takes(&self, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for wanted in self.0.split('.') {
            match (wanted, tokens.next()) {
                (">", token) => return token.is_some(),
                ("*", Some(_)) => {}
                (wanted, Some(token)) if wanted == token => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }

    /// What follows the last dot.
    pub fn leaf(&self) -> &str {
        self.0.rsplit('.').next().unwrap_or(&self.0)
    }
}

/// Whether these are non-empty tokens of printable ASCII without blanks, separated by dots.
fn are_tokens(name: &str) -> bool {
    let ends = name.is_empty() || name.starts_with('.') || name.ends_with('.');
    !ends && !name.contains("..") && name.bytes().all(|byte| byte.is_ascii_graphic())
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        assert!(StreamName::new("sim_LEDGER-1").is_ok());
        for bad in ["", "a b", "a.b", "a*"] {
            assert!(StreamName::new(bad).is_err(), "{bad:?}");
        }
        assert!(Subject::new("$KV.sim.member.*").is_ok());
        for bad in ["", "a..b", ".a", "a.", "a b"] {
            assert!(Subject::new(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Subject::new("a.b").unwrap().child(7).leaf(), "7");
        assert!(MessageId::new("producer-1/7:4711").is_ok());
        for bad in ["", "a b", "a\r\nX: b", "\u{e9}"] {
            assert!(MessageId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn children_are_as_good_as_subjects() {
        let parent = Subject::new("a.b").unwrap();
        for token in ["7", "*", ">", "w-1", "c.d"] {
            assert_eq!(parent.child(token), Subject::new(format!("a.b.{token}")).unwrap());
        }
        for bad in ["", ".", "c.", ".c", "c..d", "a b", "\u{e9}", "\n"] {
            let made = std::panic::catch_unwind(|| parent.child(bad));
            assert!(made.is_err(), "{bad:?}");
        }
    }
}
