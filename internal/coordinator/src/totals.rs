//! The figures of a run at one moment: for progress lines, metrics and the report.

use model::Timestamp;
use parti::MemberId;
use parti::records::{Epoch, Term};
use serde::{Deserialize, Serialize};

use crate::Anomalies;
use crate::judge::Judge;

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Partitions.
    pub partitions: u32,
    /// Distinct messages that were acknowledged to their producer or found stored.
    pub sent: u64,
    /// Distinct messages that were acknowledged to their producer.
    pub acked: u64,
    /// Distinct messages in the stream.
    pub stored: u64,
    /// Distinct messages with an effect.
    pub received: u64,
    /// Outputs of accepted effects.
    pub effects: u64,
    /// Publishes whose outcome nobody knows at the moment.
    pub in_doubt: u64,
    /// Times that a handler was called.
    pub attempts: u64,
    /// Times that a handler failed.
    pub failures: u64,
    /// Attempts beyond one for each effect.
    pub reprocessed: u64,
    /// Messages whose effect was refused.
    pub fenced: u64,
    /// Publishes in doubt that were found stored.
    pub recovered: u64,
    /// Publishes that were tried again.
    pub retries: u64,
    /// Publishes that the broker rejected for good.
    pub rejected: u64,
    /// Payloads and ledger records that were never ours.
    pub foreign: u64,
    /// Stored messages without an effect yet.
    pub in_flight: u64,
    /// Of these, messages that a later effect has passed over: lost, unless it still comes.
    pub passed_over: u64,
    /// Times that a silent member was taken for dead and came back to find its partition claimed.
    pub zombies: u64,
    /// What went wrong so far.
    pub anomalies: Anomalies,
    /// Workers by state.
    pub workers: WorkerStates,
    /// Who leads, if somebody does.
    pub leader: Option<MemberId>,
    /// The newest term.
    pub term: Term,
    /// The newest epoch.
    pub epoch: Epoch,
    /// Partitions with a live owner.
    pub owned: u32,
    /// Partitions without.
    pub unowned: u32,
    /// Partition-seconds without an owner (intervals that are over).
    pub unowned_seconds: f64,
    /// From the start of the run until every partition had been claimed.
    pub cold_start_seconds: Option<f64>,
    /// Claims so far.
    pub claims: u64,
    /// Plans so far.
    pub rebalances: u64,
    /// Faults so far.
    pub faults: u64,
    /// Faults that were to be, and were skipped: their effect says why.
    #[serde(default)]
    pub faults_skipped: u64,
    /// Producers that reported.
    pub producers: u32,
    /// Producers that said that they will send nothing more.
    pub producers_finished: u32,
    /// Second effects of messages that a fault explains, where that is promised.
    #[serde(default)]
    pub redelivered: u64,
    /// First effects below an earlier one that a fault explains, where that is promised.
    #[serde(default)]
    pub late: u64,
    /// Partition-seconds in which a member that had been taken over from had not let go (of those
    /// that are over).
    #[serde(default)]
    pub overlap_seconds: f64,
    /// Told records of a ledger that were stored a second time, because their answer was lost.
    #[serde(default)]
    pub retold: u64,
    /// Ledger records that wait for the messages they speak of to be read.
    pub waiting: u64,
    /// The newest record of any stream that was judged.
    pub judged_at: Timestamp,
}

impl Judge {
    /// The figures at this moment.
    pub fn totals(&self) -> Totals {
        let counts = &self.counts;
        let producers = self.producers.sums();
        let work = self.workers.sums();
        let (producers_finished, producers_known) = self.producers.finished();
        let partitions = self.docket.settings.partitions;
        let (redelivered, late) = self.redeliveries.sums();
        let owned = self.group.owned().min(partitions);
        Totals {
            partitions,
            sent: counts.sent,
            acked: counts.acked,
            stored: counts.stored,
            received: counts.received,
            effects: counts.effects,
            in_doubt: self.producers.in_doubt(),
            attempts: work.attempts,
            failures: work.failures,
            reprocessed: work.attempts.saturating_sub(counts.effects),
            fenced: work.fenced,
            recovered: producers.recovered,
            retries: producers.retries,
            rejected: producers.rejected,
            foreign: counts.foreign,
            in_flight: counts.pending + counts.passed,
            passed_over: counts.passed,
            zombies: self.group.zombies,
            anomalies: self.docket.findings.anomalies(),
            workers: self.group.states(),
            leader: self.group.leader.clone(),
            term: self.group.term,
            epoch: self.rebalances.newest,
            owned,
            unowned: partitions - owned,
            unowned_seconds: self.unowned_micros as f64 / 1e6,
            cold_start_seconds: self.replay.recoveries.cold_start_seconds,
            claims: self.claims,
            rebalances: self.rebalances.count,
            faults: self.docket.faults.count(),
            faults_skipped: self.docket.faults.skipped(),
            producers: producers_known,
            producers_finished,
            retold: counts.retold,
            redelivered,
            late,
            overlap_seconds: self.replay.overlap_micros as f64 / 1e6,
            waiting: self.gate.waiting() as u64,
            judged_at: self.judged_at,
        }
    }
}

/// Workers by state, in their newest life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStates {
    /// Giving signs of life.
    pub live: u32,
    /// Left of their own accord.
    pub left: u32,
    /// Declared dead by a leader.
    pub expired: u32,
    /// Killed by chaos, and not back yet.
    pub crashed: u32,
}
