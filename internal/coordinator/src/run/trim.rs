//! Removing what is judged, so that a long run does not fill the broker.
//!
//! The last message and the last ledger record of a partition always stay: producers and owners go on
//! from them. Nothing that is not judged is ever removed; nor, where checkpoints are written, what a
//! checkpoint that the run may have to go on from has not seen.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Admin, Seq};
use model::PartitionId;
use parti::Names;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::feed::Read;
use crate::Judge;

/// Partitions that wait to be trimmed; beyond it they wait for their next turn.
const WAITING_MAX: usize = 64;

type Cut = (PartitionId, Seq, Seq);

/// Which partitions have enough judged messages to be trimmed.
pub(super) struct Trims {
    after: u64,
    done: BTreeMap<PartitionId, u64>,
    due: BTreeSet<PartitionId>,
    /// Trimmed as far as the hold allows, which is not as far as they are judged.
    held: BTreeSet<PartitionId>,
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
        let (due, held) = (BTreeSet::new(), BTreeSet::new());
        Self { after, done: BTreeMap::new(), due, held, cuts, _task: task }
    }

    /// So many messages of a partition were done.
    pub(super) fn done(&mut self, partition: PartitionId, messages: u64) {
        let count = self.done.entry(partition).or_default();
        *count += messages;
        if *count >= self.after {
            *count = 0;
            self.due.insert(partition);
        }
    }

    /// A run that is stopped now goes on from a newer place: what was held back may be trimmed.
    pub(super) fn let_go(&mut self) {
        self.due.append(&mut self.held);
    }

    /// Trims what is due, up to where the judge is done, but nothing beyond `hold`: from there on a
    /// run that is stopped has to read again.
    pub(super) fn cut(&mut self, judge: &Judge, hold: Option<Read>) {
        while let Some(partition) = self.due.pop_first() {
            let (Some(messages), Some(ledger)) =
                (judge.done_through(partition), judge.ledger_through(partition))
            else {
                continue;
            };
            let cut = match hold {
                Some(read) => (partition, messages.min(read.messages), ledger.min(read.ledger)),
                None => (partition, messages, ledger),
            };
            if self.cuts.try_send(cut).is_err() {
                // The broker takes its time.
                self.due.insert(partition);
                return;
            }
            if (cut.1, cut.2) != (messages, ledger) {
                self.held.insert(partition);
            }
        }
    }
}
