//! The work of a coordinator from the beginning of a run to its end, and what is told meanwhile.

use std::time::Duration;

use broker::{Admin, StreamName, patiently_for};
use bugs::Bug;
use model::{RunClock, watch};
use parti::Names;
use reports::{Channel, Phase};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::error::CoordinatorError;
use super::feed::{Ahead, Feed, Read};
use super::follow::Following;
use super::judging::Judging;
use super::keep::{CheckpointFigures, CheckpointPlan, Keeping};
use super::phases::{FAREWELL_MAX, Stage};
use super::record::Recorder;
use super::resume::{OUTAGE_MAX, Resumed};
use super::state::{Cause, RunState};
use super::trim::Trims;
use crate::{Detail, Entry, Event, Figures, Judge, JudgeSettings, OfChaos, Resumption, Totals};

/// How often phases are considered, and events told.
pub(super) const TICK: Duration = Duration::from_millis(250);
/// How often figures are told while the phase stays: summing them up costs more than what they are of.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// What a coordinator needs to know.
#[derive(Clone, Debug)]
pub struct CoordinatorSettings {
    /// By what the run is judged.
    pub judge: JudgeSettings,
    /// The run's clock; that of `resume` if it goes on.
    pub clock: RunClock,
    /// How long messages are sent.
    pub duration: Duration,
    /// How long everything may take to drain afterwards.
    pub drain_bound: Duration,
    /// How many producers must have said that they finished; `None`: all that ever reported.
    pub producers: Option<u32>,
    /// How many judged messages of a partition are kept before they are trimmed.
    pub trim_after: u64,
    /// How its state is kept, if it is.
    pub checkpoint: Option<CheckpointPlan>,
    /// From where it goes on, if it was stopped.
    pub resume: Option<Resumed>,
    /// How far the figures that are told go into detail.
    pub detail: Detail,
}

/// How the run is going.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Time since it began; seconds on the wire.
    #[serde(with = "reports::seconds")]
    pub elapsed: Duration,
    /// What it is doing.
    pub phase: Phase,
    /// How far each stream was read.
    pub read: Read,
    /// The figures.
    pub totals: Totals,
    /// What checkpoints cost.
    #[serde(default)]
    pub checkpoints: CheckpointFigures,
    /// The figures that somebody looks at.
    #[serde(skip)]
    pub figures: Figures,
}

/// A run that is over and only has to be judged.
#[derive(Debug)]
pub struct Conducted {
    /// Whoever has seen it all.
    pub judge: Judge,
    /// Every stored message was done within the bound.
    pub drained_within: bool,
    /// The broker answered at the end.
    pub broker_reachable: bool,
    /// It was ended before its time.
    pub interrupted: bool,
    /// Who has written it down, and still has to be told the end.
    pub recorder: Option<Box<dyn Recorder>>,
}

/// Leads one run.
pub struct Coordinator<B> {
    pub(super) broker: B,
    pub(super) names: Names,
    pub(super) channel: Channel,
    pub(super) settings: CoordinatorSettings,
    recorder: Option<Box<dyn Recorder>>,
    progress: watch::Sender<Progress>,
    events: mpsc::Sender<Vec<Event>>,
}

impl<B: Admin> Coordinator<B> {
    /// A coordinator that tells its progress to `progress` and what happens to `events`.
    pub fn new(
        broker: B,
        names: Names,
        channel: Channel,
        settings: CoordinatorSettings,
        progress: watch::Sender<Progress>,
        events: mpsc::Sender<Vec<Event>>,
    ) -> Self {
        Self { broker, names, channel, settings, recorder: None, progress, events }
    }

