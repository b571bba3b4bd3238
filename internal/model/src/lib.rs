//! The words that every room shares: partitions and their weights, messages with their two
//! sequences, run time and seeded randomness, values that are watched. Nothing here does I/O.

mod clock;
mod durations;
pub mod json;
mod message;
mod network;
mod partition;
pub mod seconds;
mod seed;
pub mod watch;

pub use clock::{RunClock, Timestamp};
pub use durations::{BOUNDS, Durations};
pub use message::{Message, MessageError, PartitionSeq, ProducerId, ProducerSeq};
pub use network::Network;
pub use partition::{PartitionId, Weight, Weights, producer_range};
pub use seed::{Rng, Seed};
