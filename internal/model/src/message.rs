//! The message that producers send: two sequences, a timestamp, a weight and a checksum.
//!
//! On the wire it is one JSON object. The checksum is a CRC-32 over every other field, so that a
//! message which was changed on its way is *corrupt*, and one that was never ours is *foreign*.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::json::{self, Pieces, Scan};
use crate::{PartitionId, Timestamp, Weight};

/// Counts the messages of one partition: 1, 2, 3, …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionSeq(pub u64);

/// Counts the messages of one producer over all of its partitions: 1, 2, 3, …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerSeq(pub u64);

/// The name of a producer, such as `producer-3`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProducerId(pub String);

impl fmt::Display for ProducerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One message of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The partition it belongs to.
    pub partition: PartitionId,
    /// Its place among the messages of the partition.
    pub partition_seq: PartitionSeq,
    /// Who sent it.
    pub producer: ProducerId,
    /// Its place among the messages of the producer.
    pub producer_seq: ProducerSeq,
    /// When it was due to be sent, on the producer's clock.
    pub sent_at: Timestamp,
    /// The weight of the partition.
    pub weight: Weight,
}

/// Why a payload is not a message.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// Not in the message format at all: somebody else writes to the subject.
    #[error("foreign message: {0}")]
    Foreign(String),
    /// In the message format, but not what was sent.
    #[error("corrupt message: checksum {found:08x}, expected {expected:08x}")]
    Corrupt {
        /// The checksum of the fields as they arrived.
        expected: u32,
        /// The checksum that the message carries.
        found: u32,
    },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire<'a> {
    partition: PartitionId,
    partition_seq: PartitionSeq,
    producer: std::borrow::Cow<'a, str>,
    producer_seq: ProducerSeq,
    sent_at: Timestamp,
    weight: Weight,
    checksum: u32,
}

impl<'a> Wire<'a> {
    /// Reads what [`Message::encode`] writes, in its order and without blanks. Nearly every message is
    /// written so; `None` leaves the others to the parser, whatever they are.
    fn as_written(payload: &'a [u8]) -> Option<Self> {
        let mut text = Scan::new(payload);
        let wire = Self {
            partition: PartitionId(text.number("{\"partition\":")?),
            partition_seq: PartitionSeq(text.number(",\"partition_seq\":")?),
            producer: text.string(",\"producer\":")?.into(),
            producer_seq: ProducerSeq(text.number(",\"producer_seq\":")?),
            sent_at: Timestamp(text.number(",\"sent_at\":")?),
            weight: Weight(text.number(",\"weight\":")?),
            checksum: text.number(",\"checksum\":")?,
        };
        (text.rest() == b"}").then_some(wire)
    }
}

