//! The name of a member. It outlives a session: a member that comes back under its own name gets
//! its partitions back. Because it becomes a token of subjects and keys, it is checked once, here.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The name of a member of a group, such as `worker-3`.
///
/// 1 to 64 ASCII letters, digits, `-` and `_`. Clones share the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct MemberId(Arc<str>);

/// Why a text names no member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no member: use 1 to {max} letters, digits, '-' and '_'", max = MemberId::LEN_MAX)]
pub struct MemberIdError(String);

impl MemberId {
    /// The longest name, in bytes.
    pub const LEN_MAX: usize = 64;

    /// Takes 1 to 64 ASCII letters, digits, `-` and `_`.
    ///
    /// # Errors
    ///
    /// [`MemberIdError`] for anything else.
    pub fn new(name: impl Into<String>) -> Result<Self, MemberIdError> {
        let name = name.into();
        if is_name(&name) { Ok(Self(name.into())) } else { Err(MemberIdError(name)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    (1..=MemberId::LEN_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl fmt::Display for MemberId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for MemberId {
    type Err = MemberIdError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if is_name(name) { Ok(Self(name.into())) } else { Err(MemberIdError(name.to_owned())) }
    }
}

impl TryFrom<String> for MemberId {
    type Error = MemberIdError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::new(name)
    }
}

impl From<MemberId> for String {
    fn from(id: MemberId) -> Self {
        id.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_are_names() {
        for good in ["a", "worker-3", "A_b-9", &"x".repeat(64)] {
            assert_eq!(MemberId::new(good).unwrap().to_string(), good);
        }
        for bad in ["", "a.b", "a b", "a*", ">", "é", "a\n", &"x".repeat(65)] {
            assert!(MemberId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn json_is_the_bare_name_and_is_checked() {
        let id = MemberId::new("worker-3").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"worker-3\"");
        assert_eq!(serde_json::from_str::<MemberId>("\"worker-3\"").unwrap(), id);
        let error = serde_json::from_str::<MemberId>("\"worker.3\"").unwrap_err();
        assert!(error.to_string().contains("names no member"), "{error}");
    }
}
