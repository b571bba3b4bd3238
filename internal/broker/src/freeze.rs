//! A connection that can be frozen: what is behind it then looks to all others like a process that
//! was stopped (SIGSTOP), and like one that goes on, late, when it is thawed.
//!
//! While it is frozen nothing goes out and nothing comes in, and nothing is lost: requests wait
//! before they are passed on, answers and records wait before they are handed back. Time does not
//! stop behind it; whoever freezes it decides for how long.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use model::watch;

use crate::{
    Admin, Append, AppendError, BrokerError, ConsumerName, ConsumerSpec, ConsumerState, Delivery,
    Log, Queue, QueueError, Reader, Receipt, Record, Seq, Start, StreamName, StreamSpec,
    StreamState, Subject,
};

/// What gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Everything,
    Requests,
    Nothing,
}

/// Freezes and thaws every [`Freezable`] that was made with it. Clones are the same freezer.
#[derive(Clone, Debug)]
pub struct Freezer(Arc<watch::Sender<Flow>>);

impl Default for Freezer {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Flow::Everything)))
    }
}

impl Freezer {
    /// Nothing gets through any more, in either direction.
    pub fn freeze(&self) {
        self.0.send_replace(Flow::Nothing);
    }

    /// Requests and their answers get through, but readers still deliver nothing: a process that
    /// goes on and acts before it has read what it missed.
    pub fn thaw_requests(&self) {
        self.0.send_replace(Flow::Requests);
    }

    /// Everything goes on where it was.
    pub fn thaw(&self) {
        self.0.send_replace(Flow::Everything);
    }

    /// Whether anything is held back.
    pub fn is_frozen(&self) -> bool {
        *self.0.borrow() != Flow::Everything
    }

    async fn until(&self, mut flows: impl FnMut(&Flow) -> bool) {
        if flows(&self.0.borrow()) {
            return;
        }
        let mut flow = self.0.subscribe();
        // In a box: it is rare, and long. The sender lives as long as this handle.
        let _ = Box::pin(flow.wait_for(flows)).await;
    }

    /// Holds back a request, and then its answer. It is asked for here rather than handed in, or its
    /// future would be held twice.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` holds what it is handed twice")]
    fn pass<T, F: Future<Output = T>>(
        &self,
        request: impl FnOnce() -> F,
    ) -> impl Future<Output = T> {
        async move {
            self.until(|flow| *flow != Flow::Nothing).await;
            let answer = request().await;
            self.until(|flow| *flow != Flow::Nothing).await;
            answer
        }
    }
}

/// A connection that a [`Freezer`] can freeze.
#[derive(Clone, Debug)]
pub struct Freezable<B> {
    broker: B,
    freezer: Freezer,
}

impl<B> Freezable<B> {
    /// Puts `broker` behind `freezer`; several connections of one process share one freezer.
    pub fn new(broker: B, freezer: Freezer) -> Self {
        Self { broker, freezer }
    }
}

/// A reader of a [`Freezable`].
#[derive(Debug)]
pub struct FreezableReader<R> {
    reader: R,
    freezer: Freezer,
    /// Delivered by the broker, and not yet handed on: a dropped `next` loses nothing.
    held: Option<Result<Record, BrokerError>>,
}

impl<R: Reader> Reader for FreezableReader<R> {
    async fn next(&mut self) -> Result<Record, BrokerError> {
        loop {
            if !self.freezer.is_frozen()
                && let Some(held) = self.held.take()
            {
                return held;
            }
            if self.held.is_none() {
                self.held = Some(self.reader.next().await);
            }
            self.freezer.until(|flow| *flow == Flow::Everything).await;
        }
    }
}

impl<B: Log> Log for Freezable<B> {
    type Reader = FreezableReader<B::Reader>;

    fn append(&self, append: Append) -> impl Future<Output = Result<Seq, AppendError>> + Send {
        self.freezer.pass(|| self.broker.append(append))
    }

    async fn last(
        &self,
        stream: &StreamName,
        subject: &Subject,
    ) -> Result<Option<Record>, BrokerError> {
        self.freezer.pass(|| self.broker.last(stream, subject)).await
    }

    async fn first_at(
        &self,
        stream: &StreamName,
        subject: &Subject,
        at: Seq,
    ) -> Result<Option<Record>, BrokerError> {
        self.freezer.pass(|| self.broker.first_at(stream, subject, at)).await
    }

    async fn read(
        &self,
        stream: &StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> Result<Self::Reader, BrokerError> {
        let reader = self.freezer.pass(|| self.broker.read(stream, filters, start)).await?;
        Ok(FreezableReader { reader, freezer: self.freezer.clone(), held: None })
    }
}

impl<B: Admin> Admin for Freezable<B> {
    async fn ensure(&self, spec: &StreamSpec) -> Result<(), BrokerError> {
        self.freezer.pass(|| self.broker.ensure(spec)).await
    }

    async fn state(&self, stream: &StreamName) -> Result<Option<StreamState>, BrokerError> {
        self.freezer.pass(|| self.broker.state(stream)).await
    }

    async fn trim(
        &self,
        stream: &StreamName,
        subject: &Subject,
        below: Seq,
    ) -> Result<(), BrokerError> {
        self.freezer.pass(|| self.broker.trim(stream, subject, below)).await
    }

    async fn delete(&self, stream: &StreamName) -> Result<(), BrokerError> {
        self.freezer.pass(|| self.broker.delete(stream)).await
    }
}

impl<B: Queue> Queue for Freezable<B> {
    async fn consumer(&self, stream: &StreamName, spec: &ConsumerSpec) -> Result<(), QueueError> {
        self.freezer.pass(|| self.broker.consumer(stream, spec)).await
    }

    async fn pull(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
        patience: Duration,
    ) -> Result<Option<Delivery>, QueueError> {
        self.freezer.pass(|| self.broker.pull(stream, consumer, patience)).await
    }

    async fn ack(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.freezer.pass(|| self.broker.ack(receipt)).await
    }

    async fn nak(&self, receipt: &Receipt) -> Result<(), QueueError> {
        self.freezer.pass(|| self.broker.nak(receipt)).await
    }

    async fn remove(&self, stream: &StreamName, consumer: &ConsumerName) -> Result<(), QueueError> {
        self.freezer.pass(|| self.broker.remove(stream, consumer)).await
    }

    async fn progress(
        &self,
        stream: &StreamName,
        consumer: &ConsumerName,
    ) -> Result<Option<ConsumerState>, QueueError> {
        self.freezer.pass(|| self.broker.progress(stream, consumer)).await
    }
}
