//! Carries out a schedule on a fleet, and tells the coordinator of every fault.

use std::collections::VecDeque;
use std::time::Duration;

use broker::Log;
use config::ChaosEvent;
use model::{ProducerId, RunClock};
use parti::MemberId;
use reports::{Channel, Fault, FaultKind, Phase, Report};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::fleet::Fleet;
use crate::schedule::Planned;

/// By which rules the director acts.
#[derive(Clone, Debug)]
pub struct DirectorSettings {
    /// What happens when.
    pub schedule: Vec<Planned>,
    /// How long whoever was killed stays away.
    pub restart_after: Duration,
    /// Never fewer workers than this…
    pub workers_min: usize,
    /// …and never more.
    pub workers_max: usize,
}

/// Who comes back.
enum Return {
    Worker(MemberId),
    Producer(ProducerId),
}

/// Breaks a fleet by schedule.
pub struct Director<B, F> {
    broker: B,
    channel: Channel,
    clock: RunClock,
    settings: DirectorSettings,
    fleet: F,
    returns: VecDeque<(Instant, Return)>,
    faults: u64,
}

impl<B: Log, F: Fleet> Director<B, F> {
    /// A director that reports over `broker`.
    pub fn new(
        broker: B,
        channel: Channel,
        clock: RunClock,
        settings: DirectorSettings,
        fleet: F,
    ) -> Self {
        Self { broker, channel, clock, settings, fleet, returns: VecDeque::new(), faults: 0 }
    }

    /// Acts until the run begins to drain, then mends what it broke and hands the fleet back.
    pub async fn run(mut self, mut phase: watch::Receiver<Phase>) -> F {
        let mut schedule: VecDeque<Planned> = std::mem::take(&mut self.settings.schedule).into();
        while *phase.borrow_and_update() == Phase::Running {
            let next = schedule.front().map(|planned| planned.at);
            let back = self.returns.front().map(|(at, _)| *at);
            tokio::select! {
                biased;
                changed = phase.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
                () = until(back) => self.bring_back().await,
                () = until_elapsed(self.clock, next) => {
                    if let Some(planned) = schedule.pop_front() {
                        self.act(planned).await;
                    }
                }
            }
        }
        while !self.returns.is_empty() {
            self.bring_back().await;
        }
        self.fleet
    }

    async fn bring_back(&mut self) {
        match self.returns.pop_front() {
            Some((_, Return::Worker(worker))) => {
                self.fleet.start_worker(Some(worker)).await;
            }
            Some((_, Return::Producer(producer))) => self.fleet.start_producer(&producer).await,
            None => {}
        }
    }

    fn returns_later(&mut self, who: Return) {
        self.returns.push_back((Instant::now() + self.settings.restart_after, who));
    }

    async fn act(&mut self, planned: Planned) {
        match planned.event {
            ChaosEvent::WorkerCrash => match pick(&self.fleet.workers(), planned.pick) {
                Some(worker) => self.crash(planned, worker).await,
                None => skip(planned, "no worker runs"),
            },
            ChaosEvent::LeaderFailure => match self.fleet.leader() {
                Some(worker) => self.crash(planned, worker).await,
                None => skip(planned, "no leader is known"),
            },
            ChaosEvent::WorkerRestart => self.restart(planned).await,
            ChaosEvent::ScaleUp => self.scale_up(planned).await,
            ChaosEvent::ScaleDown => self.scale_down(planned).await,
            ChaosEvent::ProducerCrash => self.crash_producer(planned).await,
        }
    }

    async fn crash(&mut self, planned: Planned, worker: MemberId) {
        if self.fleet.workers().len() < 2 {
            return skip(planned, "it would leave no worker");
        }
        let at = self.clock.now();
        self.fleet.crash_worker(&worker).await;
        let back = self.settings.restart_after;
        let effect = format!("killed without a word; comes back after {} s", back.as_secs_f64());
        self.tell(planned, at, FaultKind::Crash, worker.to_string(), effect).await;
        self.returns_later(Return::Worker(worker));
    }

