//! One connection to the broker: requests that are slow, lost, cut off, or in doubt.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use broker::{Append, AppendError, BrokerError, Seq};
use model::{Network, Rng, watch};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::broker::{State, VirtualBroker};
use crate::faults::{Fate, Fault};
use crate::line::{Line, Request, Ticket};
use crate::observe::Happening;
use crate::sky::Sky;

/// A connection to the broker. Clones share it: they are slow, cut off and unlucky together.
#[derive(Clone, Debug)]
pub struct VirtualLog {
    pub(crate) connection: Arc<Connection>,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) broker: VirtualBroker,
    pub(crate) name: Arc<str>,
    line: Mutex<Line>,
    sky: watch::Sender<Sky>,
}

impl VirtualLog {
    pub(crate) fn new(connection: Arc<Connection>) -> Self {
        Self { connection }
    }

    /// Changes the network of this connection alone.
    pub fn set_network(&self, network: Network) {
        self.connection.set_network(network);
    }

    /// Cuts this connection: [`Network::Cut`].
    pub fn cut(&self) {
        self.set_network(Network::Cut);
    }

    /// Mends this connection: [`Network::Clear`].
    pub fn heal(&self) {
        self.set_network(Network::Clear);
    }

    /// Plans a fault; of several that match an append the first one strikes.
    pub fn plan(&self, fault: Fault) {
        self.connection.line().faults.add(fault);
    }

    /// Forgets planned faults that have not struck yet.
    pub fn forget(&self) {
        self.connection.line().faults.clear();
    }

    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        apply: impl FnOnce(&mut State) -> Result<T, BrokerError> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let answer = self.connection.request(apply, None).await;
        answer.unwrap_or_else(|| Err(BrokerError::Unavailable("no answer".into())))
    }

    /// An append, and what the broker says to it; `None` if nothing is heard.
    pub(crate) async fn send(&self, append: Append) -> Option<Result<Seq, AppendError>> {
        let fate = self.connection.line().faults.strike(&append.subject);
        let client = self.connection.name.clone();
        let sent = Arc::new(Sent { client, append, told: Mutex::default() });
        let arriving = sent.clone();
        let apply = move |state: &mut State| arriving.arrive(state);
        let outcome = self.connection.request(apply, fate).await;
        if outcome.is_none() {
            sent.give_up(&mut self.connection.broker.state());
        }
        outcome
    }
}

/// An append on its way: whether its sender still waits, and whether it was decided, tell what the
/// sender knows.
struct Sent {
    client: Arc<str>,
    append: Append,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    given_up: bool,
    stored: Option<bool>,
}

impl Sent {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrive(&self, state: &mut State) -> Result<Seq, AppendError> {
        let Self { client, append, .. } = self;
        let outcome = state.append(client, append);
        let stored = outcome.is_ok();
        let mut told = self.told();
        told.stored = Some(stored);
        if told.given_up {
            state.tell(client, &Happening::Unheard { append, stored });
        }
        outcome
    }

    fn give_up(&self, state: &mut State) {
        let Self { client, append, .. } = self;
        let mut told = self.told();
        told.given_up = true;
        match told.stored {
            Some(stored) => state.tell(client, &Happening::Unheard { append, stored }),
            None => state.tell(client, &Happening::Lost { append }),
        }
    }
}

impl Connection {
    pub(crate) fn new(broker: VirtualBroker, name: &str, rng: Rng, sky: Sky) -> Self {
        let latency = (broker.options.latency_min, broker.options.latency_max);
        let line = Mutex::new(Line::new(rng, latency));
        Self { broker, name: name.into(), line, sky: watch::Sender::new(sky) }
    }

    /// Not to be locked while the state of the broker is.
    pub(crate) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sky(&self) -> Sky {
        *self.sky.borrow()
    }

    pub(crate) fn set_network(&self, network: Network) {
        self.change(|sky| sky.network = network);
    }

    pub(crate) fn set_up(&self, up: bool) {
        self.change(|sky| sky.up = up);
    }

    fn change(&self, change: impl FnOnce(&mut Sky)) {
        self.sky.send_modify(|sky| {
            let before = sky.is_connected();
            change(sky);
            sky.breaks += u64::from(before && !sky.is_connected());
        });
        if self.sky().is_connected() {
            self.arrive();
        } else {
            self.line().lose(Instant::now());
        }
    }

    /// Waits for a sky of some kind.
    pub(crate) async fn until(&self, wanted: impl FnMut(&Sky) -> bool) {
        let mut sky = self.sky.subscribe();
        // The sender lives as long as this connection.
        let _ = sky.wait_for(wanted).await;
    }

