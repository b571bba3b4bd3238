//! The port on NATS JetStream, and a real nats-server as a supervised child process.
//!
//! This is the only room that names async-nats. It turns the few things that the port promises
//! into JetStream requests, and JetStream's many answers into the few outcomes that a caller must
//! tell apart. It holds no protocol of this project: no leases, no claims, no effects.
//!
//! Where async-nats offers a high-level call whose failure modes the port cannot live with (its
//! ordered consumers start over after a restart when nothing was delivered yet), this room speaks
//! JetStream's JSON API itself.

mod admin;
mod append;
mod broker;
mod connect;
mod consumer;
#[cfg(unix)]
mod embedded;
mod last;
mod link;
mod options;
mod reader;
mod settings;
mod spec;
mod suitable;
mod version;

pub use broker::NatsBroker;
#[cfg(unix)]
pub use embedded::{Embedded, EmbeddedError, EmbeddedOptions, Managed, Store, find_server};
pub use options::{Auth, ConnectOptions, Tls};
#[cfg(unix)]
pub use processes::Exit;
pub use reader::NatsReader;
pub use version::ServerVersion;