    async fn restart(&mut self, planned: Planned) {
        let Some(worker) = pick(&self.fleet.workers(), planned.pick) else {
            return skip(planned, "no worker runs");
        };
        let at = self.clock.now();
        self.fleet.stop_worker(&worker).await;
        let effect = "left gracefully and came back under its name".to_owned();
        self.tell(planned, at, FaultKind::Stop, worker.to_string(), effect).await;
        self.fleet.start_worker(Some(worker)).await;
    }

    async fn scale_up(&mut self, planned: Planned) {
        let room = self.settings.workers_max.saturating_sub(self.fleet.workers().len());
        let Some(count) = self.step(planned, room) else {
            return skip(planned, "there are as many workers as the run may have");
        };
        let at = self.clock.now();
        let mut started = Vec::new();
        for _ in 0..count {
            started.extend(self.fleet.start_worker(None).await);
        }
        let effect = format!("{} workers more", started.len());
        self.tell(planned, at, FaultKind::Other, names(&started), effect).await;
    }

    async fn scale_down(&mut self, planned: Planned) {
        let mut workers = self.fleet.workers();
        let room = workers.len().saturating_sub(self.settings.workers_min);
        let Some(count) = self.step(planned, room) else {
            return skip(planned, "there are as few workers as the run may have");
        };
        let at = self.clock.now();
        let mut stopped = Vec::new();
        for index in 0..count {
            let Some(worker) = pick(&workers, planned.pick.rotate_left(index)) else { break };
            workers.retain(|other| *other != worker);
            self.fleet.stop_worker(&worker).await;
            self.returns.retain(|(_, who)| !matches!(who, Return::Worker(w) if *w == worker));
            stopped.push(worker);
        }
        let effect = format!("{} workers fewer, each gracefully", stopped.len());
        self.tell(planned, at, FaultKind::Stop, names(&stopped), effect).await;
    }

    /// How many workers a change of scale is about: one to an eighth of the most.
    fn step(&self, planned: Planned, room: usize) -> Option<u32> {
        let most = (self.settings.workers_max / 8).max(1) as u64;
        let count = 1 + (planned.pick >> 32) % most;
        let room = u64::try_from(room).unwrap_or(u64::MAX);
        u32::try_from(count.min(room)).ok().filter(|count| *count > 0)
    }

    async fn crash_producer(&mut self, planned: Planned) {
        let Some(producer) = pick(&self.fleet.producers(), planned.pick) else {
            return skip(planned, "no producer runs");
        };
        let at = self.clock.now();
        self.fleet.crash_producer(&producer).await;
        let back = self.settings.restart_after.as_secs_f64();
        let effect = format!("killed without a word; comes back after {back} s");
        self.tell(planned, at, FaultKind::Other, producer.to_string(), effect).await;
        self.returns_later(Return::Producer(producer));
    }

    async fn tell(
        &mut self,
        planned: Planned,
        at: model::Timestamp,
        kind: FaultKind,
        target: String,
        effect: String,
    ) {
        self.faults += 1;
        let fault = Fault {
            id: self.faults,
            at,
            event: planned.event.name().to_owned(),
            kind,
            target,
            duration: None,
            ended_at: Some(self.clock.now()),
            effect,
        };
        tracing::info!(id = fault.id, event = fault.event, target = fault.target, "chaos");
        let report = Report::Fault(fault);
        let sending = self.channel.send_until_known(&self.broker, &report);
        if tokio::time::timeout(Duration::from_secs(30), sending).await.is_err() {
            tracing::warn!("a fault could not be reported: the broker does not answer");
        }
    }
}

fn skip(planned: Planned, why: &str) {
    tracing::info!(event = planned.event.name(), why, "chaos event skipped");
}

fn pick<T: Clone>(from: &[T], draw: u64) -> Option<T> {
    let index = draw.checked_rem(from.len() as u64)?;
    from.get(usize::try_from(index).ok()?).cloned()
}

fn names(workers: &[MemberId]) -> String {
    workers.iter().map(MemberId::as_str).collect::<Vec<_>>().join(",")
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

async fn until_elapsed(clock: RunClock, at: Option<Duration>) {
    match at {
        Some(at) => tokio::time::sleep(at.saturating_sub(clock.elapsed())).await,
        None => std::future::pending().await,
    }
}
