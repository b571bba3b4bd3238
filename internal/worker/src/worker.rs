//! A worker: a member of the group that reports what it does.

use std::future::Future;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use broker::Queue;
use model::{RunClock, Seed, Weights};
use parti::records::Session;
use parti::strategy::Strategy;
use parti::{Builder, JoinError, Member, MemberError, MemberId, Names, Stats, Status, Watch};
use reports::{Channel, Report, WorkerReport};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::consumption::{Consumption, Desk};
use crate::handler::Processing;
use crate::pace::Pace;
use crate::tally::Tally;

/// How long a worker that ends waits until its last report is known.
const FAREWELL_MAX: Duration = Duration::from_secs(2);

/// What a worker is.
pub struct WorkerSettings {
    /// Its name.
    pub id: MemberId,
    /// The load of each partition.
    pub weights: Weights,
    /// How long a silent worker is believed alive.
    pub lease: Duration,
    /// Handlers at once.
    pub concurrency: usize,
    /// By which design messages are consumed.
    pub consumption: Consumption,
    /// How partitions are dealt.
    pub strategy: Box<dyn Strategy>,
    /// How long a message takes.
    pub delay: RangeInclusive<Duration>,
    /// The run's seed.
    pub seed: Seed,
    /// The run's clock.
    pub clock: RunClock,
    /// How often it reports, if it has anything new to say.
    pub report_every: Duration,
    /// Whether it reports how long each call of its handler took.
    pub measured: bool,
}

/// A worker at work. Dropping it is a crash, as [`Worker::kill`] is.
pub struct Worker<B> {
    member: Member,
    reporter: Reporter<B>,
    reporting: JoinSet<()>,
    pace: Pace,
}

/// Sees what a worker does; it does not keep it alive.
pub struct Onlooker<B> {
    watch: Watch,
    reporter: Reporter<B>,
}

impl<B: Queue> Onlooker<B> {
    /// How the worker is doing.
    pub fn status(&self) -> Status {
        self.watch.status()
    }

    /// What the worker would report now, once it has joined.
    pub fn account(&self) -> Option<WorkerReport> {
        Some(self.reporter.account(self.watch.first_session()?, self.watch.stats(), false))
    }
}

#[derive(Clone)]
struct Reporter<B> {
    broker: B,
    channel: Channel,
    tally: Arc<Tally>,
    clock: RunClock,
    id: MemberId,
}

impl<B: Queue> Worker<B> {
    /// Joins the group.
    ///
    /// # Errors
    ///
    /// [`JoinError`], see [`Builder::join`].
    pub async fn start(
        broker: B,
        names: Names,
        channel: Channel,
        settings: WorkerSettings,
    ) -> Result<Self, JoinError> {
        let tally = Arc::new(Tally::new(settings.measured));
        let listener = tally.clone();
        let pace = Pace::default();
        let processing = Processing {
            delay: settings.delay,
            seed: settings.seed,
            pace: pace.clone(),
            tally: tally.clone(),
        };
        let count = settings.weights.count();
        let (me, concurrency, lease) = (settings.id.clone(), settings.concurrency, settings.lease);
        let (queue, group) = (broker.clone(), names.clone());
        let desk = |processing, ack_wait| Desk {
            broker: queue,
            names: group,
            me,
            processing,
            handlers: Semaphore::new(concurrency),
            lease,
            ack_wait,
        };
        let builder = Builder::new(broker.clone(), names, settings.id.clone(), count)
            .weights(settings.weights)
            .lease(settings.lease)
            .concurrency(settings.concurrency)
            .strategy(settings.strategy)
            .on_event(move |event| listener.event(event));
        let member = settings.consumption.join(builder, desk, processing).await?;
        let reporter = Reporter { broker, channel, tally, clock: settings.clock, id: settings.id };
        let mut reporting = JoinSet::new();
        reporting.spawn(reporter.clone().run(member.watch(), settings.report_every));
        Ok(Self { member, reporter, reporting, pace })
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        self.member.status()
    }

    /// A handle for whoever looks on in the same process.
    pub fn onlooker(&self) -> Onlooker<B> {
        Onlooker { watch: self.member.watch(), reporter: self.reporter.clone() }
    }

    /// Makes it `factor` times slower, also with messages that it is at; 1.0 is as configured. Less
    /// than that, or no number, counts as 1.0, and more than
    /// [`SLOWEST`](crate::SLOWEST) as that.
    pub fn slow(&self, factor: f64) {
        self.pace.set(factor);
    }

    /// Leaves gracefully and says what it did.
    ///
    /// # Errors
    ///
    /// [`MemberError`] if the membership had ended before.
    pub async fn leave(self) -> Result<(), MemberError> {
        let Self { member, reporter, reporting, .. } = self;
        let watch = member.watch();
        reporter.farewell(watch, reporting, member.leave()).await
    }

    /// Makes way for a restart, as [`Member::step_aside`], and says what it did.
    ///
    /// # Errors
    ///
    /// [`MemberError`] if the membership had ended before.
    pub async fn step_aside(self) -> Result<(), MemberError> {
        let Self { member, reporter, reporting, .. } = self;
        let watch = member.watch();
        reporter.farewell(watch, reporting, member.step_aside()).await
    }

    /// Kills it: it stops in the middle of whatever it does and says nothing to anybody. What it had
    /// done by then is returned, for somebody else to report.
    pub fn kill(self) -> Option<Report> {
        let watch = self.member.watch();
        let session = watch.first_session()?;
        drop(self.member);
        Some(self.reporter.report(session, watch.stats(), true))
    }

    /// Waits until the membership ends without being asked to. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`MemberError`] says why.
    pub async fn ended(&mut self) -> Result<(), MemberError> {
        self.member.ended().await
    }
}

impl<B: Queue> Reporter<B> {
    /// Waits for the end of the membership, then reports for the last time.
    async fn farewell(
        self,
        watch: Watch,
        mut reporting: JoinSet<()>,
        ending: impl Future<Output = Result<(), MemberError>>,
    ) -> Result<(), MemberError> {
        let session = watch.first_session();
        let ended = ending.await;
        reporting.shutdown().await;
        if let Some(session) = session {
            let report = self.report(session, watch.stats(), true);
            let sending = self.channel.send_until_known(&self.broker, &report);
            // The coordinator then counts what was reported before.
            let _ = tokio::time::timeout(FAREWELL_MAX, sending).await;
        }
        ended
    }

    async fn run(self, watch: Watch, every: Duration) {
        let mut known = None;
        loop {
            tokio::time::sleep(every).await;
            let Some(session) = watch.first_session() else { continue };
            // Whatever else a report tells has happened in the course of these.
            let now = Some((session, watch.stats(), self.tally.attempts()));
            if now != known {
                let report = self.report(session, watch.stats(), false);
                if let Err(error) = self.channel.send(&self.broker, &report).await {
                    tracing::debug!(worker = %self.id, %error, "report not acknowledged");
                    continue;
                }
                known = now;
            }
            self.tally.news().await;
        }
    }

    fn report(&self, session: Session, stats: Stats, finished: bool) -> Report {
        Report::Worker(self.account(session, stats, finished))
    }

    fn account(&self, session: Session, stats: Stats, finished: bool) -> WorkerReport {
        let (processing, processing_max) = self.tally.processing();
        WorkerReport {
            member: self.id.clone(),
            session,
            at: self.clock.now(),
            attempts: stats.attempts + self.tally.attempts(),
            failures: stats.failures,
            fenced: stats.fenced,
            fenced_last: self.tally.fenced(),
            processing,
            processing_max,
            durations: self.tally.durations(),
            finished,
        }
    }
}
