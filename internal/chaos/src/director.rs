//! Carries out a schedule on a fleet, and tells the coordinator of every fault: what may be done is
//! the book's to say, here it is done.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use broker::Log;
use model::{Rng, RunClock, Seed, Timestamp, watch};
use parti::records::{LeaderRecord, decode};
use parti::{MemberId, Names};
use reports::{Channel, Fault, FaultKind, Phase};
use tokio::sync::mpsc;

use crate::book::{Book, Due};
use crate::control::Command;
use crate::courier::Courier;
use crate::deeds::mend_at_last;
use crate::fleet::Fleet;
use crate::planned::Planned;
use crate::terms::Terms;

/// How long the broker may take to say who leads.
const LEADER_MAX: Duration = Duration::from_secs(5);
/// How long the last reports may take.
const FLUSH_MAX: Duration = Duration::from_secs(30);
/// How long a planned event waits until it can happen, before it is skipped…
const PATIENCE: Duration = Duration::from_secs(10);
/// …how often it looks whether it can…
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// …and how many may wait at once.
const WAITING_MAX: usize = 16;

/// By which rules the director acts.
#[derive(Clone, Debug)]
pub struct DirectorSettings {
    /// What happens when.
    pub schedule: Vec<Planned>,
    /// What is planned before this time of the run is done already; zero for a new run.
    pub resume_at: Duration,
    /// The number of the next fault; 1 for a new run.
    pub next_fault_id: u64,
    /// Never fewer workers that live and can be heard than this.
    pub workers_min: usize,
    /// A change of scale leaves so many that others can still be broken…
    pub leave_min: usize,
    /// …and there are never more workers than this.
    pub workers_max: usize,
    /// The defaults of events by hand.
    pub terms: Terms,
    /// Where events by hand draw from.
    pub seed: Seed,
}

/// How far the director is, for a checkpoint: `resume_at` and `next_fault_id` of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// What is planned before this time of the run is done; what is planned at it is not.
    pub through: Duration,
    /// The number of the next fault.
    pub next_fault_id: u64,
}

/// A planned event that could not happen yet: the leader was just frozen, or too many were away.
struct Waiting {
    planned: Planned,
    why: String,
    /// When it looks again.
    next: Duration,
    /// When it is skipped.
    until: Duration,
}

/// What is to be done next.
#[derive(Clone, Copy)]
enum Turn {
    Book(Due),
    Waiting,
    Planned,
}

/// Breaks a fleet by schedule, and by hand.
pub struct Director<B, F> {
    broker: B,
    names: Names,
    pub(crate) clock: RunClock,
    pub(crate) terms: Terms,
    pub(crate) schedule: VecDeque<Planned>,
    waiting: VecDeque<Waiting>,
    pub(crate) fleet: F,
    pub(crate) book: Book,
    pub(crate) courier: Courier,
    commands: mpsc::Receiver<Command>,
    pub(crate) by_hand: Rng,
    pub(crate) paused: bool,
    next_fault_id: u64,
    position: watch::Sender<Position>,
    pub(crate) done: BTreeMap<&'static str, u64>,
    pub(crate) skipped: u64,
}

impl<B: Log, F: Fleet> Director<B, F> {
    /// A director that reports over `broker`, and asks it who leads. Must be called within a tokio
    /// runtime.
    pub fn new(
        broker: B,
        names: Names,
        channel: Channel,
        clock: RunClock,
        settings: DirectorSettings,
        fleet: F,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        let (through, next_fault_id) = (settings.resume_at, settings.next_fault_id);
        let mut schedule: VecDeque<Planned> = settings.schedule.into();
        schedule.retain(|planned| planned.at >= through);
        Self {
            courier: Courier::start(broker.clone(), channel),
            broker,
            names,
            clock,
            terms: settings.terms,
            schedule,
            waiting: VecDeque::new(),
            fleet,
            book: Book::new(settings.workers_min, settings.leave_min, settings.workers_max),
            commands,
            by_hand: settings.seed.rng("chaos-by-hand"),
            paused: false,
            next_fault_id,
            position: watch::Sender::new(Position { through, next_fault_id }),
            done: BTreeMap::new(),
            skipped: 0,
        }
    }

    /// How far the director is; changes with every event.
    pub fn position(&self) -> watch::Receiver<Position> {
        self.position.subscribe()
    }

