//! The coordinator: leads a run through its phases ([`Coordinator`]) and judges it ([`Judge`]): was a
//! message lost, repeated or reordered, and did two members own one partition?
//!
//! Everything but `run` is synchronous and deterministic. The judge is told what the streams hold, what
//! the two ends report and what chaos did; every time is handed in, none is read. It believes
//! records over reports: what was stored, claimed and done is in the streams, and only what they
//! cannot show (an acknowledged publish, a refused effect) is taken from reports.

mod account;
mod aftermath;
mod anomalies;
mod attribution;
mod bound;
mod class;
mod close;
mod decide;
mod deltas;
mod docket;
mod effect;
mod entry;
mod event;
mod fault_summary;
mod faults;
mod figures;
mod finding;
mod gate;
mod grants;
mod group;
mod impact;
mod judge;
mod ledger;
mod life;
mod losses;
mod messages;
mod moves;
mod ownership;
mod pairs;
mod promise;
mod rebalance;
mod recovery;
mod redelivery;
mod replay;
mod report;
mod restore;
mod run;
mod seen;
mod settings;
mod sides;
mod size;
mod standing;
mod suspicion;
mod tale;
mod text;
mod text_faults;
mod text_findings;
mod text_redelivered;
mod timeline;

mod totals;
mod unfenced;
mod vacancy;
mod verdict;
mod world;

pub use anomalies::Anomalies;
pub use class::{Class, Rule};
pub use entry::{
    Corrupt, Draining, Entry, Foreign, OfChaos, OfGroup, OfMember, OfPartition, Resumption, Stored,
};
pub use event::{Event, Ownership};
pub use fault_summary::FaultSummary;
pub use figures::{Detail, Figures, PartitionFigures, Share};
pub use finding::{Culprit, Evidence, Finding};
pub use impact::{FaultEntry, Impact};
pub use judge::Judge;
pub use messages::Sent;
pub use promise::Promise;
pub use recovery::Recovery;
pub use redelivery::{Explained, Redelivered};
pub use report::{End, Exercised, Rebalance, Report, RunInfo, VirtualTime};
pub use reports::{
    Fault, FaultKind, Fenced, Output, PartitionSent, ProducerReport, Range, ToldRecord, Unreadable,
    WorkerReport,
};
pub use restore::OtherSettings;
pub use run::{
    Cause, ChaosPosition, CheckpointFigures, CheckpointPlan, Conducted, Coordinator,
    CoordinatorError, CoordinatorSettings, Downtime, Keeper, Kept, Progress, Read, Recorder,
    Resumed, RunState, Stopped, group_history,
};
pub use seen::Seen;
pub use settings::{JudgeSettings, Required};
pub use totals::{Totals, WorkerStates};
pub use verdict::Verdict;
