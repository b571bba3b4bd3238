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
    Answer(Answer),
    /// An answer is not waited for any longer.
    GivenUp(Arc<dyn Asked>),
    /// There may be something for a reader at the broker.
    News(Arc<Following>),
    /// What is on its way to a reader arrives.
    Records(Arc<Following>),
}

/// An answer on its way.
pub(crate) struct Answer {
    pub(crate) connection: Arc<Connection>,
    pub(crate) asked: Arc<dyn Asked>,
    /// How often the connection had been broken when it was sent.
    pub(crate) breaks: u64,
    /// Until when it is waited for.
    pub(crate) until: Instant,
}

impl Event {
    pub(crate) fn happen(self) {
        match self {
            Self::Requests(connection) => connection.arrive(),
            Self::Late(connection, asked) => asked.arrive(&mut connection.broker.state()),
            Self::Answer(answer) => answer.connection.hear(&answer),
            Self::GivenUp(asked) => asked.end(),
            Self::News(reader) => reader.look(),
            Self::Records(reader) => reader.arrive(),
        }
    }
}
