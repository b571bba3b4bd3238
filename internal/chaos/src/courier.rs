//! Brings faults to the coordinator without making chaos wait: the broker may be just what is
//! broken. Of a fault that changed while it waited, only the newest state is sent.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Log;
use reports::{Channel, Fault, Report};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Faults that wait to be known; further ones are dropped, and it is logged.
const WAITING_MAX: usize = 1_024;
/// Before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// Sends faults until they are acknowledged.
pub(crate) struct Courier {
    faults: mpsc::Sender<Fault>,
    /// Ends with the courier.
    task: JoinSet<()>,
}

impl Courier {
    pub fn start<B: Log>(broker: B, channel: Channel) -> Self {
        let (faults, waiting) = mpsc::channel(WAITING_MAX);
        let mut task = JoinSet::new();
        task.spawn(send(broker, channel, waiting));
        Self { faults, task }
    }

    /// Takes a fault; the same `id` again replaces it.
    pub fn post(&self, fault: Fault) {
        if let Err(error) = self.faults.try_send(fault) {
            tracing::warn!(%error, "a fault is not reported: the broker does not answer");
        }
    }

    /// Waits until everything is known, for a bounded time.
    pub async fn finish(mut self, within: Duration) {
        drop(self.faults);
        if tokio::time::timeout(within, self.task.join_next()).await.is_err() {
            tracing::warn!("faults are not reported: the broker did not answer in {within:?}");
        }
    }
}

async fn send<B: Log>(broker: B, channel: Channel, mut waiting: mpsc::Receiver<Fault>) {
    let mut newest: BTreeMap<u64, Fault> = BTreeMap::new();
    loop {
        while let Ok(fault) = waiting.try_recv() {
            take(&mut newest, fault);
        }
        let Some((id, fault)) = newest.pop_first() else {
            match waiting.recv().await {
                Some(fault) => take(&mut newest, fault),
                None => return,
            }
            continue;
        };
        if let Err(error) = channel.send(&broker, &Report::Fault(fault.clone())).await {
            tracing::debug!(%error, "fault not acknowledged; trying again");
            newest.insert(id, fault);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn take(newest: &mut BTreeMap<u64, Fault>, fault: Fault) {
    if newest.len() >= WAITING_MAX && !newest.contains_key(&fault.id) {
        tracing::warn!(id = fault.id, "a fault is not reported: too many wait for the broker");
        return;
    }
    newest.insert(fault.id, fault);
}
