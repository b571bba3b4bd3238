//! The table of metrics: name, help, and which of the judge's figures it shows.
//!
//! No family of this table has a label per partition, member or fault: their number of series is the
//! same on the first day and after 72 hours. Those that have stand in [`live`].

pub(crate) mod live;
pub(crate) mod roles;

use coordinator::{CheckpointFigures, Class, Totals, WorkerStates};

/// A family without labels that shows one figure of the judge.
pub(crate) struct Family<T> {
    pub name: &'static str,
    pub help: &'static str,
    pub of: fn(&Totals) -> T,
}

const fn family<T>(name: &'static str, help: &'static str, of: fn(&Totals) -> T) -> Family<T> {
    Family { name, help, of }
}

/// Whole numbers that only grow.
pub(crate) const COUNTERS: &[Family<u64>] = &[
    family(
        "simulation_messages_sent_total",
        "Distinct messages that were acknowledged to their producer or found stored.",
        |t| t.sent,
    ),
    family(
        "simulation_messages_acked_total",
        "Distinct messages that were acknowledged to their producer.",
        |t| t.acked,
    ),
    family("simulation_messages_stored_total", "Distinct messages in the stream.", |t| t.stored),
    family("simulation_messages_received_total", "Distinct messages with an effect.", |t| {
        t.received
    }),
    family(
        "simulation_messages_recovered_total",
        "Publishes in doubt that were found stored.",
        |t| t.recovered,
    ),
    family("simulation_publish_retries_total", "Publishes that were tried again.", |t| t.retries),
    family(
        "simulation_publish_rejected_total",
        "Publishes that the broker rejected for good.",
        |t| t.rejected,
    ),
    family("simulation_effects_total", "Outputs of accepted effects.", |t| t.effects),
    family(
        "simulation_effects_fenced_total",
        "Messages whose effect was refused, because the partition had been claimed since.",
        |t| t.fenced,
    ),
    family("simulation_handler_attempts_total", "Calls of a worker's handler.", |t| t.attempts),
    family("simulation_handler_failures_total", "Calls of a worker's handler that failed.", |t| {
        t.failures
    }),
    family("simulation_foreign_records_total", "Records that were never the run's own.", |t| {
        t.foreign
    }),
    family("simulation_claims_total", "Claims of partitions.", |t| t.claims),
    family("simulation_rebalances_total", "Changes of the assignment.", |t| t.rebalances),
    family(
        "simulation_zombies_total",
        "Times that a member was taken for dead and came back to find its partition claimed.",
        |t| t.zombies,
    ),
    family("simulation_faults_skipped_total", "Faults that were to be, and were skipped.", |t| {
        t.faults_skipped
    }),
];

/// Times that only grow.
pub(crate) const SECONDS: &[Family<f64>] = &[family(
    "simulation_unowned_partition_seconds_total",
    "Partition-seconds without an owner, counted when the partition is owned again.",
    |t| t.unowned_seconds,
)];

/// What goes up and down.
pub(crate) const GAUGES: &[Family<u64>] = &[
    family("simulation_messages_in_flight", "Stored messages without an effect yet.", |t| {
        t.in_flight
    }),
    family(
        "simulation_messages_passed_over",
        "Messages in flight that a later effect has passed over: lost, unless it still comes.",
        |t| t.passed_over,
    ),
    family(
        "simulation_messages_in_doubt",
        "Publishes whose outcome nobody knows at the moment.",
        |t| t.in_doubt,
    ),
    family("simulation_partitions", "Partitions of the run.", |t| t.partitions.into()),
    family("simulation_partitions_owned", "Partitions with a live owner.", |t| t.owned.into()),
    family("simulation_partitions_unowned", "Partitions without a live owner.", |t| {
        t.unowned.into()
    }),
    family("simulation_assignment_epoch", "The newest version of the assignment.", |t| t.epoch.0),
    family("simulation_leader_term", "The newest term of a leader.", |t| t.term.0),
];

/// Whole numbers of the checkpoints that only grow.
pub(crate) const CHECKPOINT_COUNTERS: &[CheckpointFamily] = &[
    checkpoint("simulation_checkpoint_total", "Checkpoints that were written.", |c| {
        Some(c.written as f64)
    }),
    checkpoint("simulation_checkpoint_failures_total", "Checkpoints that failed.", |c| {
        Some(c.failed as f64)
    }),
];

/// What the newest checkpoint cost; not there before there is one.
pub(crate) const CHECKPOINT_GAUGES: &[CheckpointFamily] = &[
    checkpoint("simulation_checkpoint_bytes", "Size of the newest checkpoint.", |c| {
        (c.written > 0).then_some(c.bytes as f64)
    }),
    checkpoint("simulation_checkpoint_seconds", "How long the newest one took to write.", |c| {
        (c.written > 0).then_some(c.seconds)
    }),
    checkpoint(
        "simulation_checkpoint_pause_seconds",
        "How long the run stood still for the newest checkpoint.",
        |c| (c.written > 0).then_some(c.pause_seconds),
    ),
    checkpoint(
        "simulation_checkpoint_age_seconds",
        "Time since the newest checkpoint: what a stop now would have to read again.",
        |c| c.age_seconds,
    ),
];

/// A family that shows one figure of the checkpoints.
pub(crate) struct CheckpointFamily {
    pub name: &'static str,
    pub help: &'static str,
    pub of: fn(&CheckpointFigures) -> Option<f64>,
}

const fn checkpoint(
    name: &'static str,
    help: &'static str,
    of: fn(&CheckpointFigures) -> Option<f64>,
) -> CheckpointFamily {
    CheckpointFamily { name, help, of }
}

/// Workers by state.
pub(crate) const WORKERS: (&str, &str) =
    ("simulation_workers", "Workers by the state of their newest life.");

/// Anomalies by class.
pub(crate) const ANOMALIES: (&str, &str) =
    ("simulation_anomalies_total", "What the judge found wrong, by class.");

/// How long a rebalance took, with buckets from a hand-over to a slow election.
pub(crate) const REBALANCE_SECONDS: (&str, &str, &[f64]) = (
    "simulation_rebalance_duration_seconds",
    "From a plan until every partition was owned by whom it was granted to.",
    &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0],
);

/// How many partitions a rebalance moved.
pub(crate) const REBALANCE_MOVED: (&str, &str, &[f64]) = (
    "simulation_rebalance_partitions_moved",
    "Partitions that got another owner in one rebalance.",
    &[0.0, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0],
);

/// Every state of a worker. A new field of [`WorkerStates`] does not compile until it is here.
pub(crate) fn states(workers: &WorkerStates) -> [(&'static str, u32); 4] {
    let WorkerStates { live, left, expired, crashed } = *workers;
    [("live", live), ("left", left), ("expired", expired), ("crashed", crashed)]
}

/// The label of a class: its key in `report.json`.
pub(crate) fn class_label(class: Class) -> &'static str {
    match class {
        Class::LostByBroker => "lost_by_broker",
        Class::LostByProducer => "lost_by_producer",
        Class::LostInDelivery => "lost_in_delivery",
        Class::Duplicate => "duplicate",
        Class::OutOfOrder => "out_of_order",
        Class::Unexpected => "unexpected",
        Class::Unprocessed => "unprocessed",
        Class::Corrupt => "corrupt",
        Class::TwoOwners => "two_owners",
        Class::StaleEpoch => "stale_epoch",
        Class::Unowned => "unowned",
        Class::NeedlessMove => "needless_move",
        Class::Undrained => "undrained",
    }
}
