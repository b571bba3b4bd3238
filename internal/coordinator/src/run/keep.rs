//! Checkpoints while the run goes on.
//!
//! The run's task only copies its state, between two batches of records; encoding, compressing and
//! writing happen on a thread that may block. One state is written at a time, and one may wait: the
//! newest. A checkpoint that cannot be written costs itself, never the run.
//! In virtual time it is written in the instant in which it began, and noticed after it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use model::{Timestamp, watch};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::feed::Read;
use super::state::{ChaosPosition, RunState};
use crate::Judge;

/// How long the last checkpoint may take when the run is over.
const FINISH_MAX: Duration = Duration::from_secs(10);
/// Failures in a row after which nothing is held back for checkpoints any more: the streams would
/// fill up, and the run would stop.
const FAILURES_MAX: u32 = 3;

/// How long a run may be stopped, or its checkpoints fail, before the group's stream has forgotten
/// what a coordinator that goes on has to read.
const ABSENCE_MAX: Duration = Duration::from_secs(600);
/// Signs of life of a member in a lease.
const SIGNS_OF_LEASE: f64 = 5.0;

/// How many records of each subject the group's stream must keep, so that a run with a checkpoint
/// `every` now and then can go on: those since the checkpoint before the newest one.
pub fn group_history(every: Duration, lease: Duration) -> u64 {
    let span = 2 * every + ABSENCE_MAX;
    (span.as_secs_f64() / lease.as_secs_f64() * SIGNS_OF_LEASE).ceil() as u64
}

/// Puts the state of a run where it survives. It may block.
pub trait Keeper: Debug + Send + Sync + 'static {
    /// Keeps `state`; what was kept before stays if it fails.
    ///
    /// # Errors
    ///
    /// Why it is not kept, in words.
    fn keep(&self, state: &RunState) -> Result<Kept, String>;
}

/// A state that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub place: String,
    /// Its size.
    pub bytes: u64,
}

/// Who keeps the state of the run, and how often.
#[derive(Clone, Debug)]
pub struct CheckpointPlan {
    /// Time between two checkpoints.
    pub every: Duration,
    /// Who keeps them.
    pub keeper: Arc<dyn Keeper>,
    /// Where chaos stands, if there is any.
    pub chaos: Option<watch::Receiver<ChaosPosition>>,
}

/// What the checkpoints of this process cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointFigures {
    /// Checkpoints that were written.
    pub written: u64,
    /// Checkpoints that could not be written.
    pub failed: u64,
    /// Size of the newest one.
    pub bytes: u64,
    /// How long it took to write.
    pub seconds: f64,
    /// How long the run stood still for it.
    pub pause_seconds: f64,
    /// Time since it was taken: what a stop now would have to read again.
    pub age_seconds: Option<f64>,
}

/// What became of one write.
type Outcome = (Read, Timestamp, Duration, Result<Kept, String>);

/// The checkpoints of a run.
pub(super) struct Keeping {
    plan: Option<CheckpointPlan>,
    due: Instant,
    /// When the newest write began.
    begun: Instant,
    writing: JoinSet<Outcome>,
    waiting: Option<RunState>,
    figures: CheckpointFigures,
    newest_at: Option<Timestamp>,
    /// How far the newest two had read: should the newest be damaged, the one before it is good.
    durable: [Read; 2],
    failed_in_row: u32,
    /// For [`Bug::IntervalLost`](bugs::Bug::IntervalLost).
    before: Option<Judge>,
}

impl Keeping {
    /// `read` is how far the checkpoint had read that the run goes on from.
    pub(super) fn new(plan: Option<CheckpointPlan>, read: Read) -> Self {
        let every = plan.as_ref().map_or(Duration::ZERO, |plan| plan.every);
        Self {
            plan,
            due: Instant::now() + every,
            begun: Instant::now(),
            writing: JoinSet::new(),
            waiting: None,
            figures: CheckpointFigures::default(),
            newest_at: None,
            durable: [read; 2],
            failed_in_row: 0,
            before: None,
        }
    }

