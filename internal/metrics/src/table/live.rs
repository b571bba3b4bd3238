//! Names of families whose labels change, or that the totals do not hold. Nothing else here has a
//! label for each worker or partition, and these are bounded.

type Named = (&'static str, &'static str);

pub(crate) const VERDICT: Named = (
    "simulation_verdict",
    "1 for the verdict on what was found so far, 0 for the others; running while nothing is wrong.",
);
pub(crate) const LEADER: Named =
    ("simulation_leader_info", "1 for the member that leads; no series while nobody does.");
pub(crate) const WORKER_PARTITIONS: Named =
    ("simulation_worker_partitions", "Partitions that a worker that lives owns.");
pub(crate) const WORKER_LOAD: Named = (
    "simulation_worker_load",
    "Weight of the partitions that a worker owns, as a share of the weight of all: 0 to 1.",
);
pub(crate) const FAULTS: Named =
    ("simulation_faults_total", "Faults that were injected, by the name of the event.");
pub(crate) const SHED: Named = (
    "simulation_messages_shed_total",
    "Messages that fell due and were never begun, because too many waited before them.",
);
pub(crate) const END_TO_END: Named = (
    "simulation_end_to_end_seconds",
    "From when a message was stored until its first effect was, by the broker's clock.",
);
pub(crate) const PROCESSING: Named =
    ("simulation_processing_seconds", "How long each call of a worker's handler took.");
pub(crate) const PUBLISHING: Named = (
    "simulation_publish_seconds",
    "From when a message fell due until its producer knew that it was stored.",
);
pub(crate) const LAG_SECONDS: Named = (
    "simulation_ledger_lag_seconds",
    "Age of the newest record of any stream that was judged; signs of life keep it small.",
);
pub(crate) const LAG_RECORDS: Named =
    ("simulation_ledger_lag_records", "Records of a stream that are stored and not judged yet.");
pub(crate) const PARTITION_IN_FLIGHT: Named = (
    "simulation_partition_in_flight",
    "Stored messages of a partition without an effect yet; with metrics.prometheus.per_partition.",
);
pub(crate) const PARTITION_OWNER: Named = (
    "simulation_partition_owner_info",
    "1 for the worker that owns a partition; with metrics.prometheus.per_partition.",
);
