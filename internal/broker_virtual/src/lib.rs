//! The port on a broker that exists in memory only and lives in tokio's time.
//!
//! The broker itself is a synchronous state machine; whatever is asynchronous, slow or broken
//! happens on the way to it. So a test with a paused clock runs hours in seconds, and the same seed
//! gives the same run: every client draws its latencies from a stream of its own.
//!
//! This room promises what the port promises, by the port's conformance suite, and nothing else. It
//! knows no protocol of this project.

mod agenda;
mod broker;
mod client;
mod connection;
mod durable;
mod event;
mod exchange;
mod faults;
mod filter;
mod followers;
mod ids;
mod line;
mod log;
mod observe;
mod options;
mod pages;
mod port;
mod queue;
mod reader;
mod sky;
mod subjects;
mod trace;

pub use broker::VirtualBroker;
pub use client::VirtualLog;
pub use faults::{Fate, Fault};
pub use observe::{Happening, Observer};
pub use options::Options;
pub use reader::VirtualReader;
pub use trace::Trace;
