//! The classes of anomalies, and the rules whose breach is one.

use serde::{Deserialize, Serialize};

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Acknowledged to a producer, yet not stored.
    LostByBroker,
    /// Given a number by its producer, and never stored though later ones are.
    LostByProducer,
    /// Stored, and no effect after the drain.
    LostInDelivery,
    /// A second accepted effect of one message, or a message stored twice.
    Duplicate,
    /// An effect below an earlier one of its partition.
    OutOfOrder,
    /// An effect of a message that was never sent.
    Unexpected,
    /// An effect that was there before its message can have been processed.
    Unprocessed,
    /// A stored message that is not what was sent, or not where it was sent.
    Corrupt,
    /// Two live members owned one partition.
    TwoOwners,
    /// A claim or an acknowledgement under an older epoch than one that was already acted on.
    StaleEpoch,
    /// A partition had no owner for longer than the bound.
    Unowned,
    /// A partition moved though neither its owner nor the balance asked for it.
    NeedlessMove,
    /// Messages were still on their way when the bound for draining had passed.
    Undrained,
}

impl Class {
    /// Every class, in the order of reports.
    pub const ALL: [Class; 13] = [
        Self::LostByBroker,
        Self::LostByProducer,
        Self::LostInDelivery,
        Self::Duplicate,
        Self::OutOfOrder,
        Self::Unexpected,
        Self::Unprocessed,
        Self::Corrupt,
        Self::TwoOwners,
        Self::StaleEpoch,
        Self::Unowned,
        Self::NeedlessMove,
        Self::Undrained,
    ];

    /// The class in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::LostByBroker => "lost by the broker",
            Self::LostByProducer => "lost by its producer",
            Self::LostInDelivery => "lost in delivery",
            Self::Duplicate => "duplicate",
            Self::OutOfOrder => "out of order",
            Self::Unexpected => "unexpected",
            Self::Unprocessed => "unprocessed",
            Self::Corrupt => "corrupt",
            Self::TwoOwners => "two owners",
            Self::StaleEpoch => "stale epoch",
            Self::Unowned => "unowned",
            Self::NeedlessMove => "needless move",
            Self::Undrained => "not drained",
        }
    }

    /// Whether it stands against liveness; every other class stands against correctness.
    pub fn is_liveness(self) -> bool {
        matches!(self, Self::Unowned | Self::Undrained)
    }
}

/// The rule that was broken: which check found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// What was acknowledged is stored.
    AckedIsStored,
    /// The messages of a partition are numbered without gaps.
    Numbered,
    /// The payload of a stored message is what was sent, where it was sent.
    Intact,
    /// A message is stored once, and in order.
    StoredOnce,
    /// What is done was sent.
    DoneWasSent,
    /// What was sent is done after the drain.
    Drains,
    /// A message is done again, or late, only where a fault explains it.
    Explained,
    /// An effect comes no sooner than its handler can have finished.
    Processed,
    /// A member's records are those of one life after the other: nothing of a life follows its end.
    OneLife,
    /// What a leader writes stands under the newest term.
    Term,
    /// Effects of a partition are contiguous, without repeats.
    I1,
    /// Each effect was made under the newest claim.
    I2,
    /// Claims of a partition rise in term, epoch and session.
    I3,
    /// A partition is granted, and claimed, only when no live member holds it.
    I4,
    /// A member acts on the newest epoch that it has seen.
    I5,
    /// Every partition is owned, but for a bounded time after a fault.
    I6,
    /// A change moves no partition that it need not move.
    I7,
}
