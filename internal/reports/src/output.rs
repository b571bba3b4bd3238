//! What the worker's handler answers for each message, as it stands in an effect.

use model::PartitionSeq;
use serde::{Deserialize, Serialize};

/// The answer for one message: a number or a word, so that an effect of twenty messages stays small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        assert!(serde_json::from_str::<Output>("\"lost\"").is_err());
    }
}
