//! The append, and what must hold when it is stored.

use bytes::Bytes;

use crate::{MessageId, Seq, StreamName, Subject};

/// A record to be stored.
#[derive(Clone, Debug)]
pub struct Append {
    /// The stream that takes it.
    pub stream: StreamName,
    /// The subject it is stored under.
    pub subject: Subject,
    /// What is stored.
    pub payload: Bytes,
    /// What must hold when it is stored; `None` stores it in any case.
    pub expect: Option<Expect>,
    /// A name by which the broker knows it again, for as long as
    /// [`StreamSpec::duplicate_window`](crate::StreamSpec) says.
    pub id: Option<MessageId>,
}

/// "The last record of `subject` is `seq`", checked by the broker in the same step as the append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// A subject of the same stream.
    pub subject: Subject,
    /// The sequence of its last record; [`Seq::NONE`] if it must have none.
    pub seq: Seq,
}

impl Append {
    /// An append under no condition.
    pub fn new(stream: StreamName, subject: Subject, payload: impl Into<Bytes>) -> Self {
        Self { stream, subject, payload: payload.into(), expect: None, id: None }
    }

    /// The same, only if the last record of its own subject is `seq`.
    #[must_use]
    pub fn after(mut self, seq: Seq) -> Self {
        self.expect = Some(Expect { subject: self.subject.clone(), seq });
        self
    }

    /// The same, only if the last record of `subject` is `seq`.
    #[must_use]
    pub fn under(mut self, subject: Subject, seq: Seq) -> Self {
        self.expect = Some(Expect { subject, seq });
        self
    }

    /// The same, only if the broker remembers no record of this name.
    #[must_use]
    pub fn once(mut self, id: MessageId) -> Self {
        self.id = Some(id);
        self
    }
}
