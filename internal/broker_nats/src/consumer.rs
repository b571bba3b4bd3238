//! Durable consumers with explicit acknowledgements, on JetStream's JSON API and its plain subjects.
//!
//! An acknowledgement is sent as a request, and its answer is looked at: async-nats takes the
//! server's "nobody listens" for a confirmation.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::{Message, Request, StatusCode};
use broker::{
    BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery, QueueError, Receipt, Seq,
    StreamName, Subject,
};
use bytes::Bytes;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use crate::link::{ApiFailure, Link, Lost};
use crate::reader::{Place, place};

/// There is a stream, and no such consumer.
const CONSUMER_NOT_FOUND: ErrorCode = ErrorCode::CONSUMER_NOT_FOUND;

/// The shortest time that a pull may wait.
const SHORTEST: Duration = Duration::from_millis(1);

#[derive(Serialize)]
struct Create<'a> {
    stream_name: &'a str,
    config: Config<'a>,
}

#[derive(Serialize)]
struct Config<'a> {
    name: &'a str,
    durable_name: &'a str,
    deliver_policy: &'static str,
    ack_policy: &'static str,
    replay_policy: &'static str,
    filter_subjects: Vec<&'a str>,
    ack_wait: u128,
    max_deliver: i64,
    max_ack_pending: u32,
}

#[derive(Deserialize)]
struct Done {}

#[derive(Deserialize)]
struct Info {
    num_pending: u64,
    num_ack_pending: u64,
    num_redelivered: u64,
    delivered: Delivered,
}

#[derive(Deserialize)]
struct Delivered {
    stream_seq: u64,
}

/// Makes or changes a consumer.
pub(crate) async fn make(
    link: &Link,
    stream: &StreamName,
    spec: &ConsumerSpec,
) -> Result<(), QueueError> {
    let name = spec.name.as_str();
    let config = Config {
        name,
        durable_name: name,
        deliver_policy: "all",
        ack_policy: "explicit",
        replay_policy: "instant",
        filter_subjects: spec.filters.iter().map(Subject::as_str).collect(),
        ack_wait: spec.ack_wait.as_nanos(),
        max_deliver: spec.max_deliver.map_or(-1, i64::from),
        max_ack_pending: spec.max_ack_pending,
    };
    let create = Create { stream_name: stream.as_str(), config };
    let made = link.api::<Done>(format!("CONSUMER.CREATE.{stream}.{name}"), &create).await;
    match made {
        Ok(Done {}) => Ok(()),
        Err(ApiFailure::Refused(error))
            if (400..500).contains(&error.code())
                && error.error_code() != ErrorCode::STREAM_NOT_FOUND =>
        {
            Err(QueueError::Rejected { consumer: spec.name.clone(), why: error.to_string() })
        }
        Err(failure) => Err(failure.about(stream).into()),
    }
}

/// Removes a consumer, if it is there.
pub(crate) async fn remove(
    link: &Link,
    stream: &StreamName,
    consumer: &ConsumerName,
) -> Result<(), QueueError> {
    match link.query::<Done>(format!("CONSUMER.DELETE.{stream}.{consumer}")).await {
        Ok(Done {}) => Ok(()),
        Err(ApiFailure::Refused(error)) if error.error_code() == CONSUMER_NOT_FOUND => Ok(()),
        Err(failure) => Err(failure.about(stream).into()),
    }
}

/// How far a consumer is.
pub(crate) async fn progress(
    link: &Link,
    stream: &StreamName,
    consumer: &ConsumerName,
) -> Result<Option<ConsumerState>, QueueError> {
    match link.query::<Info>(format!("CONSUMER.INFO.{stream}.{consumer}")).await {
        Ok(info) => Ok(Some(ConsumerState {
            waiting: info.num_pending,
            unacked: info.num_ack_pending,
            redelivered: info.num_redelivered,
            position: Seq(info.delivered.stream_seq),
        })),
        Err(ApiFailure::Refused(error)) if error.error_code() == CONSUMER_NOT_FOUND => Ok(None),
        Err(failure) => Err(failure.about(stream).into()),
    }
}

