//! What is on its way between one client and the broker. Pure: time and chance are handed in.
//!
//! A connection keeps its order: no request overtakes another of the same client, no answer another
//! answer. Only between clients is everything reordered, by their latencies.

use std::collections::VecDeque;
use std::time::Duration;

use model::{Network, Rng};
use rand::RngExt;
use tokio::time::Instant;

use crate::broker::VirtualBroker;
use crate::faults::Faults;

/// How many requests may be on their way; further ones are lost, as if a buffer were full.
const REQUESTS_MAX: usize = 4096;
/// How much later something arrives that was lost and sent again, and how often that may happen.
const RESEND: Duration = Duration::from_millis(200);
const RESENDS_MAX: u32 = 6;

/// Takes effect at the broker.
pub(crate) type Request = Box<dyn FnOnce(&VirtualBroker) + Send>;

/// Names a request that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

struct UnderWay {
    ticket: Ticket,
    due: Instant,
    request: Request,
}

/// The two directions of a connection.
pub(crate) struct Line {
    rng: Rng,
    /// Planned faults that have not struck yet.
    pub(crate) faults: Faults,
    latency: (Duration, Duration),
    to_broker: VecDeque<UnderWay>,
    tickets: u64,
    /// When the last thing sent in each direction arrives.
    there: Instant,
    back: Instant,
}

impl Line {
    pub(crate) fn new(rng: Rng, latency: (Duration, Duration)) -> Self {
        let now = Instant::now();
        Self {
            rng,
            faults: Faults::default(),
            latency,
            to_broker: VecDeque::new(),
            tickets: 0,
            there: now,
            back: now,
        }
    }

    /// The next word of the random stream.
    pub(crate) fn word(&mut self) -> u64 {
        self.rng.random()
    }

    /// A coin.
    pub(crate) fn coin(&mut self) -> bool {
        self.rng.random()
    }

    fn way(&mut self, network: Network) -> Duration {
        let (min, max) = self.latency;
        let spread = max.saturating_sub(min);
        let way = if spread.is_zero() { min } else { min + spread.mul_f64(self.rng.random()) };
        let Network::Delayed { delay, jitter } = network else { return way };
        let jitter = jitter.min(delay);
        way + delay - jitter + (2 * jitter).mul_f64(self.rng.random())
    }

    fn is_lost(&mut self, network: Network) -> bool {
        matches!(network, Network::Lossy { loss } if self.rng.random::<f64>() < loss)
    }

    /// Sends a request on its way; `None` if it is lost there.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        network: Network,
        request: Request,
    ) -> Option<(Ticket, Instant)> {
        let due = self.there.max(now + self.way(network));
        if self.is_lost(network) || self.to_broker.len() == REQUESTS_MAX {
            return None;
        }
        self.there = due;
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.to_broker.push_back(UnderWay { ticket, due, request });
        Some((ticket, due))
    }

    /// The next request that has arrived by `now`.
    pub(crate) fn arrived(&mut self, now: Instant) -> Option<Request> {
        self.due().filter(|due| *due <= now)?;
        self.to_broker.pop_front().map(|first| first.request)
    }

    /// When the next request arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.to_broker.front().map(|first| first.due)
    }

    /// When the request `ticket` arrives, if it is still on its way.
    pub(crate) fn due_of(&self, ticket: Ticket) -> Option<Instant> {
        let index = self.to_broker.partition_point(|other| other.ticket < ticket);
        self.to_broker.get(index).filter(|found| found.ticket == ticket).map(|found| found.due)
    }

    /// Takes back a request, if it is still on its way.
    pub(crate) fn recall(&mut self, ticket: Ticket) -> Option<Request> {
        let index = self.to_broker.partition_point(|other| other.ticket < ticket);
        self.to_broker.get(index).filter(|found| found.ticket == ticket)?;
        self.to_broker.remove(index).map(|found| found.request)
    }

    /// The connection broke: everything on its way is lost.
    pub(crate) fn lose(&mut self, now: Instant) {
        (self.there, self.back) = (now, now);
        self.to_broker.clear();
    }

    /// When an answer that is sent now arrives; `None` if it is lost.
    pub(crate) fn answer(&mut self, now: Instant, network: Network) -> Option<Instant> {
        let arrives = self.back.max(now + self.way(network));
        if self.is_lost(network) {
            return None;
        }
        self.back = arrives;
        Some(arrives)
    }

    /// When records that are sent now arrive, sent again as often as they are lost.
    pub(crate) fn records(&mut self, now: Instant, network: Network) -> Instant {
        let mut resends = 0;
        while resends < RESENDS_MAX && self.is_lost(network) {
            resends += 1;
        }
        self.back = self.back.max(now + self.way(network) + RESEND * resends);
        self.back
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("under_way", &self.to_broker.len()).finish_non_exhaustive()
    }
}
