//! The records of the protocol, as they are stored: JSON, so that anybody can read them with the
//! broker's own tools.
//!
//! The ledger holds, per partition, one chain of [`LedgerRecord`]s. Each is appended only if the
//! chain's last record is still the one its writer has seen, so a claim by somebody else makes every
//! later append of the old owner fail.

mod flat;
mod signs;

use broker::Seq;
use model::json::{self, Pieces, Scan};
use serde::{Deserialize, Serialize};

pub use self::signs::Signs;
use crate::{MemberId, PartitionSet};

/// A leader's reign: the sequence of the record by which it took office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Term(pub u64);

/// The version of the assignment; rises with every change, within a term and across terms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// One life of a member: the sequence of the record by which it joined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Session(pub u64);

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeaderRecord {
    /// A member took office; its term is the sequence of this record.
    Elected {
        /// The new leader.
        member: MemberId,
        /// Its life.
        session: Session,
    },
    /// The leader stepped down; anybody may follow at once.
    Vacant {
        /// The term that ended.
        term: Term,
    },
}

/// The leader's sign of life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaderBeat {
    /// The leader's term.
    pub term: Term,
    /// Counts the signs of life of the term.
    pub beat: u64,
}

/// What a member says of itself, or the leader of a silent one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "flat::Member")]
pub enum MemberRecord {
    /// A new life begins; its session is the sequence of this record. It acts on the grant of
    /// `acked`.
    Joined {
        /// The newest epoch that the member has seen of its grant.
        acked: Epoch,
        /// The first life in the same seat; absent if it is this one. A seat lasts until a life
        /// leaves or is taken for dead.
        #[serde(skip_serializing_if = "Option::is_none")]
        seat: Option<Session>,
    },
    /// A sign of life.
    Alive {
        /// The life.
        session: Session,
        /// The first life in the same seat.
        seat: Session,
        /// The member has let go of everything that its grant of this epoch does not hold.
        acked: Epoch,
        /// How many partitions it owns (claimed and reading).
        owned: u32,
    },
    /// The member left and owns nothing any more.
    Left {
        /// The life that ended.
        session: Session,
    },
    /// The leader saw no sign of life for the lease.
    Expired {
        /// The life that ended, if it ever gave a sign of life beyond its first.
        session: Session,
        /// Whose verdict it is.
        term: Term,
    },
}

/// What a member may own. A partition is in one grant at the most.
///
/// It is given to a life and to those that follow in its seat. A leader that has not heard yet that a
/// life ended gives to the dead: whoever begins anew under the name gets nothing by that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The term it was given in.
    pub term: Term,
    /// Its version.
    pub epoch: Epoch,
    /// The life that it is given to.
    #[serde(default)]
    pub session: Session,
    /// The partitions.
    pub partitions: PartitionSet,
}

impl Grant {
    /// Whether it takes the place of `other`, whichever of the two was stored first.
    pub fn is_newer_than(&self, other: &Grant) -> bool {
        (self.term, self.epoch) > (other.term, other.epoch)
    }
}

/// Why and how far the assignment changed: written once for each change of membership.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The term it was made in.
    pub term: Term,
    /// The first epoch that carries it out.
    pub epoch: Epoch,
    /// The leader that made it.
    pub leader: MemberId,
    /// Members that came since the plan before.
    pub joined: Vec<MemberId>,
    /// Members that left.
    pub left: Vec<MemberId>,
    /// Members that fell silent.
    pub expired: Vec<MemberId>,
    /// How many members share the partitions now.
    pub members: u32,
    /// Partitions whose target differs from their owner.
    pub moved: u64,
    /// How many of them had to: a lower bound for this change.
    pub needed: u64,
    /// The weight of the partitions that move.
    pub moved_weight: u64,
    /// How much of it had to: a lower bound for this change, and the one to judge by.
    pub needed_weight: u64,
}

/// What all members of a group must agree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The number of partitions.
    pub partitions: u32,
}

