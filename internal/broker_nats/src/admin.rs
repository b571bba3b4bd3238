//! Creating, measuring, trimming and deleting streams.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::{Config, Info};
use broker::{BrokerError, Seq, StreamName, StreamSpec, StreamState, Subject};
use serde::{Deserialize, Serialize};

use crate::link::{ApiFailure, Link};
use crate::spec::{config, differences};

/// A stream of that name exists, and differs.
const NAME_IN_USE: ErrorCode = ErrorCode::STREAM_NAME_EXIST;
/// Another stream has some of the subjects.
const SUBJECTS_IN_USE: ErrorCode = ErrorCode::STREAM_SUBJECT_OVERLAP;
/// The server has no room for what the stream reserves.
const NO_ROOM: [ErrorCode; 3] = [
    ErrorCode::MEMORY_RESOURCES_EXCEEDED,
    ErrorCode::STORAGE_RESOURCES_EXCEEDED,
    ErrorCode::INSUFFICIENT_RESOURCES,
];

/// How often a creation that found no room is looked at again, and after how long each time.
const LOOK_AGAIN: u32 = 10;
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Creates a stream unless it is there.
pub(crate) async fn ensure(link: &Link, spec: &StreamSpec) -> Result<(), BrokerError> {
    let wanted = config(spec);
    let name = &spec.name;
    // Asked first: a server that has no room for a second one refuses to create what is there.
    if let Ok(info) = info(link, name).await {
        return same(name, &wanted, &info.config);
    }
    match link.api::<Info>(format!("STREAM.CREATE.{name}"), &wanted).await {
        Ok(info) => same(name, &wanted, &info.config),
        Err(ApiFailure::Refused(error)) if error.error_code() == NAME_IN_USE => {
            let info: Info = info(link, name).await.map_err(|failure| failure.about(name))?;
            same(name, &wanted, &info.config)
        }
        Err(ApiFailure::Refused(error)) if error.error_code() == SUBJECTS_IN_USE => {
            let detail = "another stream already stores some of its subjects".to_owned();
            Err(BrokerError::Conflict { stream: name.clone(), detail })
        }
        Err(ApiFailure::Refused(error)) if NO_ROOM.contains(&error.error_code()) => {
            match appears(link, name).await {
                Some(info) => same(name, &wanted, &info.config),
                None => Err(ApiFailure::Refused(error).about(name)),
            }
        }
        Err(failure) => Err(failure.about(name)),
    }
}

/// Whoever creates a stream at the same moment as another finds the room reserved before the stream
/// is there to be seen.
async fn appears(link: &Link, name: &StreamName) -> Option<Info> {
    for _ in 0..LOOK_AGAIN {
        if let Ok(info) = info(link, name).await {
            return Some(info);
        }
        tokio::time::sleep(LOOK_AGAIN_AFTER).await;
    }
    None
}

/// The server says that a stream exists under this name, or that it has just made it: is it ours?
/// Not its word but the settings decide, so that a server which adds settings is no conflict.
fn same(stream: &StreamName, wanted: &Config, found: &Config) -> Result<(), BrokerError> {
    let differences = differences(wanted, found);
    if differences.is_empty() {
        return Ok(());
    }
    Err(BrokerError::Conflict { stream: stream.clone(), detail: differences.join(", ") })
}

/// What a stream holds.
pub(crate) async fn state(
    link: &Link,
    stream: &StreamName,
) -> Result<Option<StreamState>, BrokerError> {
    let state = match info(link, stream).await.map_err(|failure| failure.about(stream)) {
        Ok(info) => info.state,
        Err(BrokerError::Gone(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let last = Seq(state.last_sequence);
    let first = if state.messages == 0 { last.next() } else { Seq(state.first_sequence) };
    Ok(Some(StreamState { first, last, records: state.messages, bytes: state.bytes }))
}

/// Asks the server about a stream.
pub(crate) async fn info(link: &Link, stream: &StreamName) -> Result<Info, ApiFailure> {
    link.query(format!("STREAM.INFO.{stream}")).await
}

#[derive(Serialize)]
struct Purge<'a> {
    filter: &'a str,
    seq: u64,
}

#[derive(Deserialize)]
struct Done {}

/// Removes the records of a subject below a sequence.
pub(crate) async fn trim(
    link: &Link,
    stream: &StreamName,
    subject: &Subject,
    below: Seq,
) -> Result<(), BrokerError> {
    // Sequence 0 would mean "all of them" to the server; below 1 there is nothing.
    if below.0 <= 1 {
        return Ok(());
    }
    let purge = Purge { filter: subject.as_str(), seq: below.0 };
    let answer: Result<Done, _> = link.api(format!("STREAM.PURGE.{stream}"), &purge).await;
    answer.map(|Done {}| ()).map_err(|failure| failure.about(stream))
}

/// Removes a stream.
pub(crate) async fn delete(link: &Link, stream: &StreamName) -> Result<(), BrokerError> {
    let answer: Result<Done, _> = link.query(format!("STREAM.DELETE.{stream}")).await;
    match answer.map_err(|failure| failure.about(stream)) {
        Ok(Done {}) | Err(BrokerError::Gone(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
