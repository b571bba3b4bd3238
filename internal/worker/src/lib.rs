//! The receiving end: a small program on `parti`, as a user's would be. Its handler checks a message
//! and takes the configured time over it.

mod consumption;
mod handler;
mod pace;
mod tally;
mod worker;

pub use consumption::Consumption;
pub use pace::SLOWEST;
pub use worker::{Onlooker, Worker, WorkerSettings};
