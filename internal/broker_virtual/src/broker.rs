//! The broker: its streams, its clock, and the handles that share it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use broker::{Append, AppendError, BrokerError, Record, Seq, StreamName, StreamSpec};
use model::{RunClock, Timestamp};

use crate::client::VirtualLog;
use crate::log::Stream;
use crate::options::Options;

/// What the broker's clock shows when it is made: some day in 2023.
const EPOCH: Timestamp = Timestamp(1_700_000_000_000_000);

/// A broker in memory. Clones are the same broker.
#[derive(Clone, Debug)]
pub struct VirtualBroker {
    state: Arc<Mutex<State>>,
    pub(crate) options: Options,
}

/// The broker without any way to it: every request takes effect in the instant it is made.
#[derive(Debug)]
pub(crate) struct State {
    streams: BTreeMap<StreamName, Stream>,
    clock: RunClock,
}

impl VirtualBroker {
    /// An empty broker. Its clock begins now, so call it inside the runtime that it will live in.
    pub fn new(options: Options) -> Self {
        let clock = RunClock::starting_at(EPOCH);
        let state = State { streams: BTreeMap::new(), clock };
        Self { state: Arc::new(Mutex::new(state)), options }
    }

    /// A new connection, with latencies and faults of its own. The name is its random stream.
    pub fn client(&self, name: &str) -> VirtualLog {
        VirtualLog::new(self.clone(), name)
    }

    /// Appends from within the broker: at once, under the same rules.
    ///
    /// # Errors
    ///
    /// As [`broker::Log::append`], but never in doubt.
    pub fn append_now(&self, append: Append) -> Result<Seq, AppendError> {
        self.state().append(append)
    }

    /// What a stream holds now from `start` on; nothing if it does not exist.
    pub fn records(&self, stream: &StreamName, start: Seq) -> Vec<Record> {
        self.state().stream(stream).map(|stream| stream.from(start)).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    pub(crate) fn stream(&self, name: &StreamName) -> Result<&Stream, BrokerError> {
        self.streams.get(name).ok_or_else(|| BrokerError::Gone(name.clone()))
    }

    pub(crate) fn stream_mut(&mut self, name: &StreamName) -> Result<&mut Stream, BrokerError> {
        self.streams.get_mut(name).ok_or_else(|| BrokerError::Gone(name.clone()))
    }

    pub(crate) fn append(&mut self, append: Append) -> Result<Seq, AppendError> {
        let now = self.clock.now();
        match self.streams.get_mut(&append.stream) {
            Some(stream) => stream.append(append, now),
            None => Err(AppendError::Rejected(format!("there is no stream {}", append.stream))),
        }
    }

    pub(crate) fn ensure(&mut self, spec: &StreamSpec) -> Result<(), BrokerError> {
        let stream =
            self.streams.entry(spec.name.clone()).or_insert_with(|| Stream::new(spec.clone()));
        let (is, asked) = (format!("{:?}", stream.spec), format!("{spec:?}"));
        if is == asked {
            return Ok(());
        }
        let detail = format!("it is {is}, not {asked}");
        Err(BrokerError::Conflict { stream: spec.name.clone(), detail })
    }

    pub(crate) fn delete(&mut self, name: &StreamName) {
        self.streams.remove(name);
    }
}
