//! The handle: what the rest of the program holds.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    Admin, Append, AppendError, BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery,
    Log, Queue, QueueError, Receipt, Record, Seq, Start, StreamName, StreamSpec, StreamState,
    Subject,
};

use crate::link::Link;
use crate::options::ConnectOptions;
use crate::reader::NatsReader;
use crate::{admin, append, connect, consumer, last};

/// A connection to NATS JetStream. Clones share it; when the last clone and the last reader are
/// dropped, it is closed.
#[derive(Clone)]
pub struct NatsBroker {
    link: Arc<Link>,
}

impl NatsBroker {
    /// Connects, and checks that the server is one that this project can stand on.
    ///
    /// From then on the connection mends itself for ever; requests made meanwhile end with
    /// [`BrokerError::Unavailable`] or [`AppendError::InDoubt`], readers wait.
    ///
    /// # Errors
    ///
    /// [`BrokerError::Unavailable`] if no server answered within a few seconds,
    /// [`BrokerError::Unsuitable`] if it is too old, has no JetStream, or does not let us in.
    pub async fn connect(options: &ConnectOptions) -> Result<Self, BrokerError> {
        Ok(Self { link: Arc::new(connect::connect(options).await?) })
    }

    /// The version of the server that we are connected to at the moment, as it names itself.
    pub fn server_version(&self) -> String {
        self.link.client.server_info().version
    }
}

impl Log for NatsBroker {
    type Reader = NatsReader;

    async fn append(&self, append: Append) -> Result<Seq, AppendError> {
        append::append(&self.link, append).await
    }

    async fn last(
        &self,
        stream: &StreamName,
        subject: &Subject,
    ) -> Result<Option<Record>, BrokerError> {
        last::last(&self.link, stream, subject).await
    }

    async fn first_at(
        &self,
        stream: &StreamName,
        subject: &Subject,
        at: Seq,
    ) -> Result<Option<Record>, BrokerError> {
        last::first_at(&self.link, stream, subject, at).await
    }

    async fn read(
        &self,
        stream: &StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> Result<NatsReader, BrokerError> {
        NatsReader::open(self.link.clone(), stream.clone(), filters, start).await
    }
}

impl Admin for NatsBroker {
    async fn ensure(&self, spec: &StreamSpec) -> Result<(), BrokerError> {
        admin::ensure(&self.link, spec).await
    }

    async fn state(&self, stream: &StreamName) -> Result<Option<StreamState>, BrokerError> {
        admin::state(&self.link, stream).await
    }

    async fn trim(
        &self,
        stream: &StreamName,
        subject: &Subject,
        below: Seq,
    ) -> Result<(), BrokerError> {
        admin::trim(&self.link, stream, subject, below).await
    }

    async fn delete(&self, stream: &StreamName) -> Result<(), BrokerError> {
        admin::delete(&self.link, stream).await
    }
}

impl Queue for NatsBroker {
    async fn consumer(&self, stream: &StreamName, spec: &ConsumerSpec) -> Result<(), QueueError> {
        consumer::make(&self.link, stream, spec).await
    }

    async fn pull(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        patience: Duration,
    ) -> Result<Option<Delivery>, QueueError> {
        consumer::pull(&self.link, stream, consumer, patience).await
    }

    async fn ack(&self, receipt: &Receipt) -> Result<(), QueueError> {
        consumer::ack(&self.link, receipt).await
    }

    async fn nak(&self, receipt: &Receipt) -> Result<(), QueueError> {
        consumer::nak(&self.link, receipt).await
    }

    async fn remove(&self, stream: &StreamName, consumer: &ConsumerName) -> Result<(), QueueError> {
        consumer::remove(&self.link, stream, consumer).await
    }

    async fn progress(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<Option<ConsumerState>, QueueError> {
        consumer::progress(&self.link, stream, consumer).await
    }
}

impl std::fmt::Debug for NatsBroker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NatsBroker").field("state", &self.link.client.connection_state()).finish()
    }
}
