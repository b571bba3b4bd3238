//! One partition at work: messages in order through the handler, effects in order into the ledger.
//!
//! The next message is processed while the effect of the ones before is on its way; what was
//! processed meanwhile goes into the next effect together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use broker::{Backoff, Log, Seq};
use bugs::Bug;
use bytes::Bytes;
use model::{PartitionId, watch};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::chain::{Chain, Fenced};
use crate::context::Context;
use crate::event::Event;
use crate::handler::{Delivery, Handler};
use crate::life::Standing;
use crate::records::{Holder, LedgerRecord};

/// Messages that wait for the handler, per partition. A reader that finds the queue full leaves the
/// partition to a reader of its own.
pub(crate) const QUEUE_MAX: usize = 256;
/// Processed messages that wait for their effect, per partition; beyond that the handler waits.
const UNRECORDED_MAX: usize = 256;

/// How a lane ended.
#[derive(Debug)]
pub(crate) enum LaneEnd {
    /// Everything processed is recorded and the partition is released.
    Released,
    /// Everything processed is recorded, and the life is over: nobody waits for a release.
    Dropped,
    /// Somebody else has it.
    Fenced(Holder),
}

/// A partition that this member owns.
pub(crate) struct Lane<B, H: Handler> {
    pub(crate) context: Arc<Context<B>>,
    pub(crate) handler: Arc<H>,
    pub(crate) partition: PartitionId,
    pub(crate) holder: Holder,
    pub(crate) chain: Chain<B>,
    pub(crate) through: Seq,
    pub(crate) queue: mpsc::Receiver<Delivery>,
    /// True once the partition is revoked.
    pub(crate) revoked: watch::Receiver<bool>,
    /// Whether this member can prove that it is alive.
    pub(crate) standing: watch::Receiver<Standing>,
}

type Pending<T> = Option<Pin<Box<dyn Future<Output = T> + Send>>>;

async fn finished<T>(pending: &mut Pending<T>) -> T {
    match pending {
        Some(future) => {
            let output = future.await;
            *pending = None;
            output
        }
        None => std::future::pending().await,
    }
}

impl<B: Log, H: Handler> Lane<B, H> {
    /// Works until the partition is revoked or lost.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` holds what it is handed twice")]
    pub(crate) fn run(mut self) -> impl Future<Output = LaneEnd> + Send {
        async move {
            let mut handling: Pending<(Seq, H::Output)> = None;
            let mut recording: Pending<Result<Seq, Fenced>> = None;
            let mut outputs = Vec::new();
            let mut on_its_way = 0;
            let mut deadline: Option<Instant> = None;
            // They wait for as long as the lane lives, instead of anew in each turn.
            let revocation = watch::raised(self.revoked.clone());
            let news = watch::changed(self.standing.clone());
            tokio::pin!(revocation, news);
            loop {
                if recording.is_none() && !outputs.is_empty() {
                    on_its_way = outputs.len() as u64;
                    recording = Some(Box::pin(self.record(std::mem::take(&mut outputs))));
                }
                let standing = *self.standing.borrow_and_update();
                if standing == Standing::Over {
                    deadline = Some(Instant::now());
                }
                if deadline.is_some() && handling.is_none() && recording.is_none() {
                    break;
                }
                let ready = deadline.is_none()
                    && handling.is_none()
                    && standing == Standing::Sound
                    && outputs.len() < UNRECORDED_MAX;
                tokio::select! {
                    biased;
                    recorded = finished(&mut recording) => match recorded {
                        Ok(head) => self.chain.head = head,
                        Err(fenced) => return self.fenced(fenced, on_its_way + outputs.len() as u64),
                    },
                    (seq, output) = finished(&mut handling) => {
                        self.through = seq;
                        outputs.push(output);
                    }
                    () = &mut revocation, if deadline.is_none() => {
                        if bugs::has(Bug::BacklogDropped) {
                            self.drop_backlog();
                        }
                        deadline = Some(Instant::now() + self.context.timing.revoke_grace());
                    }
                    () = until(deadline), if handling.is_some() => handling = None,
                    () = &mut news => news.set(watch::changed(self.standing.clone())),
                    delivery = self.queue.recv(), if ready => {
                        if let Some(delivery) = delivery.filter(|delivery| delivery.seq > self.through) {
                            if is_skipped(&delivery) {
                                self.through = delivery.seq;
                                continue;
                            }
                            handling = Some(Box::pin(self.handle(delivery)));
                        }
                    }
                }
            }
            let standing = *self.standing.borrow();
            match standing {
                Standing::Over => LaneEnd::Dropped,
                // In a box: it comes once.
                Standing::Sound | Standing::Lapsed => Box::pin(self.release()).await,
            }
        }
    }

    /// Calls the handler until it succeeds.
    fn handle(&self, mut delivery: Delivery) -> impl Future<Output = (Seq, H::Output)> + use<B, H> {
        let (context, handler) = (self.context.clone(), self.handler.clone());
        async move {
            let mut backoff = Backoff::default();
            loop {
                let permit = context.handlers.acquire().await;
                context.counters.attempts.fetch_add(1, Ordering::Relaxed);
                match handler.handle(delivery.clone()).await {
                    Ok(output) => return (delivery.seq, output),
                    Err(error) => {
                        drop(permit);
                        context.counters.failures.fetch_add(1, Ordering::Relaxed);
                        context.emit(Event::HandlerFailed {
                            partition: delivery.partition,
                            attempt: delivery.attempt,
                            error: error.to_string(),
                        });
                    }
                }
                backoff.wait().await;
                delivery.attempt += 1;
            }
        }
    }

    fn record(
        &self,
        mut outputs: Vec<H::Output>,
    ) -> impl Future<Output = Result<Seq, Fenced>> + use<B, H> {
        if bugs::has(Bug::Reordered) {
            outputs.reverse();
        }
        let effect = LedgerRecord::Effect {
            holder: self.holder.clone(),
            claim: self.chain.claim,
            through: self.through,
            outputs,
        };
        let (chain, payload) = (self.chain.clone(), effect.encode());
        let is_repeated = bugs::has(Bug::EffectTwice) && self.through.0.is_multiple_of(8);
        async move {
            if !is_repeated {
                return chain.append(payload).await;
            }
            let head = chain.clone().append(payload.clone()).await?;
            Box::pin(Chain { head, ..chain }.append(payload)).await
        }
    }

    fn drop_backlog(&mut self) {
        while let Ok(delivery) = self.queue.try_recv() {
            self.through = delivery.seq;
        }
    }

    /// The last record of a graceful end. It speeds nothing up: it is the evidence that the next
    /// claim took nothing from a living owner.
    async fn release(self) -> LaneEnd {
        let release = LedgerRecord::<()>::Release {
            holder: self.holder.clone(),
            claim: self.chain.claim,
            through: self.through,
        };
        let payload: Bytes = release.encode();
        match self.chain.clone().append(payload).await {
            Ok(_) => LaneEnd::Released,
            Err(fenced) => self.fenced(fenced, 0),
        }
    }

    fn fenced(&self, fenced: Fenced, messages: u64) -> LaneEnd {
        let by = fenced.by;
        self.context.counters.fenced.fetch_add(messages, Ordering::Relaxed);
        self.context.emit(Event::Fenced {
            partition: self.partition,
            messages,
            claim: self.chain.claim,
            by: by.clone(),
        });
        LaneEnd::Fenced(by)
    }
}

fn is_skipped(delivery: &Delivery) -> bool {
    bugs::has(Bug::MessageSkipped) && delivery.seq.0 % 40 == 7
        || bugs::has(Bug::Canary) && delivery.seq.0 == 3
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
