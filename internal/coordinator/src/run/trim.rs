//! Removing what is judged, so that a long run does not fill the broker.
//!
//! The last message and the last ledger record of a partition always stay: producers and owners go on
//! from them. Nothing that is not judged is ever removed.

use std::collections::BTreeMap;

use broker::{Admin, Seq};
use model::PartitionId;
use parti::Names;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::Judge;

/// Partitions that wait to be trimmed; beyond it they wait for their next turn.
const WAITING_MAX: usize = 64;

type Cut = (PartitionId, Seq, Seq);

/// Which partitions have enough judged messages to be trimmed.
pub(super) struct Trims {
    after: u64,
    done: BTreeMap<PartitionId, u64>,
    due: Vec<PartitionId>,
    cuts: mpsc::Sender<Cut>,
    _task: JoinSet<()>,
}

impl Trims {
    /// Trims a partition whenever `after` messages more are judged.
    pub(super) fn new<B: Admin>(broker: B, names: Names, after: u64) -> Self {
        let (cuts, mut waiting) = mpsc::channel::<Cut>(WAITING_MAX);
        let mut task = JoinSet::new();
        task.spawn(async move {
            while let Some((partition, messages, ledger)) = waiting.recv().await {
                let cut = async {
                    let message = names.message(partition);
                    broker.trim(&names.messages, &message, messages).await?;
                    broker.trim(&names.ledger, &names.own(partition), ledger).await
                };
                if let Err(error) = cut.await {
                    tracing::debug!(%partition, %error, "not trimmed; at the next turn");
                }
            }
        });
        Self { after, done: BTreeMap::new(), due: Vec::new(), cuts, _task: task }
    }

    /// So many messages of a partition were done.
    pub(super) fn done(&mut self, partition: PartitionId, messages: u64) {
        let count = self.done.entry(partition).or_default();
        *count += messages;
        if *count >= self.after {
            *count = 0;
            self.due.push(partition);
        }
    }

    /// Trims what is due, up to where the judge is done.
    pub(super) fn cut(&mut self, judge: &Judge) {
        for partition in self.due.drain(..) {
            let (Some(messages), Some(ledger)) =
                (judge.done_through(partition), judge.ledger_through(partition))
            else {
                continue;
            };
            // If the queue is full, the partition is due again after as many messages.
            let _ = self.cuts.try_send((partition, messages, ledger));
        }
    }
}
