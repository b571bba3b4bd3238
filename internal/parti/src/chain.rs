//! Extending the chain of a partition that we claimed: effects and the release.
//!
//! One append is under way at a time, each on the condition that the chain still ends where we left
//! it. So an append that was refused or is in doubt has one of three explanations, and what stands in
//! the chain since tells which: it arrived, it did not, or somebody else claimed the partition.

use std::future::Future;

use broker::{Append, AppendError, Backoff, Log, Seq, StreamName, Subject};
use bugs::Bug;
use bytes::Bytes;
use model::PartitionId;
use serde::de::IgnoredAny;

use crate::records::{self, Holder, LedgerRecord};

/// Our place in the chain of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Chain<B> {
    pub(crate) broker: B,
    /// Where it stands.
    pub(crate) ledger: StreamName,
    pub(crate) subject: Subject,
    pub(crate) partition: PartitionId,
    /// The sequence of our claim.
    pub(crate) claim: Seq,
    /// The last record of the chain, as far as we know.
    pub(crate) head: Seq,
}

/// Somebody else claimed the partition: nothing that we append will ever be stored again.
#[derive(Debug)]
pub(crate) struct Fenced {
    pub(crate) by: Holder,
}

/// What the chain says about an append of ours that was not acknowledged.
enum Doubt {
    /// It was stored, as this record.
    Arrived(Seq),
    /// It was not, and the chain now ends here.
    Missing(Seq),
    Fenced(Holder),
}

impl<B: Log> Chain<B> {
    /// Appends one of our records; returns the new head. Waits through outages.
    #[expect(clippy::manual_async_fn, reason = "an `async fn` holds what it is handed twice")]
    pub(crate) fn append(self, payload: Bytes) -> impl Future<Output = Result<Seq, Fenced>> + Send {
        async move {
            let (mut head, mut backoff) = (self.head, Backoff::default());
            loop {
                let append =
                    Append::new(self.ledger.clone(), self.subject.clone(), payload.clone());
                let is_fenced = !bugs::has(Bug::EffectWithoutFence);
                let append = if is_fenced { append.after(head) } else { append };
                match self.broker.append(append).await {
                    Ok(seq) => return Ok(seq),
                    Err(AppendError::Refused(_)) => {}
                    Err(AppendError::InDoubt(_)) => backoff.wait().await,
                    Err(AppendError::Rejected(why)) => {
                        let partition = self.partition;
                        tracing::warn!(%partition, why, "effect rejected; trying again");
                        backoff.wait().await;
                    }
                }
                // In a box: it is rare, and long.
                match Box::pin(self.resolve(head, &payload)).await {
                    Doubt::Arrived(seq) => return Ok(seq),
                    Doubt::Missing(found) => head = found,
                    Doubt::Fenced(by) => return Err(Fenced { by }),
                }
            }
        }
    }

    async fn resolve(&self, head: Seq, payload: &Bytes) -> Doubt {
        let mut backoff = Backoff::default();
        loop {
            match self.look(head, payload).await {
                Ok(doubt) => return doubt,
                Err(error) => {
                    tracing::debug!(partition = %self.partition, %error, "still in doubt")
                }
            }
            backoff.wait().await;
        }
    }

    /// Reads on from where we left the chain. Foreign records (somebody wrote to our subject) say
    /// nothing about ownership; what stands between them does.
    async fn look(&self, head: Seq, payload: &Bytes) -> Result<Doubt, broker::BrokerError> {
        let (mut head, mut arrived) = (head, false);
        while let Some(record) =
            self.broker.first_at(&self.ledger, &self.subject, head.next()).await?
        {
            if record.payload == *payload {
                arrived = true;
            } else if let Ok(theirs) = records::decode::<LedgerRecord<IgnoredAny>>(&record) {
                // If ours arrived before, the next append finds out.
                let fenced = Doubt::Fenced(theirs.holder().clone());
                return Ok(if arrived { Doubt::Arrived(head) } else { fenced });
            }
            head = record.seq;
        }
        Ok(if arrived { Doubt::Arrived(head) } else { Doubt::Missing(head) })
    }
}
