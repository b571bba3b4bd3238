//! What other programs write: the little that is known of any group of consumers, in plain words.
//!
//! Everything that can be left out is filled in by the [`Clerk`](crate::clerk::Clerk).

use broker::Seq;
use coordinator::{Fault, FaultKind, Range};
use model::{PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use serde::Deserialize;

/// A line of another program.
#[derive(Clone, Debug, PartialEq)]
pub enum Simple {
    /// The broker acknowledged messages to their producer.
    Sent(Sent),
    /// A message is in the log.
    Stored(Stored),
    /// A member begins to consume a partition.
    Owned(Whose),
    /// A member has done messages.
    Done(Done),
    /// A member consumes a partition no more.
    Released(Whose),
    /// Somebody was hit by something.
    Fault(Hit),
}

/// The broker acknowledged messages to their producer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sent {
    pub partition: PartitionId,
    pub seq: u64,
    /// The last one, if they are several.
    pub to: Option<u64>,
    #[serde(default = "nobody")]
    pub producer: ProducerId,
    #[serde(default)]
    pub at: Timestamp,
}

/// A message is in the log.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Stored {
    pub partition: PartitionId,
    pub seq: u64,
    /// Its place in the log; without it, after the one before.
    #[serde(default)]
    pub pos: Seq,
    #[serde(default = "nobody")]
    pub producer: ProducerId,
    #[serde(default)]
    pub at: Timestamp,
    /// Whose message it is, if not that partition's.
    pub of: Option<PartitionId>,
}

/// A member, and what it has or had.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Whose {
    pub partition: PartitionId,
    pub member: MemberId,
    /// Which life of it.
    #[serde(default)]
    pub session: u64,
    #[serde(default)]
    pub at: Timestamp,
}

/// A member has done messages.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Done {
    pub partition: PartitionId,
    pub member: MemberId,
    pub seq: u64,
    /// The last one, if they are several.
    pub to: Option<u64>,
    /// Which life of it.
    #[serde(default)]
    pub session: u64,
    #[serde(default)]
    pub at: Timestamp,
}

/// Somebody was hit by something.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Hit {
    /// What a run itself records; nothing else is looked at then.
    pub fault: Option<Fault>,
    #[serde(default)]
    pub at: Timestamp,
    /// What it does to its target.
    #[serde(default = "other")]
    pub what: FaultKind,
    /// Whom it hit: a member's name.
    #[serde(default)]
    pub target: String,
    /// Its name, if it has one of its own.
    pub event: Option<String>,
    /// When it was over, if it lasted.
    pub until: Option<Timestamp>,
}

fn nobody() -> ProducerId {
    ProducerId("producer".into())
}

fn other() -> FaultKind {
    FaultKind::Other
}

/// Messages that one line may name: a longer run takes several.
pub(crate) const RUN_MAX: u64 = 100_000;

/// From the first to the last, both included.
pub(crate) fn run(seq: u64, to: Option<u64>) -> Result<Range, String> {
    let range = Range(seq, to.unwrap_or(seq));
    match range.count() {
        1..=RUN_MAX => Ok(range),
        _ => Err(format!("seq {seq} to {} is no run of 1 to {RUN_MAX} messages", range.1)),
    }
}

impl Simple {
    /// When it was, if it says so.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Sent(sent) => sent.at,
            Self::Stored(stored) => stored.at,
            Self::Owned(whose) | Self::Released(whose) => whose.at,
            Self::Done(done) => done.at,
            Self::Fault(hit) => hit.at,
        }
    }

    /// Reads a line of this `kind`; `None` if there is no such kind.
    pub(crate) fn read(kind: &str, line: &[u8]) -> Option<serde_json::Result<Self>> {
        Some(match kind {
            "sent" => serde_json::from_slice(line).map(Self::Sent),
            "stored" => serde_json::from_slice(line).map(Self::Stored),
            "owned" => serde_json::from_slice(line).map(Self::Owned),
            "done" => serde_json::from_slice(line).map(Self::Done),
            "released" => serde_json::from_slice(line).map(Self::Released),
            "fault" => serde_json::from_slice(line).map(Self::Fault),
            _ => return None,
        })
    }
}