    /// Has `recorder` write down what the judge is told.
    pub fn recorded_by(mut self, recorder: Option<Box<dyn Recorder>>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Leads the run to its end; `stop` ends it before its time, gracefully.
    ///
    /// # Errors
    ///
    /// [`CoordinatorError`] if the run cannot be judged at all.
    pub async fn run(
        mut self,
        mut stop: watch::Receiver<bool>,
    ) -> Result<Conducted, CoordinatorError> {
        let feed = self.feed().await?;
        self.announce(Phase::Running).await;
        let mut following = Following::begin(&self.broker, &self.names, &self.channel, feed.read);
        let mut keeping = Keeping::new(self.settings.checkpoint.take(), feed.read);
        let mut judging = Judging::new(feed);
        let remaining = self.settings.duration.saturating_sub(self.settings.clock.elapsed());
        let mut stage = Stage::running(Instant::now() + remaining);
        let mut tell_at = Instant::now();
        let tick = tokio::time::sleep_until(tell_at);
        tokio::pin!(tick);
        while stage.phase != Phase::Done || Instant::now() < stage.until {
            tokio::select! {
                biased;
                Ok(()) = stop.changed(), if stage.phase == Phase::Running => {
                    stage.interrupted = *stop.borrow();
                }
                () = &mut tick => {
                    tick.as_mut().reset(Instant::now() + TICK);
                    if stage.phase != Phase::Running {
                        // How long it takes to drain does not depend on when the judge is told.
                        judging.go_on()?;
                    }
                    let feed = judging.feed()?;
                    if keeping.look() {
                        feed.trims.let_go();
                    }
                    if stage.interrupted && stage.phase == Phase::Running {
                        self.tell(&stage, feed, &keeping).await;
                        self.keep(Cause::Interrupted, &stage, feed, &mut keeping);
                    }
                    let phase = stage.phase;
                    self.advance(&mut stage, feed).await?;
                    if stage.phase != phase || tell_at <= Instant::now() {
                        tell_at = Instant::now() + TELL_EVERY;
                        self.tell(&stage, feed, &keeping).await;
                    } else {
                        self.pass_on(feed, &keeping).await;
                    }
                    if keeping.is_due() && stage.phase != Phase::Done {
                        self.keep(Cause::Interval, &stage, feed, &mut keeping);
                    }
                    judging.go_on()?;
                }
                Some((source, batch)) = following.inbox.recv() => judging.note(source, batch?)?,
            }
        }
        let mut feed = judging.end()?;
        let broker_reachable = self.catch_up(&mut following, &mut feed).await?;
        keeping.finish().await;
        self.tell(&stage, &mut feed, &keeping).await;
        Ok(Conducted {
            judge: feed.judge,
            drained_within: stage.drained,
            broker_reachable,
            interrupted: stage.interrupted,
            recorder: feed.recorder,
        })
    }

    /// What is known when the run begins, or goes on.
    async fn feed(&mut self) -> Result<Feed, CoordinatorError> {
        let settings = &self.settings;
        let trims = Trims::new(self.broker.clone(), self.names.clone(), settings.trim_after);
        let names = self.names.clone();
        let Some(resumed) = self.settings.resume.take() else {
            for stream in [&self.names.messages, &self.names.ledger] {
                self.check_whole(stream).await?;
            }
            let judge = Judge::new(self.settings.judge.clone());
            let mut feed = Feed::new(judge, trims, names, Read::default(), Ahead::default());
            feed.recorder = self.recorder.take();
            return Ok(feed);
        };
        resumed.state.judge.check_settings(&self.settings.judge)?;
        let ahead = resumed.ahead(&self.broker, &self.names).await?;
        let Resumed { state, has_stopped, clock, stops, .. } = resumed;
        let RunState { judge, at: checkpoint, mut progress, told, .. } = *state;
        if bugs::has(Bug::CountedTwice) {
            progress.read.ledger.0 = progress.read.ledger.0.saturating_sub(20);
        }
        let mut feed = Feed::new(judge, trims, names, progress.read, ahead);
        (feed.recorder, feed.told) = (self.recorder.take(), told);
        let at = clock.now();
        feed.tell(Entry::Resumed(Resumption { at, checkpoint, everything: has_stopped }));
        stops.into_iter().for_each(|fault| feed.tell(Entry::Fault(OfChaos { fault })));
        Ok(feed)
    }

    /// Copies where the run stands, to be written while it goes on.
    fn keep(&self, cause: Cause, stage: &Stage, feed: &mut Feed, keeping: &mut Keeping) {
        if !keeping.is_enabled() {
            return;
        }
        feed.flush();
        let began = Instant::now();
        let state = RunState {
            at: self.settings.clock.now(),
            cause,
            progress: self.progress(stage, feed, keeping),
            chaos: keeping.chaos(),
            judge: match bugs::has(Bug::IntervalLost) {
                true => keeping.judged_before(&feed.judge),
                false => feed.judge.clone(),
            },
            told: feed.told,
        };
        keeping.begin(state, began.elapsed());
    }

    fn progress(&self, stage: &Stage, feed: &Feed, keeping: &Keeping) -> Progress {
        Progress {
            elapsed: self.settings.clock.elapsed(),
            phase: stage.phase,
            read: feed.read,
            totals: feed.judge.totals(),
            checkpoints: keeping.figures(self.settings.clock.now()),
            figures: feed.judge.figures(self.settings.detail),
        }
    }

    /// A stream must still have its first record.
    async fn check_whole(&self, stream: &StreamName) -> Result<(), CoordinatorError> {
        let state =
            patiently_for(OUTAGE_MAX, || self.broker.state(stream)).await?.unwrap_or_default();
        if state.records < state.last.0 {
            return Err(CoordinatorError::Trimmed(stream.clone()));
        }
        Ok(())
    }

    /// Reads what is left; says whether the broker still answers.
    async fn catch_up(
        &self,
        following: &mut Following,
        feed: &mut Feed,
    ) -> Result<bool, CoordinatorError> {
        let deadline = Instant::now() + FAREWELL_MAX;
        while Instant::now() < deadline {
            let Read { messages, ledger, group, .. } = feed.read;
            if self.is_read(&self.names.messages, messages).await
                && self.is_read(&self.names.ledger, ledger).await
                && self.is_read(&self.names.group, group).await
            {
                return Ok(true);
            }
            let more = tokio::time::timeout(TICK, following.inbox.recv()).await;
            if let Ok(Some((source, batch))) = more {
                batch?.iter().try_for_each(|record| feed.take(source, record))?;
            }
        }
        Ok(self.broker.state(&self.names.messages).await.is_ok())
    }

    /// Tells events and figures.
    async fn tell(&self, stage: &Stage, feed: &mut Feed, keeping: &Keeping) {
        self.pass_on(feed, keeping).await;
        feed.flush();
        self.progress.send_replace(self.progress(stage, feed, keeping));
    }

    /// Trims what is judged, and tells events.
    async fn pass_on(&self, feed: &mut Feed, keeping: &Keeping) {
        feed.trims.cut(&feed.judge, keeping.hold());
        let events = feed.judge.drain_events();
        if !events.is_empty() {
            // Nobody writes them down: the figures still count.
            let _ = self.events.send(events).await;
        }
    }
}