impl Message {
    /// The message as it is stored.
    pub fn encode(&self) -> Bytes {
        let write = |pieces: &mut Pieces<'_>| {
            pieces
                .number("{\"partition\":", self.partition.0)
                .number(",\"partition_seq\":", self.partition_seq.0)
                .string(",\"producer\":", &self.producer.0)
                .number(",\"producer_seq\":", self.producer_seq.0)
                .number(",\"sent_at\":", self.sent_at.0)
                .number(",\"weight\":", self.weight.0)
                .number(",\"checksum\":", self.checksum())
                .text("}");
            Ok(())
        };
        json::compose(write).expect("numbers and one string are always JSON")
    }

    /// Reads a stored message and verifies its checksum.
    pub fn decode(payload: &[u8]) -> Result<Self, MessageError> {
        let wire = match Wire::as_written(payload) {
            Some(wire) => wire,
            None => {
                json::decode(payload).map_err(|error| MessageError::Foreign(error.to_string()))?
            }
        };
        let message = Self {
            partition: wire.partition,
            partition_seq: wire.partition_seq,
            producer: ProducerId(wire.producer.into_owned()),
            producer_seq: wire.producer_seq,
            sent_at: wire.sent_at,
            weight: wire.weight,
        };
        let expected = message.checksum();
        if wire.checksum != expected {
            return Err(MessageError::Corrupt { expected, found: wire.checksum });
        }
        Ok(message)
    }

    fn checksum(&self) -> u32 {
        let mut crc = crc32fast::Hasher::new();
        // In one piece: small ones take as long.
        let mut numbers = [0; 32];
        numbers[..4].copy_from_slice(&self.partition.0.to_le_bytes());
        numbers[4..12].copy_from_slice(&self.partition_seq.0.to_le_bytes());
        numbers[12..20].copy_from_slice(&self.producer_seq.0.to_le_bytes());
        numbers[20..28].copy_from_slice(&self.sent_at.0.to_le_bytes());
        numbers[28..].copy_from_slice(&self.weight.0.to_le_bytes());
        crc.update(&numbers);
        crc.update(self.producer.0.as_bytes());
        crc.finalize()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message() -> Message {
        Message {
            partition: PartitionId(42),
            partition_seq: PartitionSeq(7),
            producer: ProducerId("producer-1".into()),
            producer_seq: ProducerSeq(99),
            sent_at: Timestamp(1_700_000_000_000_000),
            weight: Weight(100),
        }
    }

    #[test]
    fn a_message_survives_the_wire() {
        assert_eq!(Message::decode(&message().encode()), Ok(message()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_parser_does(
            (partition, partition_seq, producer_seq) in any::<(u32, u64, u64)>(),
            (sent_at, weight) in any::<(i64, u32)>(),
            producer in ".{0,12}",
            (at, byte) in any::<(prop::sample::Index, u8)>(),
            spoil in any::<bool>(),
        ) {
            let message = Message {
                partition: PartitionId(partition),
                partition_seq: PartitionSeq(partition_seq),
                producer: ProducerId(producer),
                producer_seq: ProducerSeq(producer_seq),
                sent_at: Timestamp(sent_at),
                weight: Weight(weight),
            };
            let mut payload = message.encode().to_vec();
            if spoil {
                *at.get_mut(&mut payload) = byte;
            }
            if let Some(wire) = Wire::as_written(&payload) {
                prop_assert_eq!(Some(wire), json::decode(&payload).ok());
            } else {
                let escaped = payload.contains(&b'\\');
                let is_long = partition_seq.max(producer_seq) >= 10_u64.pow(19);
                let is_usual = !spoil && sent_at >= 0 && !escaped && !is_long;
                prop_assert!(!is_usual, "left to the parser: {:?}", message);
            }
        }
    }

    #[test]
    fn numbers_are_those_of_the_parser() {
        let text = String::from_utf8(message().encode().to_vec()).unwrap();
        for (from, to) in [
            (":7,", ":07,"),
            (":7,", ":+7,"),
            (":7,", ":,"),
            (":7,", ":7.0,"),
            (":7,", ": 7,"),
            (":42,", ":4294967338,"),
            (":7,", ":18446744073709551623,"),
            (":1700000000000000", ":-1"),
            ("}", "} "),
            ("}", "}}"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from} must be in the message");
            assert_eq!(Wire::as_written(changed.as_bytes()), None, "{changed}");
        }
        assert_eq!(
            Wire::as_written(text.as_bytes()).map(|wire| wire.partition),
            Some(PartitionId(42)),
        );
        assert_eq!(Scan::new(b"x0,").number::<u32>("x"), Some(0));
        let (longest, longer) = (b"9999999999999999999,", b"10000000000000000000,");
        assert_eq!(Scan::new(longest).number::<u64>(""), Some(9_999_999_999_999_999_999));
        assert_eq!(Scan::new(longer).number::<u64>(""), None, "the parser sees whether it fits");
        assert_eq!(Scan::new(b"x0").number::<u32>("x"), None, "it may go on");
    }

    #[test]
    fn every_changed_field_is_corrupt() {
        let text = String::from_utf8(message().encode().to_vec()).unwrap();
        for (from, to) in [
            ("\"partition\":42", "\"partition\":43"),
            ("\"partition_seq\":7", "\"partition_seq\":8"),
            ("producer-1", "producer-2"),
            ("\"producer_seq\":99", "\"producer_seq\":98"),
            ("1700000000000000", "1700000000000001"),
            ("\"weight\":100", "\"weight\":101"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from} must be in the message");
            let answer = Message::decode(changed.as_bytes());
            assert!(matches!(answer, Err(MessageError::Corrupt { .. })), "{from}: {answer:?}");
        }
    }

    #[test]
    fn what_is_not_ours_is_foreign() {
        for payload in ["", "hello", "{}", "[1,2]", "{\"partition\":1}", "\u{0}\u{1}"] {
            let answer = Message::decode(payload.as_bytes());
            assert!(matches!(answer, Err(MessageError::Foreign(_))), "{payload:?}: {answer:?}");
        }
    }
}
