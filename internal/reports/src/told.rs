//! What a consumer says in the ledger when nothing fences it: it tells, and nobody can refuse.
//!
//! A consumer writes that it is *done* before it acknowledges the message: what it did counts even if
//! the acknowledgement is lost. That is at-least-once.

use broker::Seq;
use parti::MemberId;
use parti::records::{Epoch, Session};
use serde::{Deserialize, Serialize};

use crate::Output;

/// A record on the chain of one partition that was stored without an expectation.
///
/// `number` counts the records of one life on one partition: 1, 2, 3, … A record that is written again
/// because its answer was lost carries the same number, and counts once. 0 is no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToldRecord {
    /// A member begins to consume the partition.
    Owned {
        /// The member.
        member: MemberId,
        /// Its life. No two members share one.
        session: Session,
        /// See above.
        #[serde(default)]
        number: u64,
        /// The epoch of the grant that it follows, if there is one.
        #[serde(default)]
        epoch: Epoch,
        /// How far the consumer that delivers to it was when the partition was added to it: what lies
        /// up to here in the stream of messages is never delivered for the first time. Absent if it
        /// begins where the partition's last one stood.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<Seq>,
    },
    /// It handled messages, and is about to acknowledge them.
    Done {
        /// The member.
        member: MemberId,
        /// Its life.
        session: Session,
        /// See above.
        #[serde(default)]
        number: u64,
        /// The newest of these messages: its sequence in the stream of messages. The record is judged
        /// once everything up to it was read; 0 if nobody knows, and it is judged as it comes.
        #[serde(default)]
        message: Seq,
        /// What became of each message, in order.
        outputs: Vec<Output>,
    },
    /// It consumes the partition no more.
    Released {
        /// The member.
        member: MemberId,
        /// Its life.
        session: Session,
        /// See above.
        #[serde(default)]
        number: u64,
    },
}

impl ToldRecord {
    /// Who says it, in which life, and which of its records it is.
    pub fn teller(&self) -> (&MemberId, Session, u64) {
        match self {
            Self::Owned { member, session, number, .. }
            | Self::Done { member, session, number, .. }
            | Self::Released { member, session, number } => (member, *session, *number),
        }
    }

    /// Up to where the stream of messages has to be read before this can be judged.
    pub fn message(&self) -> Seq {
        match self {
            Self::Owned { position, .. } => position.unwrap_or_default(),
            Self::Done { message, .. } => *message,
            Self::Released { .. } => Seq::NONE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_need_not_be_said_may_be_left_out() {
        let text = r#"{"kind":"owned","member":"w","session":3}"#;
        let read: ToldRecord = serde_json::from_str(text).unwrap();
        let member = MemberId::new("w").unwrap();
        assert_eq!(read.teller(), (&member, Session(3), 0));
        assert_eq!(read.message(), Seq::NONE);
        let text = r#"{"kind":"done","member":"w","session":3,"outputs":[17,"corrupt"]}"#;
        let read: ToldRecord = serde_json::from_str(text).unwrap();
        assert!(matches!(&read, ToldRecord::Done { outputs, .. } if outputs.len() == 2));
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<ToldRecord>(&again).unwrap(), read);
        assert!(serde_json::from_str::<ToldRecord>(r#"{"kind":"claim"}"#).is_err());
    }
}
