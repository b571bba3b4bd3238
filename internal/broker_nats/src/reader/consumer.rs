//! The consumer behind a reader, as the server is told of it.

use std::time::Duration;

use async_nats::jetstream::stream::Info;
use broker::{BrokerError, Start, StreamName, Subject};
use serde::{Deserialize, Serialize};

use crate::admin;
use crate::link::Link;

/// The server deletes a consumer that was not asked for this long. Longer than a pull lasts.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);

/// What a reader wants to read.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) stream: StreamName,
    pub(super) filters: Vec<Subject>,
    pub(super) start: Start,
    /// The incarnation that it began with; another stream of the same name is not the same.
    pub(super) incarnation: Option<Incarnation>,
}

impl Wanted {
    pub(super) fn new(stream: StreamName, filters: Vec<Subject>, start: Start) -> Self {
        Self { stream, filters, start, incarnation: None }
    }
}

/// When a stream was created: tells it from a later one of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incarnation(i128);

/// The stream as it is found.
pub(super) struct Found {
    pub(super) incarnation: Incarnation,
    /// Nothing in it is unwanted.
    pub(super) all_wanted: bool,
}

/// Asks for the stream; [`BrokerError::Gone`] if it is not the wanted incarnation.
pub(super) async fn find(link: &Link, wanted: &Wanted) -> Result<Found, BrokerError> {
    let info: Info =
        admin::info(link, &wanted.stream).await.map_err(|failure| failure.about(&wanted.stream))?;
    let incarnation = Incarnation(info.created.unix_timestamp_nanos());
    if wanted.incarnation.is_some_and(|expected| expected != incarnation) {
        return Err(BrokerError::Gone(wanted.stream.clone()));
    }
    let subjects = info.config.subjects;
    let is_wanted = |subject: &String| wanted.filters.iter().any(|f| f.as_str() == subject);
    // No further ones: they would overlap, which the server refuses.
    let all_wanted = subjects.len() == wanted.filters.len() && subjects.iter().all(is_wanted);
    Ok(Found { incarnation, all_wanted })
}

#[derive(Serialize)]
struct Create<'a> {
    stream_name: &'a str,
    config: Config<'a>,
    action: &'static str,
}

#[derive(Serialize)]
struct Config<'a> {
    name: &'a str,
    deliver_policy: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opt_start_seq: Option<u64>,
    ack_policy: &'static str,
    replay_policy: &'static str,
    filter_subjects: Vec<&'a str>,
    inactive_threshold: u128,
    num_replicas: usize,
    mem_storage: bool,
}

#[derive(Deserialize)]
struct Created {}

/// Makes the consumer `name`. Where everything is wanted it has no filters, if the server allows that:
/// with a wildcard, even one that takes every subject, the server searches a stream in files for each
/// record (nats-server, issue 7852).
pub(super) async fn create(
    link: &Link,
    name: &str,
    wanted: &Wanted,
    found: &Found,
) -> Result<(), BrokerError> {
    // It does not where each subject is to begin with its last record.
    let unfiltered = found.all_wanted && wanted.start != Start::LastPerSubject;
    let filters = if unfiltered { &[] } else { &wanted.filters[..] };
    let (deliver_policy, opt_start_seq) = match wanted.start {
        Start::At(seq) => ("by_start_sequence", Some(seq.0.max(1))),
        Start::LastPerSubject => ("last_per_subject", None),
    };
    let config = Config {
        name,
        deliver_policy,
        opt_start_seq,
        ack_policy: "none",
        replay_policy: "instant",
        filter_subjects: filters.iter().map(Subject::as_str).collect(),
        inactive_threshold: FORGOTTEN_AFTER.as_nanos(),
        num_replicas: 1,
        mem_storage: true,
    };
    let stream = &wanted.stream;
    let create = Create { stream_name: stream.as_str(), config, action: "create" };
    let answer = link.api(format!("CONSUMER.CREATE.{stream}.{name}"), &create).await;
    answer.map(|Created {}| ()).map_err(|failure| failure.about(stream))
}

/// Tells the server, in the background, that a consumer is no longer needed. It would find out by
/// itself; but until then it counts against the consumers that a stream may have.
pub(super) fn forget(link: &Link, stream: &StreamName, name: &str) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let client = link.client.clone();
    let subject = format!("$JS.API.CONSUMER.DELETE.{stream}.{name}");
    runtime.spawn(async move {
        let nowhere = client.new_inbox();
        // Nobody waits for the answer, and nothing depends on it.
        let _ = client.publish_with_reply(subject, nowhere, bytes::Bytes::new()).await;
    });
}
