//! What happens at the broker, told in its order to whoever watches. It is the trace of a run: the
//! same seed tells the same.

use std::fmt::Debug;

use broker::{Append, AppendError, Seq, Start, StreamName, Subject};
use model::{Network, Timestamp};

/// One thing that happened at the broker, or on the way to it.
#[derive(Debug)]
pub enum Happening<'a> {
    /// A client made a connection; counted from 1.
    Connected(u64),
    /// The network of a client changed.
    Network(Network),
    /// The broker started or stopped.
    Up(bool),
    /// The broker does nothing for a while.
    Stalled,
    /// An append was decided.
    Appended {
        /// What was to be stored.
        append: &'a Append,
        /// What became of it.
        outcome: &'a Result<Seq, AppendError>,
    },
    /// Nobody heard what became of an append that was decided: its answer was lost, or came when its
    /// sender had given up.
    Unheard {
        /// What was to be stored.
        append: &'a Append,
        /// Whether it was.
        stored: bool,
    },
    /// An append was lost on its way, or has not arrived while its sender waited.
    Lost {
        /// What was to be stored.
        append: &'a Append,
    },
    /// A client began to read.
    Reads {
        /// What.
        stream: &'a StreamName,
        /// Which subjects of it.
        filters: &'a [Subject],
        /// From where.
        start: Start,
    },
    /// Records of a subject below a sequence were removed.
    Trimmed {
        /// Of this stream.
        stream: &'a StreamName,
        /// The subject.
        subject: &'a Subject,
        /// The first that may stay.
        below: Seq,
    },
}

/// Watches a broker. It is called while the broker is locked, so it must not ask it anything.
pub trait Observer: Debug + Send {
    /// Something happened at `at`, to or by `client`.
    fn observe(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>);
}
