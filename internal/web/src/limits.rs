//! What a client may use.

use std::time::Duration;

/// What a client may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections at once; more wait until one has ended.
    pub connections: usize,
    /// Bytes of a request's head. At least 8 KiB: the HTTP library takes no less.
    pub head_bytes: usize,
    /// Fields in a request's head.
    pub head_fields: usize,
    /// Time to send a request's head; also how long a connection may stay idle.
    pub head_time: Duration,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Time to send a request's body.
    pub body_time: Duration,
    /// Life of a connection: whoever does not read its answers is gone by then.
    pub life: Duration,
    /// Time to finish the answer under way when a connection has to end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 128,
            head_bytes: 16 * 1024,
            head_fields: 64,
            head_time: Duration::from_secs(20),
            body_bytes: 16 * 1024,
            body_time: Duration::from_secs(20),
            life: Duration::from_secs(300),
            grace: Duration::from_secs(1),
        }
    }
}
