//! The report of a run, as other programs read it. The keys keep their meaning.

use std::collections::BTreeMap;

use model::{Seed, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Term};
use serde::{Deserialize, Serialize};

use crate::{
    Anomalies, FaultEntry, FaultSummary, Finding, Promise, Recovery, Redelivered, Required, Totals,
    Verdict,
};

/// How the run ended, as the coordinator saw it.
#[derive(Clone, Debug)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Every stored message was done within the bound for draining.
    pub drained_within: bool,
    /// The broker answered at the end.
    pub broker_reachable: bool,
    /// Somebody ended the run before its time.
    pub interrupted: bool,
    /// What the run used, such as `memory_bytes_max`.
    pub resources: BTreeMap<String, f64>,
}

/// What is known of a run without judging it.
#[derive(Clone, Debug, Default)]
pub struct RunInfo {
    /// Its seed.
    pub seed: u64,
    /// The commit it was built from.
    pub commit: String,
    /// The command that repeats it.
    pub reproduce: String,
    /// Its configuration.
    pub config: serde_json::Value,
    /// Where time was virtual, how fast it went.
    pub virtual_time: Option<VirtualTime>,
}

/// A run in virtual time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VirtualTime {
    /// How long it lasted in its own time.
    pub virtual_seconds: f64,
    /// How long it took.
    pub real_seconds: f64,
    /// How many times faster it was than real time.
    pub factor: f64,
    /// Hash of everything that happened at the broker, in its order. The same configuration, seed and
    /// commit give the same.
    pub trace_hash: String,
    /// How many things that were.
    pub trace_events: u64,
    /// What would have been drawn next, by all who drew latencies, added up.
    pub last_word: String,
    /// How often the run was in each situation that a campaign must have been in, by its name.
    #[serde(default)]
    pub probes: BTreeMap<String, u64>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The verdict.
    pub verdict: Verdict,
    /// Its exit code.
    pub exit_code: u8,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// By which design messages were consumed, as `workers.consumption` says; empty if nobody says.
    #[serde(default)]
    pub consumption: String,
    /// What it promises for every message.
    #[serde(default)]
    pub promise: Promise,
    /// The seed.
    pub seed: Seed,
    /// The commit it was built from.
    pub commit: String,
    /// The command that repeats the run.
    pub reproduce: String,
    /// When the run began.
    pub started_at: Timestamp,
    /// When it was judged.
    pub ended_at: Timestamp,
    /// Somebody ended it before its time.
    pub interrupted: bool,
    /// Every count.
    pub totals: Totals,
    /// What went wrong, counted.
    pub anomalies: Anomalies,
    /// What went wrong, with evidence: the first ones.
    pub findings: Vec<Finding>,
    /// What had to be exercised, and whether it was.
    pub exercised: Vec<Exercised>,
    /// Every change of the assignment (the newest ones, if there are very many).
    pub rebalances: Vec<Rebalance>,
    /// What was done again, or late, as the promise allows, by the faults that explain it.
    #[serde(default)]
    pub redelivered: Vec<Redelivered>,
    /// How long it took until the partitions of members that were killed, left or restarted were
    /// owned again (the newest ones).
    pub recoveries: Vec<Recovery>,
    /// Every fault and what followed, those that were skipped included (the newest ones, if there
    /// are very many).
    pub faults: Vec<FaultEntry>,
    /// How many faults are not in that list; `fault_summaries` counts them.
    pub faults_dropped: u64,
    /// All faults by name.
    pub fault_summaries: Vec<FaultSummary>,
    /// What the run used.
    pub resources: BTreeMap<String, f64>,
    /// Where time was virtual, how fast it went.
    #[serde(rename = "virtual", default, skip_serializing_if = "Option::is_none")]
    pub virtual_time: Option<VirtualTime>,
    /// The configuration.
    pub config: serde_json::Value,
}

/// A thing that the run had to exercise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercised {
    /// What.
    pub required: Required,
    /// Whether it happened.
    pub happened: bool,
}

/// A change of the assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rebalance {
    /// When it was planned.
    pub at: Timestamp,
    /// The leader's term.
    pub term: Term,
    /// The first epoch that carries it out.
    pub epoch: Epoch,
    /// The leader.
    pub leader: MemberId,
    /// Why: who came, left or fell silent.
    pub cause: String,
    /// How many members share the partitions now.
    pub members: u32,
    /// Partitions that got another owner, counted from the claims.
    pub moved: u32,
    /// Of these, partitions whose owner before was alive and stayed.
    pub voluntary: u32,
    /// Moves that were unavoidable, counted by the judge.
    pub needed: u32,
    /// What the leader said it would move.
    pub planned_moved: u64,
    /// What the leader said was unavoidable.
    pub planned_needed: u64,
    /// From the plan until every partition was owned by whom it was granted to.
    pub seconds: Option<f64>,
}