/// Why nobody listens on a subject of a consumer.
async fn nobody(link: &Link, stream: &StreamName, consumer: &ConsumerName) -> QueueError {
    match progress(link, stream, consumer).await {
        Ok(None) => QueueError::Missing { stream: stream.clone(), consumer: consumer.clone() },
        Ok(Some(_)) => {
            let why = format!("consumer {consumer} of stream {stream} does not answer");
            BrokerError::Unavailable(why).into()
        }
        Err(error) => error,
    }
}

#[derive(Serialize)]
struct Pull {
    batch: usize,
    expires: u128,
}

/// The next delivery. The server ends a pull that it cannot serve; the request timeout is for its
/// word about that.
pub(crate) async fn pull(
    link: &Link,
    stream: &StreamName,
    consumer: &ConsumerName,
    patience: Duration,
) -> Result<Option<Delivery>, QueueError> {
    let unavailable = |why: String| QueueError::from(BrokerError::Unavailable(why));
    let silent = || unavailable(format!("no answer about consumer {consumer} of stream {stream}"));
    let exchange = async {
        link.up().await;
        let mut losses = link.losses();
        let inbox = link.client.new_inbox();
        let mut messages = link.client.subscribe(inbox.clone()).await.map_err(text)?;
        // No time at all would mean for ever.
        let expires = patience.max(SHORTEST).as_nanos();
        let pull = Pull { batch: 1, expires };
        let body = serde_json::to_vec(&pull).map_err(text)?;
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        link.client.publish_with_reply(subject, inbox, body.into()).await.map_err(text)?;
        tokio::select! {
            biased;
            message = messages.next() => message.ok_or_else(|| "the inbox was closed".to_owned()),
            _ = losses.changed() => Err("the connection was lost".to_owned()),
        }
    };
    let answer = timeout(patience + link.request_timeout, exchange).await.map_err(|_| silent())?;
    let message = answer.map_err(unavailable)?;
    match message.status {
        None => delivery(message, stream, consumer).map(Some),
        Some(StatusCode::TIMEOUT | StatusCode::NOT_FOUND) => Ok(None),
        // "Nobody listens", or that the consumer was deleted meanwhile.
        Some(_) => Err(nobody(link, stream, consumer).await),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn delivery(
    message: Message,
    stream: &StreamName,
    consumer: &ConsumerName,
) -> Result<Delivery, QueueError> {
    let unclear = || BrokerError::Unavailable(format!("no place in reply {:?}", message.reply));
    let place = message.reply.as_deref().and_then(place).ok_or_else(unclear)?;
    let subject = Subject::new(message.subject.as_str()).map_err(BrokerError::from)?;
    let Place { tries, seq, delivery: number, pending, stored_at_ns } = place;
    let (seq, stored_at_us) = (Seq(seq), stored_at_ns / 1000);
    let receipt =
        Receipt { stream: stream.clone(), consumer: consumer.clone(), seq, number, tries };
    let record = broker::Record { subject, seq, stored_at_us, payload: message.payload, pending };
    Ok(Delivery { record, receipt })
}

/// Acknowledges a record.
pub(crate) async fn ack(link: &Link, receipt: &Receipt) -> Result<(), QueueError> {
    answer(link, receipt, "+ACK").await
}

/// Asks for it to be delivered again.
pub(crate) async fn nak(link: &Link, receipt: &Receipt) -> Result<(), QueueError> {
    answer(link, receipt, "-NAK").await
}

async fn answer(link: &Link, receipt: &Receipt, word: &'static str) -> Result<(), QueueError> {
    let Receipt { stream, consumer, seq, number, tries } = receipt;
    // The server reads time and rest, the last two, of no acknowledgement.
    let subject = format!("$JS.ACK.{stream}.{consumer}.{tries}.{seq}.{number}.0.0");
    let request = Request::new().payload(Bytes::from_static(word.as_bytes()));
    match link.ask(subject, request).await {
        Ok(_) => Ok(()),
        Err(Lost::Nobody) => Err(nobody(link, stream, consumer).await),
        Err(Lost::TooLarge(why) | Lost::Unanswered(why)) => {
            Err(BrokerError::Unavailable(why).into())
        }
    }
}