/// Who made a ledger record, and under which grant. Orders claims: later holders are greater.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    /// The term of the grant.
    pub term: Term,
    /// The epoch of the grant.
    pub epoch: Epoch,
    /// The life of the member.
    pub session: Session,
    /// The member.
    pub member: MemberId,
}

/// A record in the chain of one partition. `O` is what the handler returns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", try_from = "flat::Ledger<O>")]
pub enum LedgerRecord<O> {
    /// A new owner took the partition; the sequence of this record is its fencing token.
    Claim {
        /// The new owner.
        holder: Holder,
        /// Everything up to this message (its sequence in the stream of messages) is done.
        through: Seq,
    },
    /// The owner processed messages.
    Effect {
        /// The owner.
        holder: Holder,
        /// The sequence of its claim.
        claim: Seq,
        /// Everything up to this message is done.
        through: Seq,
        /// What the handler returned for each message, in order.
        outputs: Vec<O>,
    },
    /// The owner let go of its own accord.
    Release {
        /// The owner.
        holder: Holder,
        /// The sequence of its claim.
        claim: Seq,
        /// Everything up to this message is done.
        through: Seq,
    },
}

impl<O> LedgerRecord<O> {
    /// Who made it.
    pub fn holder(&self) -> &Holder {
        match self {
            Self::Claim { holder, .. }
            | Self::Effect { holder, .. }
            | Self::Release { holder, .. } => holder,
        }
    }

    /// Up to which message (sequence in the stream of messages) the partition is done.
    pub fn through(&self) -> Seq {
        match self {
            Self::Claim { through, .. }
            | Self::Effect { through, .. }
            | Self::Release { through, .. } => *through,
        }
    }
}

/// Nearly all records of a ledger are effects. They are put together, and read as they were put together;
/// the other ones, and those that somebody else wrote, are left to the serializer and to the parser.
impl<O> LedgerRecord<O> {
    /// Writes it down, as JSON.
    ///
    /// # Errors
    ///
    /// If an output has none: a map whose keys are no texts.
    pub fn write(&self, pieces: &mut Pieces<'_>) -> Result<(), json::Error>
    where
        O: Serialize,
    {
        let Self::Effect { holder, claim, through, outputs } = self else {
            return pieces.value("", self).map(|_| ());
        };
        pieces
            .number("{\"kind\":\"effect\",\"holder\":{\"term\":", holder.term.0)
            .number(",\"epoch\":", holder.epoch.0)
            .number(",\"session\":", holder.session.0)
            .string(",\"member\":", holder.member.as_str())
            .number("},\"claim\":", claim.0)
            .number(",\"through\":", through.0)
            .value(",\"outputs\":", outputs)?
            .text("}");
        Ok(())
    }

    /// As it is stored.
    pub fn encode(&self) -> bytes::Bytes
    where
        O: Serialize,
    {
        json::compose(|pieces| self.write(pieces)).expect("protocol records have string keys only")
    }

    /// Reads a stored record.
    ///
    /// # Errors
    ///
    /// [`ForeignRecord`] if it is none.
    pub fn decode<'a>(record: &'a broker::Record) -> Result<Self, ForeignRecord>
    where
        O: Deserialize<'a>,
    {
        Self::effect_as_written(&record.payload).map_or_else(|| decode(record), Ok)
    }

    fn effect_as_written<'a>(payload: &'a [u8]) -> Option<Self>
    where
        O: Deserialize<'a>,
    {
        let mut text = Scan::new(payload);
        let holder = Holder {
            term: Term(text.number("{\"kind\":\"effect\",\"holder\":{\"term\":")?),
            epoch: Epoch(text.number(",\"epoch\":")?),
            session: Session(text.number(",\"session\":")?),
            member: text.string(",\"member\":")?.parse().ok()?,
        };
        let claim = Seq(text.number("},\"claim\":")?);
        let through = Seq(text.number(",\"through\":")?);
        text.skip(",\"outputs\":")?;
        let outputs = json::decode(text.rest().strip_suffix(b"}")?).ok()?;
        Some(Self::Effect { holder, claim, through, outputs })
    }
}