    /// Lets requests that have arrived take effect, in their order. Returns when to come back for
    /// the next one; `None` if a change of the network will.
    fn arrive(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut line = self.line();
        if !self.sky().flows() {
            return None;
        }
        let stalled = self.broker.state().stalled(now);
        if let Some(until) = stalled {
            return line.due().map(|due| due.max(until));
        }
        while let Some(request) = line.arrived(now) {
            request(&self.broker);
        }
        line.due()
    }

    /// A request that changes or reads the broker, and its answer; `None` if none is heard.
    pub(crate) async fn request<T: Send + 'static>(
        self: &Arc<Self>,
        apply: impl FnOnce(&mut State) -> T + Send + 'static,
        fate: Option<Fate>,
    ) -> Option<T> {
        let until = Instant::now() + self.broker.options.request_timeout;
        let mut sky = self.sky();
        if !sky.is_connected() {
            timeout_at(until, self.until(Sky::is_connected)).await.ok()?;
            sky = self.sky();
        }
        let (answer, answered) = oneshot::channel();
        let request: Request = Box::new(move |broker| {
            let result = apply(&mut broker.state());
            // Whoever asked may have given up.
            let _ = answer.send(result);
        });
        let heard = match fate {
            None => self.exchange(request, sky.network, answered, until).await,
            Some(fate) => {
                self.doom(request, fate);
                None
            }
        };
        let broken = |now: &Sky| now.breaks != sky.breaks;
        if heard.is_none() {
            let _ = timeout_at(until, self.until(broken)).await;
        }
        heard.filter(|_| !broken(&self.sky()))
    }

    async fn exchange<T>(
        self: &Arc<Self>,
        request: Request,
        network: Network,
        mut answered: oneshot::Receiver<T>,
        until: Instant,
    ) -> Option<T> {
        let (ticket, due) = self.line().send(Instant::now(), network, request)?;
        let on_its_way = OnItsWay { connection: self, ticket };
        let mut back_at = due;
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answered => break answer.ok()?,
                () = sleep_until(back_at.min(until)) => {}
            }
            if back_at > until {
                on_its_way.leave();
                return None;
            }
            back_at = self.arrive().unwrap_or(until + Self::NEVER);
        };
        let arrives = self.line().answer(Instant::now(), self.sky().network)?;
        sleep_until(arrives.min(until)).await;
        if !self.sky().flows() {
            timeout_at(until, self.until(Sky::flows)).await.ok()?;
        }
        (arrives <= until).then_some(answer)
    }

    /// Longer than anybody waits.
    const NEVER: std::time::Duration = std::time::Duration::from_secs(1);

    /// A request whose answer never comes.
    fn doom(self: &Arc<Self>, request: Request, fate: Fate) {
        let (now, network) = (Instant::now(), self.sky().network);
        match fate {
            Fate::RequestLost => {}
            Fate::AnswerLost => {
                if let Some((ticket, _)) = self.line().send(now, network, request) {
                    self.see_through(ticket);
                }
            }
            Fate::Delayed(delay) => {
                let broker = self.broker.clone();
                tokio::spawn(async move {
                    sleep_until(now + delay).await;
                    request(&broker);
                });
            }
        }
    }

    /// Lets a request arrive that nobody waits for.
    fn see_through(self: &Arc<Self>, ticket: Ticket) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let connection = self.clone();
        runtime.spawn(async move {
            while let Some(due) = { connection.line().due_of(ticket) } {
                let now = Instant::now();
                let stalled = connection.broker.state().stalled(now).unwrap_or(now);
                sleep_until(due.max(stalled)).await;
                if !connection.sky().flows() {
                    // Mended, it arrives; broken, it is lost. Either way it is no longer there.
                    connection.until(|sky| sky.flows() || !sky.is_connected()).await;
                }
                connection.arrive();
            }
        });
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let word = self.line().word();
        self.broker.has_ended(word);
    }
}

/// A request that has been sent. If its sender dies meanwhile, it may arrive nevertheless.
struct OnItsWay<'a> {
    connection: &'a Arc<Connection>,
    ticket: Ticket,
}

impl OnItsWay<'_> {
    /// Its sender has waited long enough; it arrives when it does.
    fn leave(self) {
        self.connection.see_through(self.ticket);
        std::mem::forget(self);
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        let mut line = self.connection.line();
        if line.due_of(self.ticket).is_none() {
            return;
        }
        if line.coin() {
            drop(line);
            self.connection.see_through(self.ticket);
        } else {
            // Dropped without the lock: nobody knows what it holds.
            let recalled = line.recall(self.ticket);
            drop(line);
            drop(recalled);
        }
    }
}
