//! Tells the ledger what a member does with a partition, one record after the other, each until it is
//! known to be stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{Append, AppendError, Backoff, Queue, Seq};
use model::PartitionId;
use parti::MemberId;
use parti::records::{Epoch, Session, encode};
use reports::{Output, ToldRecord};

use super::desk::Desk;

/// Tells of one partition in one life.
pub(super) struct Teller<B> {
    pub(super) desk: Arc<Desk<B>>,
    pub(super) partition: PartitionId,
    pub(super) session: Session,
    /// Records so far; it goes on counting when the partition comes back.
    numbers: Arc<AtomicU64>,
}

impl<B: Queue> Teller<B> {
    /// A teller who goes on with `numbers`, which belong to this partition and this life.
    pub(super) fn new(
        desk: &Arc<Desk<B>>,
        partition: PartitionId,
        session: Session,
        numbers: Arc<AtomicU64>,
    ) -> Self {
        Self { desk: desk.clone(), partition, session, numbers }
    }

    pub(super) async fn owned(&mut self, epoch: Epoch, position: Option<Seq>) {
        let owned = |member, session, number| ToldRecord::Owned {
            member,
            session,
            number,
            epoch,
            position,
        };
        self.tell(owned).await;
    }

    pub(super) async fn done(&mut self, message: Seq, output: Output) {
        let done = |member, session, number| ToldRecord::Done {
            member,
            session,
            number,
            message,
            outputs: vec![output],
        };
        self.tell(done).await;
    }

    pub(super) async fn released(&mut self) {
        self.tell(|member, session, number| ToldRecord::Released { member, session, number }).await;
    }

    /// Tries until the record is stored; the caller bounds it by dropping. A copy that arrives late
    /// carries the same number, and counts once.
    async fn tell(&mut self, record: impl FnOnce(MemberId, Session, u64) -> ToldRecord) {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed) + 1;
        let Desk { broker, names, me, .. } = &*self.desk;
        let payload = encode(&record(me.clone(), self.session, number));
        let append = Append::new(names.ledger.clone(), names.own(self.partition), payload);
        let mut backoff = Backoff::default();
        while let Err(error) = broker.append(append.clone()).await {
            if let AppendError::Rejected(why) = error {
                tracing::warn!(partition = %self.partition, why, "the ledger takes no record");
            }
            backoff.wait().await;
        }
    }
}
