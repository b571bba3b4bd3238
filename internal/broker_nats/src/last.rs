//! Single records of a subject, asked of the stream's leader.
//!
//! Not by direct get: that is answered by any replica, perhaps one that lags, and its answer decides
//! who owns what.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::RawMessage;
use broker::{BrokerError, Record, Seq, StreamName, Subject};
use serde::{Deserialize, Serialize};

use crate::link::{ApiFailure, Link};

#[derive(Serialize)]
#[serde(untagged)]
enum Get<'a> {
    Last { last_by_subj: &'a str },
    Next { seq: u64, next_by_subj: &'a str },
}

#[derive(Deserialize)]
struct Got {
    message: RawMessage,
}

/// The newest record that matches `subject`.
pub(crate) async fn last(
    link: &Link,
    stream: &StreamName,
    subject: &Subject,
) -> Result<Option<Record>, BrokerError> {
    get(link, stream, &Get::Last { last_by_subj: subject.as_str() }).await
}

/// The oldest record of `subject` at or after `at`.
pub(crate) async fn first_at(
    link: &Link,
    stream: &StreamName,
    subject: &Subject,
    at: Seq,
) -> Result<Option<Record>, BrokerError> {
    // The server takes a zero for "no sequence" and refuses.
    get(link, stream, &Get::Next { seq: at.0.max(1), next_by_subj: subject.as_str() }).await
}

async fn get(
    link: &Link,
    stream: &StreamName,
    get: &Get<'_>,
) -> Result<Option<Record>, BrokerError> {
    match link.api::<Got>(format!("STREAM.MSG.GET.{stream}"), get).await {
        Ok(got) => record(got).map(Some),
        Err(ApiFailure::Refused(error)) if error.error_code() == ErrorCode::NO_MESSAGE_FOUND => {
            Ok(None)
        }
        Err(failure) => Err(failure.about(stream)),
    }
}

fn record(got: Got) -> Result<Record, BrokerError> {
    let message: StreamMessage = got.message.try_into().map_err(|error| {
        BrokerError::Unavailable(format!("the server's answer is not understood: {error}"))
    })?;
    Ok(Record {
        subject: Subject::new(message.subject.as_str())?,
        seq: Seq(message.sequence),
        stored_at_us: micros(message.time.unix_timestamp_nanos()),
        payload: message.payload,
        pending: 0,
    })
}

/// Microseconds from nanoseconds.
pub(crate) fn micros(nanos: i128) -> i64 {
    i64::try_from(nanos / 1000).unwrap_or(i64::MAX)
}
