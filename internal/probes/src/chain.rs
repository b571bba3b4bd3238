//! What the ledger and the messages tell of one partition.

use broker::Seq;
use model::Timestamp;
use parti::records::Holder;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// What a record of the ledger is, by its first bytes: most are effects, and need no further look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    Claim,
    Effect,
    Release,
    /// No record of the protocol, or none at all.
    #[default]
    Foreign,
}

impl Kind {
    pub(crate) fn of(payload: &[u8]) -> Self {
        let Some(rest) = payload.strip_prefix(b"{\"kind\":\"") else { return Self::Foreign };
        match rest {
            [b'c', b'l', ..] => Self::Claim,
            [b'e', b'f', ..] => Self::Effect,
            [b'r', b'e', ..] => Self::Release,
            _ => Self::Foreign,
        }
    }
}

/// A partition.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    /// Who claimed it last.
    pub(crate) holder: Option<Holder>,
    /// By this record.
    pub(crate) claim: Seq,
    /// What the chain's last record is.
    pub(crate) head: Kind,
    /// When another member claimed it than before.
    pub(crate) moved_at: Option<Timestamp>,
    /// Its new owner has yet to record the first of what was stored before its claim.
    pub(crate) behind: bool,
    /// Its last message.
    pub(crate) message: Seq,
    /// A message that was stored, and whose producer did not hear it.
    pub(crate) unheard: Option<Seq>,
    /// A message was in doubt when the broker was down.
    pub(crate) outage: bool,
}

/// Whether an effect is of several messages. Its outputs come last; those of the simulation are
/// numbers, which are told apart from behind.
pub(crate) fn is_batch(effect: &[u8]) -> bool {
    let numbers = effect.strip_suffix(b"]}").unwrap_or(effect);
    match numbers.iter().rev().find(|byte| !byte.is_ascii_digit()) {
        Some(b',') => true,
        Some(b'[') => false,
        _ => outputs(effect) > 1,
    }
}

fn outputs(effect: &[u8]) -> usize {
    #[derive(Deserialize)]
    struct Outputs {
        outputs: Vec<IgnoredAny>,
    }
    serde_json::from_slice::<Outputs>(effect).map_or(0, |effect| effect.outputs.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_counted_whatever_they_are() {
        for (outputs, several) in [
            ("[]", false),
            ("[5]", false),
            ("[5,6]", true),
            ("[[5,6]]", false),
            ("[\"a,b\"]", false),
            ("[\"a\",\"b\"]", true),
            ("[null,null]", true),
        ] {
            let effect = format!("{{\"kind\":\"effect\",\"through\":3,\"outputs\":{outputs}}}");
            assert_eq!(is_batch(effect.as_bytes()), several, "{outputs}");
        }
    }
}