    /// Acts until the run begins to drain, then mends what it broke and hands the fleet back.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> F {
        let mut listens = true;
        while *phase.borrow_and_update() == Phase::Running {
            let next = self.next();
            tokio::select! {
                biased;
                changed = phase.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
                command = self.commands.recv(), if listens => match command {
                    Some(command) => self.obey(command).await,
                    None => listens = false,
                },
                () = until(self.clock, next.map(|(at, _)| at)) => match next {
                    Some((_, Turn::Book(Due::Mend(id)))) => self.mend(id).await,
                    Some((_, Turn::Book(Due::Roll))) => self.roll().await,
                    Some((_, Turn::Waiting)) => self.look_again().await,
                    Some((_, Turn::Planned)) => self.next_planned().await,
                    None => {}
                },
            }
        }
        // Whoever still waits for an answer is told that chaos is over.
        self.commands.close();
        while self.commands.try_recv().is_ok() {}
        for waiting in std::mem::take(&mut self.waiting) {
            self.skip(&waiting.planned, &waiting.why);
        }
        for open in self.book.take_all() {
            mend_at_last(&mut self.fleet, &self.courier, self.clock, open).await;
        }
        self.courier.finish(FLUSH_MAX).await;
        self.fleet
    }

    /// What is to be done next, and when: what is broken is mended before more is broken.
    fn next(&self) -> Option<(Duration, Turn)> {
        let book = self.book.next(!self.paused).map(|(at, due)| (at, Turn::Book(due)));
        let waiting = self.waiting.front().map(|waiting| (waiting.next, Turn::Waiting));
        let planned = self.schedule.front().map(|planned| (planned.at, Turn::Planned));
        [book, waiting, planned].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    async fn next_planned(&mut self) {
        let Some(planned) = self.schedule.pop_front() else { return };
        if self.paused {
            self.skip(&planned, "chaos is paused by hand");
        } else if let Err(why) = self.act(&planned).await {
            let now = self.clock.elapsed();
            let (next, until) = (now + LOOK_EVERY, now + PATIENCE);
            match self.waiting.len() < WAITING_MAX {
                true => self.waiting.push_back(Waiting { planned, why, next, until }),
                false => self.skip(&planned, &why),
            }
        }
        self.note_position();
    }

    /// Tries again what has waited longest since it looked.
    async fn look_again(&mut self) {
        let Some(mut waiting) = self.waiting.pop_front() else { return };
        if self.paused {
            self.skip(&waiting.planned, "chaos is paused by hand");
        } else if let Err(why) = self.act(&waiting.planned).await {
            let now = self.clock.elapsed();
            if now >= waiting.until {
                self.skip(&waiting.planned, &why);
            } else {
                (waiting.why, waiting.next) = (why, now + LOOK_EVERY);
                self.waiting.push_back(waiting);
            }
        }
        self.note_position();
    }

    /// Everything is done that is planned before the first of what is not.
    fn note_position(&self) {
        let waiting = self.waiting.iter().map(|waiting| waiting.planned.at);
        let left = waiting.chain(self.schedule.front().map(|planned| planned.at)).min();
        let through = left.unwrap_or_else(|| self.clock.elapsed());
        self.position.send_modify(|position| position.through = through);
    }

    /// Makes an event happen. Says what began, or why nothing did.
    pub(crate) async fn act(&mut self, planned: &Planned) -> Result<String, String> {
        let leader = match planned.target {
            // Without the server nobody can say; asking would only make its return wait.
            Some(config::Target::Leader) if !self.book.server_is_away() => self.leader().await?,
            _ => None,
        };
        let chosen = self.book.choose(planned, &self.fleet.running(), leader.as_ref())?;
        *self.done.entry(planned.event.name()).or_default() += 1;
        Ok(self.carry_out(planned, chosen).await)
    }

    /// The member that leads the group, as the group itself knows it.
    async fn leader(&self) -> Result<Option<MemberId>, String> {
        let subject = self.names.leader();
        let asking = self.broker.last(&self.names.group, &subject);
        let record = match tokio::time::timeout(LEADER_MAX, asking).await {
            Ok(Ok(record)) => record,
            Ok(Err(error)) => return Err(format!("nobody can say who leads: {error}")),
            Err(_) => return Err("nobody can say who leads: the broker does not answer".into()),
        };
        Ok(record.and_then(|record| match decode(&record) {
            Ok(LeaderRecord::Elected { member, .. }) => Some(member),
            Ok(LeaderRecord::Vacant { .. }) | Err(_) => None,
        }))
    }

    fn skip(&mut self, planned: &Planned, why: &str) {
        self.skipped += 1;
        tracing::info!(event = planned.event.name(), why, "chaos event skipped");
        let at = self.clock.now();
        let effect = format!("skipped: {why}");
        let fault = self.fault(planned, at, FaultKind::Other, "-".into(), effect);
        self.courier.post(Fault { duration: None, ended_at: Some(at), ..fault });
    }

    /// A fault with a number of its own.
    pub(crate) fn fault(
        &mut self,
        planned: &Planned,
        at: Timestamp,
        kind: FaultKind,
        target: String,
        effect: String,
    ) -> Fault {
        let id = self.next_fault_id;
        self.next_fault_id += 1;
        self.position.send_modify(|position| position.next_fault_id = id + 1);
        let (event, duration) = (planned.event.name().to_owned(), planned.how.lasting());
        Fault { id, at, event, kind, target, duration, ended_at: None, effect }
    }
}

async fn until(clock: RunClock, at: Option<Duration>) {
    match at {
        Some(at) => tokio::time::sleep(at.saturating_sub(clock.elapsed())).await,
        None => std::future::pending().await,
    }
}
