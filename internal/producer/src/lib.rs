//! The sending end: stamps messages with two sequences and sends them, each exactly once.
//!
//! A producer owns a fixed range of partitions. A publish is conditional on the partition's last
//! message still being the one before it, so a publish that got no answer can be repeated, however
//! long the outage, until it is known to be stored once. [`Publishing`] has the other way, to be compared.

mod arrivals;
mod error;
mod producer;
mod publish;
mod resume;
mod variation;

pub use arrivals::Arrivals;
pub use error::ProducerError;
pub use producer::{Producer, ProducerSettings};
pub use publish::Publishing;
pub use variation::{Pattern, Variation};
