//! One connection, shared by a broker handle, its clones and its readers: requests with a bound,
//! and a count of how often the connection was lost.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::client::{RequestError, RequestErrorKind};
use async_nats::connection::State;
use async_nats::jetstream::Error as ApiError;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::response::Response;
use async_nats::{Client, Message, Request};
use broker::{BrokerError, StreamName};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

/// How often a request that waits for the connection looks at its state.
const UP_POLL: Duration = Duration::from_millis(20);

/// The connection and what belongs to it.
pub(crate) struct Link {
    pub(crate) client: Client,
    pub(crate) request_timeout: Duration,
    losses: watch::Receiver<u64>,
    closed: Arc<AtomicBool>,
}

impl Link {
    pub(crate) fn new(
        client: Client,
        request_timeout: Duration,
        losses: watch::Receiver<u64>,
        closed: Arc<AtomicBool>,
    ) -> Self {
        Self { client, request_timeout, losses, closed }
    }

    /// Counts how often the connection was lost. A change means that whatever the server remembered
    /// of this connection may be gone.
    pub(crate) fn losses(&self) -> watch::Receiver<u64> {
        let mut losses = self.losses.clone();
        losses.mark_unchanged();
        losses
    }

    /// Waits until there is a connection. A request sent without one would be kept back by the
    /// client and arrive at the server long after its caller has given up.
    pub(crate) async fn up(&self) {
        while self.client.connection_state() != State::Connected {
            sleep(UP_POLL).await;
        }
    }

    /// Sends a request and waits for its answer, at most the request timeout in all, and no longer
    /// than the connection lasts: an answer does not find its way to the next one.
    pub(crate) async fn ask(&self, subject: String, request: Request) -> Result<Message, Lost> {
        let request = request.timeout(None);
        // Pinned here: handed on, it would be held twice.
        let answer = pin!(async {
            self.up().await;
            let mut losses = self.losses();
            tokio::select! {
                biased;
                answer = self.client.send_request(subject, request) => answer.map_err(Lost::from),
                _ = losses.changed() => Err(Lost::Unanswered("the connection was lost".to_owned())),
            }
        });
        timeout(self.request_timeout, answer).await.unwrap_or_else(|_| {
            Err(Lost::Unanswered(format!("no answer within {:?}", self.request_timeout)))
        })
    }

    /// Asks JetStream's JSON API something that needs no more than a subject.
    pub(crate) async fn query<T: DeserializeOwned>(
        &self,
        subject: String,
    ) -> Result<T, ApiFailure> {
        self.exchange(subject, Bytes::new()).await
    }

    /// Asks JetStream's JSON API.
    pub(crate) async fn api<T: DeserializeOwned>(
        &self,
        subject: String,
        body: &impl Serialize,
    ) -> Result<T, ApiFailure> {
        let body = serde_json::to_vec(body)
            .map_err(|error| ApiFailure::Unavailable(format!("request not written: {error}")))?;
        self.exchange(subject, body.into()).await
    }

    async fn exchange<T: DeserializeOwned>(
        &self,
        subject: String,
        body: Bytes,
    ) -> Result<T, ApiFailure> {
        let answer = self.ask(format!("$JS.API.{subject}"), Request::new().payload(body)).await?;
        match serde_json::from_slice(&answer.payload) {
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Err { error }) => Err(ApiFailure::Refused(error)),
            Err(error) => Err(ApiFailure::Unavailable(format!("answer not understood: {error}"))),
        }
    }
}

impl Drop for Link {
    /// Dropping the client ends its tasks; the flag lets a task that is busy reconnecting rest.
    fn drop(&mut self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// Why a request got no answer.
#[derive(Debug)]
pub(crate) enum Lost {
    /// Nobody listens on its subject. It was not processed.
    Nobody,
    /// It was not sent: the server would not take it.
    TooLarge(String),
    /// It was sent, perhaps.
    Unanswered(String),
}

impl From<RequestError> for Lost {
    fn from(error: RequestError) -> Self {
        match error.kind() {
            RequestErrorKind::NoResponders => Lost::Nobody,
            RequestErrorKind::MaxPayloadExceeded => Lost::TooLarge(error.to_string()),
            _ => Lost::Unanswered(error.to_string()),
        }
    }
}

/// Why JetStream's API did not do what was asked.
#[derive(Debug)]
pub(crate) enum ApiFailure {
    /// It says no.
    Refused(ApiError),
    /// It did not answer.
    Unavailable(String),
}

impl From<Lost> for ApiFailure {
    fn from(lost: Lost) -> Self {
        ApiFailure::Unavailable(match lost {
            Lost::Nobody => "JetStream does not answer on this server or account".to_owned(),
            Lost::TooLarge(what) | Lost::Unanswered(what) => what,
        })
    }
}

impl ApiFailure {
    /// The port's error for a request about `stream`.
    pub(crate) fn about(self, stream: &StreamName) -> BrokerError {
        match self {
            ApiFailure::Unavailable(why) => BrokerError::Unavailable(why),
            ApiFailure::Refused(error) if error.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                BrokerError::Gone(stream.clone())
            }
            ApiFailure::Refused(error) if is_transient(&error) => {
                BrokerError::Unavailable(error.to_string())
            }
            ApiFailure::Refused(error) => {
                BrokerError::Unsuitable(format!("stream {stream}: the server says: {error}"))
            }
        }
    }
}

/// Whether the same request may succeed later without anybody changing anything.
fn is_transient(error: &ApiError) -> bool {
    const FOR_GOOD: [ErrorCode; 7] = [
        ErrorCode::MEMORY_RESOURCES_EXCEEDED,
        ErrorCode::CLUSTER_NO_PEERS,
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::JETSTREAM_NOT_ENABLED,
        ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT,
        ErrorCode::STREAM_INVALID_CONFIG,
    ];
    error.code() >= 500 && !FOR_GOOD.contains(&error.error_code())
}