    /// What was judged at the checkpoint before.
    pub(super) fn judged_before(&mut self, judge: &Judge) -> Judge {
        self.before.replace(judge.clone()).unwrap_or_else(|| judge.clone())
    }

    pub(super) fn is_enabled(&self) -> bool {
        self.plan.is_some()
    }

    /// Whether it is time for the next one.
    pub(super) fn is_due(&self) -> bool {
        self.is_enabled() && self.writing.is_empty() && Instant::now() >= self.due
    }

    pub(super) fn chaos(&self) -> Option<ChaosPosition> {
        self.plan.as_ref()?.chaos.as_ref().map(|chaos| *chaos.borrow())
    }

    /// Beyond this nothing may be trimmed.
    pub(super) fn hold(&self) -> Option<Read> {
        (self.is_enabled() && self.failed_in_row < FAILURES_MAX).then_some(self.durable[0])
    }

    /// Begins to write `state`, which took `pause` to copy.
    pub(super) fn begin(&mut self, state: RunState, pause: Duration) {
        let Some(plan) = &self.plan else { return };
        self.due = Instant::now() + plan.every;
        self.figures.pause_seconds = pause.as_secs_f64();
        if self.writing.is_empty() {
            self.begun = Instant::now();
            let keeper = Arc::clone(&plan.keeper);
            self.writing.spawn_blocking(move || {
                let began = Instant::now();
                let kept = keeper.keep(&state);
                (state.progress.read, state.at, began.elapsed(), kept)
            });
        } else {
            self.waiting = Some(state);
        }
    }

    /// Takes note of what was written meanwhile; says whether more may be trimmed now.
    pub(super) fn look(&mut self) -> bool {
        // Virtual time stands still while a thread writes, and nobody knows for how long it really
        // takes: whether it is done is the same in every run only when time has gone on.
        if Instant::now() == self.begun {
            return false;
        }
        let Some(joined) = self.writing.try_join_next() else { return false };
        let held = self.hold();
        match joined {
            Ok((read, at, took, Ok(kept))) => self.kept(read, at, took, &kept),
            Ok((_, _, _, Err(error))) => self.failed(&error),
            Err(error) => self.failed(&error.to_string()),
        }
        if let Some(state) = self.waiting.take() {
            self.begin(state, Duration::from_secs_f64(self.figures.pause_seconds));
        }
        self.hold() != held
    }

    fn kept(&mut self, read: Read, at: Timestamp, took: Duration, kept: &Kept) {
        self.figures.written += 1;
        self.figures.bytes = kept.bytes;
        self.figures.seconds = took.as_secs_f64();
        self.newest_at = Some(at);
        self.durable = [self.durable[1], read];
        self.failed_in_row = 0;
        tracing::info!(place = kept.place, bytes = kept.bytes, ?took, "checkpoint");
    }

    fn failed(&mut self, error: &str) {
        self.figures.failed += 1;
        self.failed_in_row += 1;
        tracing::error!(error, "no checkpoint was written; the run goes on without");
        if self.failed_in_row == FAILURES_MAX {
            tracing::error!(
                "{FAILURES_MAX} checkpoints in a row were not written: the streams are trimmed \
                 without them, and older checkpoints cannot be resumed from any more"
            );
        }
    }

    /// Waits until everything is written, for a bounded time.
    pub(super) async fn finish(&mut self) {
        let deadline = Instant::now() + FINISH_MAX;
        while !self.writing.is_empty() && Instant::now() < deadline {
            self.look();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn figures(&self, now: Timestamp) -> CheckpointFigures {
        let age_seconds = self.newest_at.map(|at| now.since(at).as_secs_f64());
        CheckpointFigures { age_seconds, ..self.figures }
    }
}

#[cfg(test)]
mod tests;
