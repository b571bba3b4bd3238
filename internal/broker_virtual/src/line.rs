//! What is on its way between one client and the broker. Pure: time and chance are handed in.
//!
//! A connection keeps its order: no request overtakes another of the same client, no answer another
//! answer. Only between clients is everything reordered, by their latencies.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use model::{Network, Rng};
use rand::RngExt;
use tokio::time::Instant;

use crate::exchange::Asked;
use crate::faults::Faults;
use crate::sky::Sky;

/// How many requests may be on their way; further ones are lost, as if a buffer were full.
const REQUESTS_MAX: usize = 4096;
/// How much later something arrives that was lost and sent again, and how often that may happen.
const RESEND: Duration = Duration::from_millis(200);
const RESENDS_MAX: u32 = 6;

/// Names a request that is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

/// A request on its way.
pub(crate) struct UnderWay {
    ticket: Ticket,
    due: Instant,
    pub(crate) asked: Arc<dyn Asked>,
    pub(crate) is_answered: bool,
    /// It did not take effect when it arrived.
    is_stuck: bool,
}

/// The two directions of a connection.
pub(crate) struct Line {
    pub(crate) sky: Sky,
    rng: Rng,
    /// Planned faults that have not struck yet.
    pub(crate) faults: Faults,
    latency: (Duration, Duration),
    to_broker: VecDeque<UnderWay>,
    tickets: u64,
    /// When the last thing sent in each direction arrives.
    there: Instant,
    back: Instant,
    /// Answers that have arrived at a silent connection.
    held: Vec<Arc<dyn Asked>>,
    /// Those of whom nothing will be heard: a break tells whoever waits.
    in_doubt: Vec<Arc<dyn Asked>>,
}

impl Line {
    pub(crate) fn new(rng: Rng, latency: (Duration, Duration), sky: Sky) -> Self {
        let now = Instant::now();
        Self {
            sky,
            rng,
            faults: Faults::default(),
            latency,
            to_broker: VecDeque::new(),
            tickets: 0,
            there: now,
            back: now,
            held: Vec::new(),
            in_doubt: Vec::new(),
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

    fn way(&mut self) -> Duration {
        let (min, max) = self.latency;
        let spread = max.saturating_sub(min);
        let way = if spread.is_zero() { min } else { min + spread.mul_f64(self.rng.random()) };
        let Network::Delayed { delay, jitter } = self.sky.network else { return way };
        let jitter = jitter.min(delay);
        way + delay - jitter + (2 * jitter).mul_f64(self.rng.random())
    }

    fn is_lost(&mut self) -> bool {
        matches!(self.sky.network, Network::Lossy { loss } if self.rng.random::<f64>() < loss)
    }

    /// Sends a request on its way; `None` if it is lost there.
    pub(crate) fn send(
        &mut self,
        now: Instant,
        asked: &Arc<dyn Asked>,
        is_answered: bool,
    ) -> Option<(Ticket, Instant)> {
        let due = self.there.max(now + self.way());
        if self.is_lost() || self.to_broker.len() == REQUESTS_MAX {
            return None;
        }
        self.there = due;
        self.tickets += 1;
        let (ticket, asked) = (Ticket(self.tickets), asked.clone());
        let sent = UnderWay { ticket, due, asked, is_answered, is_stuck: false };
        self.to_broker.push_back(sent);
        Some((ticket, due))
    }

    /// Takes the request that arrives next.
    pub(crate) fn arrived(&mut self) -> Option<UnderWay> {
        self.to_broker.pop_front()
    }

    /// Requests that should have arrived by `now` and are held up; each is told of once.
    pub(crate) fn stuck(&mut self, now: Instant) -> Vec<Arc<dyn Asked>> {
        let late = self.to_broker.iter_mut().take_while(|sent| sent.due <= now);
        let fresh = late.filter_map(|sent| {
            let is_fresh = !std::mem::replace(&mut sent.is_stuck, true);
            is_fresh.then(|| sent.asked.clone())
        });
        fresh.collect()
    }

    /// When the next request arrives.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.to_broker.front().map(|first| first.due)
    }

    fn place(&self, ticket: Ticket) -> Option<usize> {
        let place = self.to_broker.partition_point(|other| other.ticket < ticket);
        self.to_broker.get(place).filter(|found| found.ticket == ticket).map(|_| place)
    }

    /// Whether a request is still on its way.
    pub(crate) fn is_under_way(&self, ticket: Ticket) -> bool {
        self.place(ticket).is_some()
    }

    /// Takes back a request, if it is still on its way.
    pub(crate) fn recall(&mut self, ticket: Ticket) -> Option<UnderWay> {
        self.place(ticket).and_then(|place| self.to_broker.remove(place))
    }

    /// Nothing will be heard of a request, as far as is known.
    pub(crate) fn doubt(&mut self, asked: Arc<dyn Asked>) {
        self.in_doubt.retain(|asked| !asked.is_over());
        self.in_doubt.push(asked);
    }

    /// An answer has arrived, and the connection is silent.
    pub(crate) fn hold(&mut self, asked: Arc<dyn Asked>) {
        self.held.push(asked);
    }

    /// The connection is not silent any more.
    pub(crate) fn release(&mut self) -> Vec<Arc<dyn Asked>> {
        std::mem::take(&mut self.held)
    }

    /// The connection broke: everything on its way is lost. Returns who hears of it.
    pub(crate) fn lose(&mut self, now: Instant) -> Vec<Arc<dyn Asked>> {
        (self.there, self.back) = (now, now);
        let mut lost: Vec<_> = self.to_broker.drain(..).map(|sent| sent.asked).collect();
        lost.append(&mut self.held);
        lost.append(&mut self.in_doubt);
        lost
    }

    /// When an answer that is sent now arrives; `None` if it is lost.
    pub(crate) fn answer(&mut self, now: Instant) -> Option<Instant> {
        let arrives = self.back.max(now + self.way());
        if self.is_lost() {
            return None;
        }
        self.back = arrives;
        Some(arrives)
    }

    /// When records that are sent now arrive, sent again as often as they are lost.
    pub(crate) fn records(&mut self, now: Instant) -> Instant {
        let mut resends = 0;
        while resends < RESENDS_MAX && self.is_lost() {
            resends += 1;
        }
        self.back = self.back.max(now + self.way() + RESEND * resends);
        self.back
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("under_way", &self.to_broker.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use model::Seed;

    use super::*;
    use crate::exchange::{Exchange, Patience};

    #[tokio::test(start_paused = true)]
    async fn what_is_held_up_is_told_of_once() {
        let (now, way) = (Instant::now(), Duration::from_millis(5));
        let sky = Sky { network: Network::HalfOpen, up: true, breaks: 0 };
        let mut line = Line::new(Seed(1).rng("line"), (way, way), sky);
        let patience = Patience { until: now + way * 9, breaks: 0 };
        let asked: Arc<dyn Asked> = Arc::new(Exchange::new(|_: &mut _, _| (), patience));
        assert!(line.send(now, &asked, true).is_some());
        assert!(line.stuck(now).is_empty(), "it is on its way");
        assert_eq!(line.stuck(now + way).len(), 1);
        assert!(line.stuck(now + way).is_empty(), "it was told of");
        assert!(line.arrived().is_some(), "and is there");
    }
}
