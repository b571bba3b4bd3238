//! Names of the families of producers, workers and chaos controllers in processes of their own.

use coordinator::{ProducerReport, WorkerReport};

type Named = (&'static str, &'static str);
type Counted<T> = (&'static str, &'static str, fn(&T) -> u64);

/// Whole numbers of a producer that only grow.
pub(crate) const PRODUCER: &[Counted<ProducerReport>] = &[
    (
        "simulation_producer_messages_acked_total",
        "Messages that were acknowledged to this producer, in all of its lives that it remembers.",
        |report| report.partitions.values().flat_map(|sent| &sent.acked).map(|r| r.count()).sum(),
    ),
    ("simulation_producer_retries_total", "Publishes that this producer tried again.", |report| {
        report.retries
    }),
    (
        "simulation_producer_rejected_total",
        "Publishes of this producer that the broker rejected for good.",
        |report| report.rejected,
    ),
    (
        "simulation_producer_recovered_total",
        "Publishes of this producer that were in doubt and then found stored.",
        |report| report.recovered,
    ),
    (
        "simulation_producer_shed_total",
        "Messages of this producer that fell due and were never begun.",
        |report| report.shed,
    ),
];
pub(crate) const PRODUCER_IN_DOUBT: Named = (
    "simulation_producer_in_doubt",
    "Publishes of this producer whose outcome it does not know at the moment.",
);
pub(crate) const PRODUCER_PARTITIONS: Named =
    ("simulation_producer_partitions", "Partitions that this producer sends to.");
pub(crate) const PRODUCER_PUBLISHING: Named = (
    "simulation_producer_publish_seconds",
    "From when a message fell due until this producer knew that it was stored.",
);

/// Whole numbers of a worker that only grow.
pub(crate) const WORKER: &[Counted<WorkerReport>] = &[
    ("simulation_worker_attempts_total", "Calls of this worker's handler.", |report| {
        report.attempts
    }),
    ("simulation_worker_failures_total", "Calls of this worker's handler that failed.", |report| {
        report.failures
    }),
    (
        "simulation_worker_fenced_total",
        "Messages of this worker whose effect was refused: the partition had been claimed since.",
        |report| report.fenced,
    ),
];
pub(crate) const WORKER_OWNED: Named =
    ("simulation_worker_owned_partitions", "Partitions that this worker believes it owns.");
pub(crate) const WORKER_LEADING: Named =
    ("simulation_worker_leading", "1 while this worker believes that it leads the group.");
pub(crate) const WORKER_PROCESSING: Named =
    ("simulation_worker_processing_seconds", "How long each call of this worker's handler took.");

pub(crate) const CHAOS_EVENTS: Named =
    ("simulation_chaos_events_total", "Events that this controller carried out, by name.");
pub(crate) const CHAOS_SKIPPED: Named =
    ("simulation_chaos_skipped_total", "Events that this controller could not carry out.");
pub(crate) const CHAOS_OPEN: Named =
    ("simulation_chaos_faults_open", "Faults of this controller that have not ended.");
pub(crate) const CHAOS_PLANNED: Named =
    ("simulation_chaos_events_planned", "Events of the schedule that are to come.");
