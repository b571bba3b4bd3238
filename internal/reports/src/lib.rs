//! What producers, workers and chaos say to the coordinator, and how it gets there without loss.
//!
//! Reports are cumulative and kept by the broker as the last value of a subject: a later report says
//! all that an earlier one said, so a lost one loses nothing, and the coordinator may come late.

mod channel;
mod fault;
mod output;
mod range;
pub use model::seconds;
mod sides;
mod told;
mod written;

pub use channel::{Channel, Phase, Report};
pub use fault::{Fault, FaultKind};
pub use output::{Output, Unreadable};
pub use range::Range;
pub use sides::{Fenced, PartitionSent, ProducerReport, WorkerReport};
pub use told::ToldRecord;
