//! The receiving end of the bare pipeline: one ordered reader, one effect under way for each partition.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{Append, Log, Reader, Record, Seq, Start, Subject};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use model::{Message, PartitionId};
use parti::records::{Epoch, Holder, LedgerRecord, Session, Term, encode};
use parti::{MemberId, Names};
use reports::Output;

use super::append::append;
use crate::failure::Failure;

struct Working {
    partition: PartitionId,
    subject: Subject,
    head: Seq,
    /// The newest message that was processed.
    through: Seq,
    outputs: Vec<Output>,
    busy: bool,
}

struct Work<B> {
    broker: B,
    names: Names,
    holder: Holder,
    partitions: BTreeMap<PartitionId, Working>,
}

/// What came of an effect: of which partition, of how many messages.
type Recorded = (PartitionId, u64, Result<Seq, Failure>);

/// Works on `share` for ever, and adds up in `done` how many messages have an effect.
pub(super) async fn work(
    broker: impl Log,
    names: Names,
    member: MemberId,
    share: Vec<PartitionId>,
    done: Arc<AtomicU64>,
) -> Result<(), Failure> {
    let filters = share.iter().map(|partition| names.message(*partition)).collect();
    let mut reader = broker.read(&names.messages, filters, Start::At(Seq(1))).await?;
    let mut work = Work::new(broker, names, member, share);
    let mut effects = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(recorded) = effects.next() => {
                let (partition, messages, stored): Recorded = recorded;
                done.fetch_add(messages, Ordering::Relaxed);
                if let Some(working) = work.partitions.get_mut(&partition) {
                    working.head = stored?;
                    working.busy = false;
                }
                effects.extend(work.record(partition));
            }
            record = reader.next() => {
                if let Some(partition) = work.process(&record?) {
                    effects.extend(work.record(partition));
                }
            }
        }
    }
}

impl<B: Log> Work<B> {
    fn new(broker: B, names: Names, member: MemberId, share: Vec<PartitionId>) -> Self {
        let of = |partition: PartitionId| Working {
            partition,
            subject: names.own(partition),
            head: Seq::NONE,
            through: Seq::NONE,
            outputs: Vec::new(),
            busy: false,
        };
        let partitions = share.into_iter().map(|partition| (partition, of(partition))).collect();
        let (term, epoch, session) = (Term(1), Epoch(1), Session(1));
        Self { broker, names, holder: Holder { term, epoch, session, member }, partitions }
    }

    /// Takes in a message, and says of which partition.
    fn process(&mut self, record: &Record) -> Option<PartitionId> {
        let partition = self.names.partition_of(&record.subject)?;
        let working = self.partitions.get_mut(&partition)?;
        let message = Message::decode(&record.payload).ok()?;
        working.through = record.seq;
        working.outputs.push(Output::Done(message.partition_seq));
        Some(partition)
    }

    /// Records what was processed, unless an effect is under way.
    fn record(
        &mut self,
        partition: PartitionId,
    ) -> Option<impl Future<Output = Recorded> + use<B>> {
        let working = self.partitions.get_mut(&partition)?;
        if working.busy || working.outputs.is_empty() {
            return None;
        }
        working.busy = true;
        let outputs = std::mem::take(&mut working.outputs);
        let messages = outputs.len() as u64;
        let effect = LedgerRecord::Effect {
            holder: self.holder.clone(),
            claim: Seq(1),
            through: working.through,
            outputs,
        };
        let (stream, subject) = (self.names.ledger.clone(), working.subject.clone());
        let effect = Append::new(stream, subject, encode(&effect)).after(working.head);
        let (broker, partition) = (self.broker.clone(), working.partition);
        Some(async move { (partition, messages, append(&broker, effect).await) })
    }
}
