//! Snapshots of a run that survive it: where it stood, its figures, and how far each stream was
//! judged.
//!
//! A checkpoint is one file of two lines: the snapshot as JSON, and its CRC-32. It is written beside
//! its place, synced and renamed, so a reader sees a whole one or none.

mod file;
mod snapshot;

pub use file::{CheckpointError, Checkpoints, Saved};
pub use snapshot::{Snapshot, VERSION, config_hash};
