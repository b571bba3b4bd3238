//! Checkpoints: the state of a run on disk, so that it survives its program.
//!
//! A checkpoint is one file: a line of JSON for people and for a first look ([`Header`]), the state as
//! compressed JSON, and a CRC-32 over both. It is written beside its place, synced and renamed, so a
//! reader sees a whole one or none. What a run may not go on from is refused with the reason, and
//! the next older good one is named.

mod difference;
mod directory;
mod error;
mod file;
mod header;
mod keeper;

pub use directory::Checkpoints;
pub use error::{CheckpointError, Refusal};
pub use file::Checkpoint;
pub use header::{Expected, Header, VERSION, configuration_hash};
pub use keeper::{Place, RunKeeper};
