//! A TCP proxy in front of one member's connection to the broker, on which the network can be bad:
//! cut, half open, slow, or losing segments.
//!
//! It listens on a free port of the loopback interface and passes bytes on; it knows no protocol. It
//! shows what bad networks show to programs: never a byte that is missing, twice, or out of order in
//! an open connection, but late ones, and connections that end, or do not.

mod connection;
mod figures;
mod line;
mod listen;
mod proxy;

pub use figures::Figures;
pub use model::Network;
pub use proxy::Proxy;
