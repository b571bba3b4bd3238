//! Streams as JetStream is told of them, and what makes two of them different.
//!
//! *Discard new* together with a limit per subject does what the port asks: the server refuses what
//! goes beyond the total limits, and replaces the oldest record of a subject that is at its own
//! limit (`discard_new_per_subject` would refuse that too, and stays off).

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use broker::{Storage, StreamSpec};

/// Server 2.15 takes "unlimited" for 1000; so the bound is named, far above any use.
const MAX_CONSUMERS: i32 = 1_000_000;

/// The configuration that makes a stream what `spec` says.
pub(crate) fn config(spec: &StreamSpec) -> Config {
    let unbounded = |limit: Option<u64>| limit.map_or(-1, |n| i64::try_from(n).unwrap_or(i64::MAX));
    Config {
        name: spec.name.as_str().to_owned(),
        subjects: spec.subjects.iter().map(|s| s.as_str().to_owned()).collect(),
        storage: match spec.storage {
            Storage::Memory => StorageType::Memory,
            Storage::File => StorageType::File,
        },
        num_replicas: spec.replicas,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        max_messages: -1,
        max_messages_per_subject: unbounded(spec.max_per_subject),
        max_bytes: unbounded(spec.max_bytes),
        max_consumers: MAX_CONSUMERS,
        duplicate_window: spec.duplicate_window,
        ..Config::default()
    }
}

/// What of `found` differs from `wanted`, as "field is X, not Y" phrases; empty if nothing does.
/// Only what `config` sets is compared: servers add settings of their own.
pub(crate) fn differences(wanted: &Config, found: &Config) -> Vec<String> {
    let mut differences = Vec::new();
    let mut compare = |what: &str, wanted: String, found: String| {
        if wanted != found {
            differences.push(format!("{what} is {found}, not {wanted}"));
        }
    };
    compare("subjects", sorted(&wanted.subjects), sorted(&found.subjects));
    compare("storage", format!("{:?}", wanted.storage), format!("{:?}", found.storage));
    compare("replicas", wanted.num_replicas.to_string(), found.num_replicas.to_string());
    compare("retention", format!("{:?}", wanted.retention), format!("{:?}", found.retention));
    compare("discard", format!("{:?}", wanted.discard), format!("{:?}", found.discard));
    compare("maximum of records", limit(wanted.max_messages), limit(found.max_messages));
    compare(
        "maximum per subject",
        limit(wanted.max_messages_per_subject),
        limit(found.max_messages_per_subject),
    );
    compare("maximum of bytes", limit(wanted.max_bytes), limit(found.max_bytes));
    compare("maximum age", format!("{:?}", wanted.max_age), format!("{:?}", found.max_age));
    compare(
        "duplicate window",
        format!("{:?}", wanted.duplicate_window),
        format!("{:?}", found.duplicate_window),
    );
    compare(
        "discard new per subject",
        wanted.discard_new_per_subject.to_string(),
        found.discard_new_per_subject.to_string(),
    );
    differences
}

fn sorted(subjects: &[String]) -> String {
    let mut subjects = subjects.to_vec();
    subjects.sort();
    subjects.join(" ")
}

fn limit(limit: i64) -> String {
    if limit <= 0 { "unlimited".to_owned() } else { limit.to_string() }
}
