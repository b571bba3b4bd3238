//! What a client says to the broker, and hears from it: requests that are slow, lost, cut off, or in doubt.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use broker::{Append, AppendError, BrokerError, Seq};
use model::Network;
use tokio::time::{Instant, timeout_at};

use crate::broker::State;
use crate::connection::Connection;
use crate::exchange::{Asked, Exchange, Patience};
use crate::faults::{Fate, Fault, Faults};
use crate::line::Ticket;
use crate::observe::Happening;
use crate::sky::Sky;

/// A connection to the broker. Clones share it: they are slow, cut off and unlucky together.
#[derive(Clone, Debug)]
pub struct VirtualLog {
    pub(crate) connection: Arc<Connection>,
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
        request: impl FnOnce(&mut State) -> Result<T, BrokerError> + Send + 'static,
    ) -> Result<T, BrokerError> {
        let answer = self.request(|state: &mut State, _| request(state), |_| None).await;
        answer.unwrap_or_else(|| Err(BrokerError::Unavailable("no answer".into())))
    }

    /// An append, and what the broker says to it: in doubt if nothing is heard.
    pub(crate) fn send(
        &self,
        append: Append,
    ) -> impl Future<Output = Result<Seq, AppendError>> + Send {
        let client = self.connection.name.clone();
        let sent = Arc::new(Sent { client, append, told: AtomicU8::new(0) });
        async move {
            let arriving = sent.clone();
            let arrive = move |state: &mut State, now| arriving.arrive(state, now);
            let fate = |faults: &mut Faults| faults.strike(&sent.append.subject);
            if let Some(outcome) = self.request(arrive, fate).await {
                return outcome;
            }
            sent.give_up(&mut self.connection.broker.state());
            Err(AppendError::InDoubt("no answer".into()))
        }
    }

    /// A request that changes or reads the broker, and its answer; `None` if none is heard.
    pub(crate) async fn request<T: Send + 'static>(
        &self,
        request: impl FnOnce(&mut State, Instant) -> T + Send + 'static,
        fate: impl FnOnce(&mut Faults) -> Option<Fate>,
    ) -> Option<T> {
        let (connection, mut now) = (&self.connection, Instant::now());
        let until = now + connection.broker.options.request_timeout;
        let (mut sky, fate) = {
            let mut line = connection.line();
            (line.sky, fate(&mut line.faults))
        };
        if !sky.is_connected() {
            // In a box: it is rare, and long.
            Box::pin(timeout_at(until, connection.until(Sky::is_connected))).await.ok()?;
            (sky, now) = (connection.sky(), Instant::now());
        }
        let patience = Patience { until, breaks: sky.breaks };
        let exchange = Arc::new(Exchange::new(request, patience));
        let asked: Arc<dyn Asked> = exchange.clone();
        let ticket = connection.send(&asked, fate, now);
        let _waiting = Waiting { connection, asked, ticket };
        poll_fn(|context| exchange.poll(context)).await
    }
}

/// Waits for an answer. If it is dropped meanwhile, the request may arrive nevertheless.
struct Waiting<'a> {
    connection: &'a Connection,
    asked: Arc<dyn Asked>,
    ticket: Option<Ticket>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.asked.is_over() {
            // Nobody hears what is said to it.
            self.asked.end();
            if let Some(ticket) = self.ticket {
                self.connection.abandon(ticket);
            }
        }
    }
}

/// An append on its way: whether its sender still waits, and whether it was decided, tell what the
/// sender knows.
struct Sent {
    client: Arc<str>,
    append: Append,
    /// Changed only while the state of the broker is locked.
    told: AtomicU8,
}

/// Nobody waits for it any more.
const GIVEN_UP: u8 = 1;
/// It has arrived at the broker…
const DECIDED: u8 = 2;
/// …which has stored it.
const STORED: u8 = 4;

impl Sent {
    fn arrive(&self, state: &mut State, now: Instant) -> Result<Seq, AppendError> {
        let Self { client, append, told } = self;
        let outcome = state.append(client, append, now);
        let stored = outcome.is_ok();
        let decided = if stored { DECIDED | STORED } else { DECIDED };
        if told.fetch_or(decided, Ordering::Relaxed) & GIVEN_UP != 0 {
            state.tell(client, &Happening::Unheard { append, stored });
        }
        outcome
    }

    fn give_up(&self, state: &mut State) {
        let Self { client, append, told } = self;
        let told = told.fetch_or(GIVEN_UP, Ordering::Relaxed);
        match told & DECIDED {
            0 => state.tell(client, &Happening::Lost { append }),
            _ => state.tell(client, &Happening::Unheard { append, stored: told & STORED != 0 }),
        }
    }
}
