//! The broker: its streams, its clock, and the connections that share it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use broker::{Append, AppendError, BrokerError, Record, Seq, StreamName, StreamSpec};
use model::{Network, RunClock, Timestamp};
use tokio::time::Instant;

use crate::agenda::Agenda;
use crate::client::VirtualLog;
use crate::connection::Connection;
use crate::log::Stream;
use crate::observe::{Happening, Observer};
use crate::options::Options;
use crate::sky::Sky;

/// What the broker's clock shows when it is made: some day in 2023.
const EPOCH: Timestamp = Timestamp(1_700_000_000_000_000);

/// A broker in memory. Clones are the same broker.
#[derive(Clone, Debug)]
pub struct VirtualBroker {
    state: Arc<Mutex<State>>,
    clients: Arc<Mutex<Clients>>,
    /// The next words of the random streams of all connections that ended, added up.
    last_words: Arc<AtomicU64>,
    pub(crate) agenda: Agenda,
    pub(crate) options: Options,
}

/// The broker without any way to it: every request takes effect in the instant it is made.
#[derive(Debug)]
pub(crate) struct State {
    /// A handful.
    streams: Vec<Stream>,
    clock: RunClock,
    /// When something last happened.
    time: Instant,
    /// The broker does nothing before.
    stalled_until: Instant,
    /// Streams that were ever made: tells one from a later one of the same name.
    made: u64,
    observer: Option<Box<dyn Observer>>,
    agenda: Agenda,
}

/// Who is connected, and what their ways to the broker are like.
#[derive(Debug)]
struct Clients {
    up: bool,
    by_name: BTreeMap<String, Client>,
}

#[derive(Debug, Default)]
struct Client {
    network: Network,
    /// Connections that were ever made under this name.
    made: u64,
    connections: Vec<Weak<Connection>>,
}

impl VirtualBroker {
    /// An empty broker. Its clock begins now, so call it inside the runtime that it will live in.
    pub fn new(options: Options) -> Self {
        let (clock, agenda) = (RunClock::starting_at(EPOCH), Agenda::new());
        tokio::spawn(agenda.clone().carry_out());
        let state = State {
            streams: Vec::new(),
            clock,
            time: Instant::now(),
            stalled_until: Instant::now(),
            made: 0,
            observer: None,
            agenda: agenda.clone(),
        };
        let clients = Clients { up: true, by_name: BTreeMap::new() };
        let (state, clients) = (Arc::new(Mutex::new(state)), Arc::new(Mutex::new(clients)));
        Self { state, clients, last_words: Arc::default(), agenda, options }
    }

    /// The broker's clock.
    pub fn clock(&self) -> RunClock {
        self.state().clock
    }

    /// Tells `observer` what happens from now on.
    pub fn observe(&self, observer: Box<dyn Observer>) {
        self.state().observer = Some(observer);
    }

    /// The next words of the random streams of all connections that ended so far, added up: two runs
    /// that drew differently differ here, even if nothing came of it.
    pub fn last_words(&self) -> u64 {
        self.last_words.load(Ordering::Relaxed)
    }

    pub(crate) fn has_ended(&self, last_word: u64) {
        self.last_words.fetch_add(last_word, Ordering::Relaxed);
    }

    /// A new connection, with latencies and faults of its own, under the network of its name. The
    /// name, and how many connections it had before, is its random stream.
    pub fn client(&self, name: &str) -> VirtualLog {
        let mut clients = self.clients();
        let up = clients.up;
        let client = clients.by_name.entry(name.to_owned()).or_default();
        client.made += 1;
        let rng = match client.made {
            1 => self.options.seed.rng(name),
            nth => self.options.seed.rng(&format!("{name}#{nth}")),
        };
        let (nth, sky) = (client.made, Sky { network: client.network, up, breaks: 0 });
        let connection = Arc::new(Connection::new(self.clone(), name, rng, sky));
        client.connections.retain(|old| old.strong_count() > 0);
        client.connections.push(Arc::downgrade(&connection));
        drop(clients);
        self.state().tell(name, &Happening::Connected(nth));
        VirtualLog::new(connection)
    }

    /// Changes the network of every connection under this name, and of those that it makes later.
    pub fn set_network(&self, name: &str, network: Network) {
        let connections = {
            let mut clients = self.clients();
            let client = clients.by_name.entry(name.to_owned()).or_default();
            client.network = network;
            client.alive()
        };
        self.state().tell(name, &Happening::Network(network));
        connections.iter().for_each(|connection| connection.set_network(network));
    }

    /// Stops the broker: all connections break, and none can be made. What it has stored stays, in
    /// streams kept in memory, too.
    pub fn stop(&self) {
        self.set_up(false);
    }