/// A stored record that does not read as what its subject should hold.
#[derive(Debug, thiserror::Error)]
#[error("record {seq} on {subject} is not one of the protocol's: {detail}")]
pub struct ForeignRecord {
    /// Where it stands.
    pub subject: broker::Subject,
    /// Its sequence.
    pub seq: Seq,
    /// What the parser says.
    pub detail: String,
}

/// Reads a stored record.
pub fn decode<'a, T: Deserialize<'a>>(record: &'a broker::Record) -> Result<T, ForeignRecord> {
    model::json::decode(&record.payload).map_err(|error| ForeignRecord {
        subject: record.subject.clone(),
        seq: record.seq,
        detail: error.to_string(),
    })
}

/// A record as it is stored.
pub fn encode<T: Serialize>(record: &T) -> bytes::Bytes {
    model::json::encode(record).expect("protocol records have string keys only")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn holders_rise_with_term_then_epoch_then_session() {
        let holder = |term, epoch, session, member: &str| Holder {
            term: Term(term),
            epoch: Epoch(epoch),
            session: Session(session),
            member: MemberId::new(member).unwrap(),
        };
        let rising = [holder(1, 9, 9, "z"), holder(2, 1, 9, "y"), holder(2, 2, 1, "x")];
        assert!(rising.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn effects_are_plain_json() {
        let effect = LedgerRecord::Effect {
            holder: Holder {
                term: Term(1),
                epoch: Epoch(2),
                session: Session(3),
                member: MemberId::new("w").unwrap(),
            },
            claim: Seq(4),
            through: Seq(9),
            outputs: vec![5, 6],
        };
        let text = String::from_utf8(effect.encode().to_vec()).unwrap();
        assert_eq!(
            text,
            "{\"kind\":\"effect\",\"holder\":{\"term\":1,\"epoch\":2,\"session\":3,\"member\":\"w\"},\
             \"claim\":4,\"through\":9,\"outputs\":[5,6]}"
        );
        assert_eq!(serde_json::from_str::<LedgerRecord<u64>>(&text).unwrap(), effect);
    }

    /// Every kind, with names and outputs that a writer by hand could get wrong.
    fn records() -> impl Strategy<Value = LedgerRecord<String>> {
        let numbers = (any::<[u64; 5]>(), "[A-Za-z0-9_-]{1,9}", 0..3_u8);
        (numbers, prop::collection::vec(".{0,4}", 0..3)).prop_map(
            |((numbers, name, kind), outputs)| {
                // Longer numbers are left to the parser.
                let [term, epoch, session, claim, through] = numbers.map(|number| number / 10);
                let holder = Holder {
                    term: Term(term),
                    epoch: Epoch(epoch),
                    session: Session(session),
                    member: MemberId::new(name).unwrap(),
                };
                let (claim, through) = (Seq(claim), Seq(through));
                match kind {
                    0 => LedgerRecord::Claim { holder, through },
                    1 => LedgerRecord::Release { holder, claim, through },
                    _ => LedgerRecord::Effect { holder, claim, through, outputs },
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_put_together_is_what_the_serializer_writes(record in records()) {
            prop_assert_eq!(&record.encode(), &encode(&record));
            let read = LedgerRecord::<String>::effect_as_written(&record.encode());
            let is_effect = matches!(record, LedgerRecord::Effect { .. });
            prop_assert_eq!(read, is_effect.then_some(record));
        }

        #[test]
        fn what_is_read_as_written_is_what_the_parser_reads(
            record in records(),
            (at, byte) in any::<(prop::sample::Index, u8)>(),
        ) {
            let mut payload = record.encode().to_vec();
            *at.get_mut(&mut payload) = byte;
            if let Some(read) = LedgerRecord::<String>::effect_as_written(&payload) {
                prop_assert_eq!(Some(read), json::decode(&payload).ok());
            }
        }
    }
}
