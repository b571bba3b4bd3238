//! Writing a run down: whoever does it is handed what the judge is told, in that order.

use std::fmt::Debug;

use crate::{End, Entry, RunInfo};

/// Writes down what the judge is told. It never waits for long, and never fails: a history that
/// cannot be written costs itself, not the run.
pub trait Recorder: Debug + Send + Sync + 'static {
    /// The next thing that the judge is told.
    fn record(&mut self, told: &Entry);

    /// What was recorded so far is to survive this program.
    fn flush(&mut self);

    /// The run is over.
    fn end(&mut self, end: &End, run: &RunInfo);
}
