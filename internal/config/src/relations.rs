//! What concerns two keys at once.

mod chaos;

use crate::error::Finding;
use crate::key::KeyPath;
use crate::{Config, Consumption, NatsMode, ValueError};

/// Consumers that a nats-server allows one stream, unless it is told otherwise.
const CONSUMERS_MAX: u32 = 1_000;

/// Every pair of keys that do not go together. The first key of a finding is the one to change.
pub(crate) fn relations(config: &Config) -> Vec<Finding> {
    let mut findings = chaos::relations(config);
    let mut refuse = |wrong: bool, keys: &[&str], what: String, right: String| {
        if wrong {
            let keys = keys.iter().map(|key| KeyPath::of(key)).collect();
            findings.push(Finding { keys, error: ValueError { what, right } });
        }
    };

    let (producers, partitions) = (config.producers.count, config.partitions.count);
    refuse(
        producers > partitions,
        &["producers.count", "partitions.count"],
        format!("{producers} is more than partitions.count, which is {partitions}"),
        format!("use a whole number from 1 to {partitions}"),
    );

    let variation = &config.producers.rate_variation;
    refuse(
        variation.min >= variation.max,
        &["producers.rate_variation.min", "producers.rate_variation.max"],
        format!("{} is not below rate_variation.max, which is {}", variation.min, variation.max),
        "use a min below the max".into(),
    );

    let delay = config.workers.processing_delay;
    refuse(
        delay.min > delay.max,
        &["workers.processing_delay.min", "workers.processing_delay.max"],
        format!("{} is longer than processing_delay.max, which is {}", delay.min, delay.max),
        "use a min up to the max".into(),
    );

    refuse(
        config.workers.consumption == Consumption::DurablePerPartition
            && partitions > CONSUMERS_MAX,
        &["partitions.count", "workers.consumption"],
        format!(
            "{partitions} partitions need as many consumers, and a stream has {CONSUMERS_MAX} at the most"
        ),
        format!("use a whole number from 1 to {CONSUMERS_MAX}, or another design of consumption"),
    );

    let nats = &config.nats;
    refuse(
        nats.mode == NatsMode::Embedded && nats.replicas > 1,
        &["nats.replicas", "nats.mode"],
        format!("{} copies need a cluster, and the embedded server is alone", nats.replicas),
        "use 1, or nats.mode: external".into(),
    );

    let checkpoint = &config.checkpoint;
    let (every, length) = (checkpoint.interval, config.simulation.duration);
    refuse(
        checkpoint.rehearsal.is_some() && !checkpoint.enabled,
        &["checkpoint.rehearsal", "checkpoint.enabled"],
        "needs a checkpoint to go on from, and none is written".into(),
        "use checkpoint.enabled: true, or leave the key out".into(),
    );
    refuse(
        checkpoint.rehearsal.is_some_and(|at| at <= every || at >= length),
        &["checkpoint.rehearsal"],
        format!("is not between the first checkpoint, after {every}, and the end, after {length}"),
        "use a time between them".into(),
    );

    let auth = &nats.auth;
    let by_user = auth.user.is_some() || auth.password.is_some();
    let ways: Vec<&str> = [
        ("credentials_file", auth.credentials_file.is_some()),
        ("nkey_seed_file", auth.nkey_seed_file.is_some()),
        ("user and password", by_user),
        ("token", auth.token.is_some()),
    ]
    .into_iter()
    .filter_map(|(way, given)| given.then_some(way))
    .collect();
    refuse(
        ways.len() > 1,
        &["nats.auth"],
        format!("{} ways to log in ({})", ways.len(), ways.join(", ")),
        "use one of them".into(),
    );
    for (given, missing, wrong) in [
        ("user", "password", auth.user.is_some() && auth.password.is_none()),
        ("password", "user", auth.user.is_none() && auth.password.is_some()),
    ] {
        refuse(
            wrong,
            &[&format!("nats.auth.{given}"), &format!("nats.auth.{missing}")],
            format!("{missing} is missing"),
            "use user and password together, or neither".into(),
        );
    }

    let tls = &nats.tls;
    for (given, missing, wrong) in [
        ("cert_file", "key_file", tls.cert_file.is_some() && tls.key_file.is_none()),
        ("key_file", "cert_file", tls.cert_file.is_none() && tls.key_file.is_some()),
    ] {
        refuse(
            wrong,
            &[&format!("nats.tls.{given}"), &format!("nats.tls.{missing}")],
            format!("{missing} is missing"),
            "use cert_file and key_file together, or neither".into(),
        );
    }
    findings
}