    /// Starts a stopped broker.
    pub fn start(&self) {
        self.set_up(true);
    }

    fn set_up(&self, up: bool) {
        let mut state = self.state();
        state.tell("", &Happening::Up(up));
        if up {
            state.streams.iter_mut().for_each(Stream::restart);
        }
        drop(state);
        let connections: Vec<_> = {
            let mut clients = self.clients();
            clients.up = up;
            clients.by_name.values().flat_map(Client::alive).collect()
        };
        connections.iter().for_each(|connection| connection.set_up(up));
    }

    /// The broker does nothing for so long: what arrives meanwhile waits, and then takes effect.
    pub fn stall(&self, duration: Duration) {
        let mut state = self.state();
        state.tell("", &Happening::Stalled);
        state.stalled_until = state.stalled_until.max(Instant::now() + duration);
    }

    /// Appends from within the broker: at once, under the same rules.
    ///
    /// # Errors
    ///
    /// As [`broker::Log::append`], but never in doubt.
    pub fn append_now(&self, append: Append) -> Result<Seq, AppendError> {
        self.state().append("", &append, Instant::now())
    }

    /// What a stream holds now from `start` on; nothing if it does not exist.
    pub fn records(&self, stream: &StreamName, start: Seq) -> Vec<Record> {
        self.state().stream(stream).map(|stream| stream.records_from(start)).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clients(&self) -> MutexGuard<'_, Clients> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    fn alive(&self) -> Vec<Arc<Connection>> {
        self.connections.iter().filter_map(Weak::upgrade).collect()
    }
}

impl State {
    /// Until when the broker is stalled, if it is.
    pub(crate) fn stalled(&self, now: Instant) -> Option<Instant> {
        Some(self.stalled_until).filter(|until| *until > now)
    }

    pub(crate) fn stream(&self, name: &StreamName) -> Result<&Stream, BrokerError> {
        let found = self.streams.iter().find(|stream| stream.spec.name == *name);
        found.ok_or_else(|| BrokerError::Gone(name.clone()))
    }

    pub(crate) fn stream_mut(&mut self, name: &StreamName) -> Result<&mut Stream, BrokerError> {
        let found = self.streams.iter_mut().find(|stream| stream.spec.name == *name);
        found.ok_or_else(|| BrokerError::Gone(name.clone()))
    }

    pub(crate) fn append(
        &mut self,
        client: &str,
        append: &Append,
        now: Instant,
    ) -> Result<Seq, AppendError> {
        let now = self.time(now);
        let at = self.clock.at(now);
        let outcome = match self.stream_mut(&append.stream) {
            Ok(stream) => stream.append(append, now, at),
            Err(_) => Err(AppendError::Rejected(format!("there is no stream {}", append.stream))),
        };
        self.tell_at(at, client, &Happening::Appended { append, outcome: &outcome });
        outcome
    }

    /// The time, `now`: the broker's clock does not go back, though what has waited long is let through
    /// before what fell due a little earlier.
    fn time(&mut self, now: Instant) -> Instant {
        self.time = self.time.max(now);
        self.time
    }

    pub(crate) fn tell(&mut self, client: &str, happening: &Happening<'_>) {
        let now = self.time(Instant::now());
        self.tell_at(self.clock.at(now), client, happening);
    }

    fn tell_at(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>) {
        if let Some(observer) = &mut self.observer {
            observer.observe(at, client, happening);
        }
    }

    pub(crate) fn ensure(&mut self, spec: &StreamSpec) -> Result<(), BrokerError> {
        if spec.duplicate_window < StreamSpec::SHORTEST_WINDOW {
            let shortest = StreamSpec::SHORTEST_WINDOW;
            let why = format!("{}: a duplicate window takes {shortest:?} at least", spec.name);
            return Err(BrokerError::Unsuitable(why));
        }
        let Ok(stream) = self.stream(&spec.name) else {
            self.made += 1;
            self.streams.push(Stream::new(spec.clone(), self.made, self.agenda.clone()));
            return Ok(());
        };
        let (is, asked) = (format!("{:?}", stream.spec), format!("{spec:?}"));
        if is == asked {
            return Ok(());
        }
        let detail = format!("it is {is}, not {asked}");
        Err(BrokerError::Conflict { stream: spec.name.clone(), detail })
    }

    /// Dropping a stream wakes whoever follows it.
    pub(crate) fn delete(&mut self, name: &StreamName) {
        self.streams.retain(|stream| stream.spec.name != *name);
    }
}

/// Without a broker nothing happens.
impl Drop for State {
    fn drop(&mut self) {
        self.agenda.end();
    }
}
