//! The things that are planned to happen.

use std::sync::Arc;

use tokio::time::Instant;

use crate::connection::Connection;
use crate::exchange::Asked;
use crate::reader::Following;

/// One thing that is planned to happen.
pub(crate) enum Event {
    /// Requests of a connection arrive at the broker.
    Requests(Arc<Connection>),
    /// A single request arrives, long after it was given up.
    Late(Arc<Connection>, Arc<dyn Asked>),
    /// An answer arrives at the one who asked.
    Answer(Arc<Connection>, Arc<dyn Asked>),
    /// An answer is not waited for any longer.
    GivenUp(Arc<dyn Asked>),
    /// There may be something for a reader at the broker.
    News(Arc<Following>),
    /// What is on its way to a reader arrives.
    Records(Arc<Following>),
}

impl Event {
    /// It happens, `now`.
    pub(crate) fn happen(self, now: Instant) {
        match self {
            Self::Requests(connection) => connection.arrive(now),
            Self::Late(connection, asked) => asked.arrive(&mut connection.broker.state(), now),
            Self::Answer(connection, asked) => connection.hear(asked),
            Self::GivenUp(asked) => asked.end(),
            Self::News(reader) => reader.look(now),
            Self::Records(reader) => reader.arrive(now),
        }
    }
}
