//! One connection to the broker: what is on its way, what the network does to it, and who waits for that.
//!
//! Everything here takes effect at once; when, [`Agenda`](crate::agenda::Agenda) says. A line is locked
//! before the state of the broker, and never while that is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use model::{Network, Rng};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::broker::VirtualBroker;
use crate::event::Event;
use crate::exchange::{Asked, Patience};
use crate::faults::Fate;
use crate::line::{Line, Ticket, UnderWay};
use crate::reader::Following;
use crate::sky::{Glance, Glimpse, Sky};

/// A connection that is silent is looked at this often, so that what was sent outlives its sender.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) broker: VirtualBroker,
    pub(crate) name: Arc<str>,
    line: Mutex<Line>,
    glimpse: Glimpse,
    /// The sky has changed.
    changed: Notify,
    readers: Mutex<Vec<Weak<Following>>>,
}

impl Connection {
    pub(crate) fn new(broker: VirtualBroker, name: &str, rng: Rng, sky: Sky) -> Self {
        let latency = (broker.options.latency_min, broker.options.latency_max);
        let (glimpse, line) = (Glimpse::of(&sky), Mutex::new(Line::new(rng, latency, sky)));
        let (changed, readers) = (Notify::new(), Mutex::default());
        Self { broker, name: name.into(), line, glimpse, changed, readers }
    }

    pub(crate) fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sky(&self) -> Sky {
        self.line().sky
    }

    /// The sky, as far as a reader looks.
    pub(crate) fn glance(&self) -> Glance {
        self.glimpse.get()
    }

    /// Waits for a sky of some kind.
    pub(crate) async fn until(&self, mut wanted: impl FnMut(&Sky) -> bool) {
        loop {
            // It hears of what changes from here on, so nothing is missed between look and wait.
            let changed = self.changed.notified();
            if wanted(&self.sky()) {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn set_network(self: &Arc<Self>, network: Network) {
        self.change(|sky| sky.network = network);
    }

    pub(crate) fn set_up(self: &Arc<Self>, up: bool) {
        self.change(|sky| sky.up = up);
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut Sky)) {
        let (broken, heard) = {
            let mut line = self.line();
            let before = line.sky.is_connected();
            change(&mut line.sky);
            let breaks = before && !line.sky.is_connected();
            line.sky.breaks += u64::from(breaks);
            self.glimpse.set(&line.sky);
            let broken = if breaks { line.lose(Instant::now()) } else { Vec::new() };
            (broken, if line.sky.flows() { line.release() } else { Vec::new() })
        };
        broken.iter().for_each(|asked| asked.end());
        heard.iter().for_each(|asked| asked.answer());
        self.changed.notify_waiters();
        self.arrive(Instant::now());
        let readers: Vec<_> = {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            readers.retain(|reader| reader.strong_count() > 0);
            readers.iter().filter_map(Weak::upgrade).collect()
        };
        readers.iter().for_each(|reader| reader.wake());
    }

    /// A reader that is to hear when the sky changes.
    pub(crate) fn keep(&self, reader: &Arc<Following>) {
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|reader| reader.strong_count() > 0);
        readers.push(Arc::downgrade(reader));
    }

    /// Sends a request on its way, or to its fate. It ends with its answer, with a break of the connection,
    /// or when its time is up. The ticket is that of a request that is to arrive in its turn.
    pub(crate) fn send(
        self: &Arc<Self>,
        asked: &Arc<dyn Asked>,
        fate: Option<Fate>,
        now: Instant,
    ) -> Option<Ticket> {
        let agenda = &self.broker.agenda;
        let mut line = self.line();
        let sent = match fate {
            None => line.send(now, asked, true),
            Some(Fate::AnswerLost) => line.send(now, asked, false),
            Some(Fate::RequestLost) => None,
            Some(Fate::Delayed(delay)) => {
                agenda.at(now + delay, Event::Late(self.clone(), asked.clone()));
                None
            }
        };
        if let Some((_, due)) = sent {
            agenda.at(due, Event::Requests(self.clone()));
        }
        if sent.is_none_or(|(_, due)| due > asked.patience().until) {
            self.doubt(&mut line, asked.clone());
        }
        sent.map(|(ticket, _)| ticket)
    }

    /// Nothing will be heard, unless the network changes.
    fn doubt(&self, line: &mut Line, asked: Arc<dyn Asked>) {
        line.doubt(asked.clone());
        self.broker.agenda.at(asked.patience().until, Event::GivenUp(asked));
    }

    /// Lets requests that have arrived take effect, in their order, unless the network or the broker
    /// holds them up.
    pub(crate) fn arrive(self: &Arc<Self>, now: Instant) {
        while let Some(spent) = self.arrive_next(now) {
            // Without a lock: it may be the last that is left of it.
            drop(spent);
        }
    }

    fn arrive_next(self: &Arc<Self>, now: Instant) -> Option<Arc<dyn Asked>> {
        let mut line = self.line();
        line.due().filter(|due| *due <= now)?;
        let mut state = self.broker.state();
        let stalled = state.stalled(now);
        if stalled.is_some() || !line.sky.flows() {
            drop(state);
            for asked in line.stuck(now) {
                self.doubt(&mut line, asked);
            }
            let again = stalled.unwrap_or(now + LOOK_AGAIN);
            self.broker.agenda.at(again, Event::Requests(self.clone()));
            return None;
        }
        let UnderWay { asked, is_answered, .. } = line.arrived()?;
        asked.arrive(&mut state, now);
        drop(state);
        let arrives = if is_answered { line.answer(now) } else { None };
        match arrives.filter(|at| *at <= asked.patience().until) {
            Some(at) => self.broker.agenda.at(at, Event::Answer(self.clone(), asked.clone())),
            None => self.doubt(&mut line, asked.clone()),
        }
        Some(asked)
    }

    /// An answer is there.
    pub(crate) fn hear(&self, asked: Arc<dyn Asked>) {
        let (mut line, Patience { until, breaks }) = (self.line(), asked.patience());
        let sky = line.sky;
        if sky.breaks == breaks && !sky.flows() {
            line.hold(asked.clone());
            return self.broker.agenda.at(until, Event::GivenUp(asked));
        }
        drop(line);
        if sky.breaks == breaks { asked.answer() } else { asked.end() }
    }

    /// Whoever asked is gone: what is on its way is recalled, or not.
    pub(crate) fn abandon(&self, ticket: Ticket) {
        let recalled = {
            let mut line = self.line();
            if !line.is_under_way(ticket) || line.coin() { None } else { line.recall(ticket) }
        };
        // Dropped without the lock: nobody knows what it holds.
        drop(recalled);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let word = self.line().word();
        self.broker.has_ended(word);
    }
}
