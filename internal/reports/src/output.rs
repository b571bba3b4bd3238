//! What the worker's handler answers for each message, as it stands in an effect.

use std::fmt;

use model::PartitionSeq;
use serde::de::value::StrDeserializer;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The answer for one message: a number or a word, so that an effect of twenty messages stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Output {
    /// A good message was processed: its place in its partition.
    Done(PartitionSeq),
    /// A payload that is no good message was passed over.
    Unreadable(Unreadable),
}

/// Why a payload was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreadable {
    /// Not what was sent: its checksum is wrong, or it stands on another partition's subject.
    Corrupt,
    /// Not in the format of a message.
    Foreign,
}

/// Number or word is told by how it begins; an untagged one would be copied before it is read.
impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NumberOrWord)
    }
}

struct NumberOrWord;

impl Visitor<'_> for NumberOrWord {
    type Value = Output;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence, or why there is none")
    }

    fn visit_u64<E: Error>(self, seq: u64) -> Result<Output, E> {
        Ok(Output::Done(PartitionSeq(seq)))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Output, E> {
        Unreadable::deserialize(StrDeserializer::new(word)).map(Output::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_numbers_and_words() {
        let outputs = vec![
            Output::Done(PartitionSeq(7)),
            Output::Unreadable(Unreadable::Corrupt),
            Output::Unreadable(Unreadable::Foreign),
        ];
        let text = serde_json::to_string(&outputs).unwrap();
        assert_eq!(text, "[7,\"corrupt\",\"foreign\"]");
        assert_eq!(serde_json::from_str::<Vec<Output>>(&text).unwrap(), outputs);
        for bad in ["\"lost\"", "-1", "1.5", "null", "[7]", "{\"corrupt\":null}"] {
            assert!(serde_json::from_str::<Output>(bad).is_err(), "{bad}");
        }
    }
}
