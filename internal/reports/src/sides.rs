//! What the two ends say of themselves. Reports are cumulative: a later one says all that an
//! earlier one said, so a lost report loses nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use model::{Durations, PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{Holder, Session};
use serde::{Deserialize, Serialize};

use crate::Range;

/// What a producer knows of its publishes. Acknowledgements are facts: those of an earlier life
/// stay when a later life reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProducerReport {
    /// Who reports.
    pub producer: ProducerId,
    /// Which life of it: 1, 2, 3, …
    pub session: u64,
    /// When it reported.
    pub at: Timestamp,
    /// What became of its publishes.
    pub partitions: BTreeMap<PartitionId, PartitionSent>,
    /// Publishes that were tried again.
    pub retries: u64,
    /// Publishes that the broker rejected for good.
    pub rejected: u64,
    /// Publishes that were in doubt and then found stored.
    pub recovered: u64,
    /// Messages that fell due while too many waited before them, and were never begun.
    #[serde(default)]
    pub shed: u64,
    /// From when each message fell due until it was known to be stored, in this life; absent where
    /// nobody measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishing: Option<Durations>,
    /// It will send nothing more.
    pub finished: bool,
}

/// What became of the publishes to one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionSent {
    /// Sequences that the broker acknowledged; usually `[1, n]`.
    pub acked: Vec<Range>,
    /// Sequences whose outcome nobody knows at the moment; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<Range>,
}

/// What one life of a worker did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// Who reports.
    pub member: MemberId,
    /// Which life of it.
    pub session: Session,
    /// When it reported.
    pub at: Timestamp,
    /// Times that the handler was called.
    pub attempts: u64,
    /// Times that the handler failed.
    pub failures: u64,
    /// Messages whose effect was refused.
    pub fenced: u64,
    /// The newest refused effects.
    pub fenced_last: Vec<Fenced>,
    /// Time spent in the handler; seconds on the wire.
    #[serde(with = "crate::seconds")]
    pub processing: Duration,
    /// The longest call of the handler; seconds on the wire.
    #[serde(with = "crate::seconds")]
    pub processing_max: Duration,
    /// How long each call of the handler took; absent where nobody measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub durations: Option<Durations>,
    /// This life is over.
    pub finished: bool,
}

/// An effect that the broker refused because somebody else holds the partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fenced {
    /// The partition.
    pub partition: PartitionId,
    /// How many messages the effect held.
    pub messages: u64,
    /// The claim under which it was made.
    pub claim: Seq,
    /// Who holds the partition instead, if it was looked up.
    pub lost_to: Option<Holder>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_list_is_read_and_not_written() {
        let nothing = PartitionSent { acked: vec![Range(1, 3)], in_doubt: vec![] };
        let text = r#"{"acked":[[1,3]]}"#;
        assert_eq!(serde_json::to_string(&nothing).unwrap(), text);
        for text in [text, r#"{"acked":[[1,3]],"in_doubt":[]}"#] {
            assert_eq!(serde_json::from_str::<PartitionSent>(text).unwrap(), nothing);
        }
        let doubt = PartitionSent { in_doubt: vec![Range(4, 4)], ..nothing };
        let text = serde_json::to_string(&doubt).unwrap();
        assert_eq!(text, r#"{"acked":[[1,3]],"in_doubt":[[4,4]]}"#);
        assert_eq!(serde_json::from_str::<PartitionSent>(&text).unwrap(), doubt);
    }
}
