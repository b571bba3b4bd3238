//! One connection to the broker: latency, cuts, lost requests and lost answers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use broker::{Append, AppendError, BrokerError, Seq};
use model::Rng;
use rand::RngExt;
use tokio::sync::watch;

use crate::broker::{State, VirtualBroker};
use crate::faults::{Fate, Fault, Faults};

/// A connection to the broker. Clones share it: they are slow, cut off and unlucky together.
#[derive(Clone, Debug)]
pub struct VirtualLog {
    pub(crate) broker: VirtualBroker,
    luck: Arc<Mutex<Luck>>,
    cut: Arc<watch::Sender<bool>>,
}

#[derive(Debug)]
struct Luck {
    rng: Rng,
    faults: Faults,
}

impl VirtualLog {
    pub(crate) fn new(broker: VirtualBroker, name: &str) -> Self {
        let rng = broker.options.seed.rng(name);
        let luck = Arc::new(Mutex::new(Luck { rng, faults: Faults::default() }));
        Self { broker, luck, cut: Arc::new(watch::Sender::new(false)) }
    }

    /// Cuts the connection: requests under way and new ones are never answered, readers deliver
    /// nothing.
    pub fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Mends the connection. Readers go on where they were.
    pub fn heal(&self) {
        self.cut.send_replace(false);
    }

    /// Plans a fault; of several that match an append the first one strikes.
    pub fn plan(&self, fault: Fault) {
        self.luck().faults.add(fault);
    }

    /// Forgets planned faults that have not struck yet.
    pub fn forget(&self) {
        self.luck().faults.clear();
    }

    fn luck(&self) -> MutexGuard<'_, Luck> {
        self.luck.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn latency(&self) -> Duration {
        let (min, max) = (self.broker.options.latency_min, self.broker.options.latency_max);
        min + max.saturating_sub(min).mul_f64(self.luck().rng.random())
    }

    pub(crate) fn is_cut(&self) -> bool {
        *self.cut.borrow()
    }

    /// Waits until the connection is not cut.
    pub(crate) async fn healed(&self) {
        let mut cut = self.cut.subscribe();
        // The sender lives as long as this handle.
        let _ = cut.wait_for(|cut| !cut).await;
    }

    /// One way of a request or an answer: whether it arrives.
    async fn way(&self) -> bool {
        tokio::time::sleep(self.latency()).await;
        !self.is_cut()
    }

    /// A request that changes or reads the broker, and its answer; `None` if there is none.
    async fn request<T>(&self, apply: impl FnOnce(&mut State) -> T) -> Option<T> {
        if self.way().await {
            let answer = apply(&mut self.broker.state());
            if self.way().await {
                return Some(answer);
            }
        }
        tokio::time::sleep(self.broker.options.request_timeout).await;
        None
    }

    pub(crate) async fn ask<T>(
        &self,
        apply: impl FnOnce(&mut State) -> Result<T, BrokerError>,
    ) -> Result<T, BrokerError> {
        let answer = self.request(apply).await;
        answer.unwrap_or_else(|| Err(BrokerError::Unavailable("no answer".into())))
    }

    /// An append, and what the broker says to it; `None` if nothing is heard.
    pub(crate) async fn send(&self, append: Append) -> Option<Result<Seq, AppendError>> {
        let fate = self.luck().faults.strike(&append.subject);
        let mut on_its_way = OnItsWay(Some((self, append)));
        if let Some(fate) = fate {
            self.doomed(on_its_way, fate).await;
            return None;
        }
        let arrive =
            |state: &mut State| on_its_way.0.take().map(|(_, append)| state.append(append));
        self.request(arrive).await.flatten()
    }

    /// An append whose answer never comes.
    async fn doomed(&self, mut on_its_way: OnItsWay<'_>, fate: Fate) {
        let arrives = self.way().await;
        let append = on_its_way.0.take().map(|(_, append)| append);
        let broker = self.broker.clone();
        match (fate, append) {
            (Fate::AnswerLost, Some(append)) if arrives => {
                let _ = broker.state().append(append);
            }
            (Fate::Delayed(delay), Some(append)) => {
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    let _ = broker.state().append(append);
                });
            }
            _ => {}
        }
        tokio::time::sleep(self.broker.options.request_timeout).await;
    }
}

/// An append that has been sent. If its sender dies meanwhile, it may arrive nevertheless.
struct OnItsWay<'a>(Option<(&'a VirtualLog, Append)>);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        if let Some((client, append)) = self.0.take()
            && !client.is_cut()
            && client.luck().rng.random()
        {
            let _ = client.broker.state().append(append);
        }
    }
}
