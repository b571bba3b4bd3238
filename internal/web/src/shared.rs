//! What the run publishes for the pages: whoever runs it writes, requests read the newest.

use std::sync::{Arc, OnceLock};

use chaos::Control;
use coordinator::{Event, Progress, Report, Totals, Verdict};
use metrics::{Metrics, MetricsError, Role};
use reports::Phase;
use serde::Serialize;
use tokio::sync::{mpsc, watch};
use view::{Run, View};

use crate::live::Live;
use crate::register::Arrival;

/// What `/status` says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// Whether the run is under way; before that its figures say nothing.
    pub ready: bool,
    /// What the run is doing.
    pub phase: Phase,
    /// Time since it began.
    pub elapsed_seconds: f64,
    /// The verdict; while the run goes on `running`, with what was found so far in
    /// `totals.anomalies`.
    pub verdict: Verdict,
    /// The newest figures.
    pub totals: Totals,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            ready: false,
            phase: Phase::default(),
            elapsed_seconds: 0.0,
            verdict: Verdict::Running,
            totals: Totals::default(),
        }
    }
}

/// What the run and its pages share; clones are the same.
#[derive(Clone)]
pub struct Shared {
    status: watch::Sender<Status>,
    metrics: Arc<Metrics>,
    chaos: Arc<OnceLock<ByHand>>,
    arrivals: Arc<OnceLock<mpsc::Sender<Arrival>>>,
    live: Arc<OnceLock<Live>>,
    role: Role,
    /// Why the broker cannot be reached, if it cannot.
    unreachable: watch::Sender<Option<String>>,
}

/// Chaos by hand, and who may ask for it.
pub(crate) struct ByHand {
    pub control: Control,
    /// What a request must carry where others can reach the server.
    pub token: Option<String>,
}

impl Shared {
    /// Not ready, at nothing.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn new() -> Result<Self, MetricsError> {
        let shared = Self::of(Role::Run)?;
        shared.metrics.update(&Totals::default());
        Ok(shared)
    }

    /// The same for a process that plays one role. Only who judges a run has a status to show.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn of(role: Role) -> Result<Self, MetricsError> {
        let (status, metrics) = (watch::Sender::default(), Arc::new(Metrics::of(role)?));
        let (chaos, arrivals, live) = (Arc::default(), Arc::default(), Arc::default());
        let unreachable = watch::Sender::default();
        Ok(Self { status, metrics, chaos, arrivals, live, role, unreachable })
    }

    /// Which role the process plays.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// How the run is going: for the metrics and for `/status`.
    pub fn update(&self, progress: &Progress) {
        self.metrics.update(&progress.totals);
        self.metrics.observe_checkpoints(&progress.checkpoints);
        self.metrics.observe_figures(&progress.figures);
        self.status.send_modify(|status| {
            status.phase = progress.phase;
            status.elapsed_seconds = progress.elapsed.as_secs_f64();
            status.totals = progress.totals.clone();
        });
        self.look(progress);
    }

    /// The run can be looked at from now on. Only the first call counts.
    pub fn set_run(&self, run: Run) {
        if self.live.set(Live::new(View::new(run))).is_err() {
            tracing::warn!("the run is shown already");
        }
    }

    /// Things happened: for the live page and `report.html`.
    pub fn happened(&self, events: &[Event]) {
        if let Some(live) = self.live() {
            live.happened(events);
        }
    }

    /// How the run is going, for the live page and `report.html` alone.
    pub fn look(&self, progress: &Progress) {
        if let Some(live) = self.live() {
            live.progress(progress);
        }
    }

    /// What is shown of the run, if it is judged here.
    pub fn view(&self) -> Option<View> {
        self.live().map(Live::view)
    }

    /// Tells the verdict to everybody who looks, and waits until they know, for two seconds at most.
    pub async fn farewell(&self, report: &Report) {
        self.set_verdict(report.verdict);
        if let Some(live) = self.live() {
            live.judged(report);
            live.farewell().await;
        }
    }

    /// What is shown of the run, as it happens.
    pub(crate) fn live(&self) -> Option<&Live> {
        self.live.get()
    }

    /// Whether the run is under way.
    pub fn set_ready(&self, ready: bool) {
        self.status.send_modify(|status| status.ready = ready);
    }

    /// Whether the broker answers, or why it does not.
    pub fn set_broker(&self, answers: Result<(), String>) {
        self.unreachable.send_replace(answers.err());
    }

    /// Why the process is of no use at the moment, if it is not.
    pub(crate) fn unready(&self) -> Option<String> {
        if !self.status.borrow().ready {
            return Some("the run is not under way".into());
        }
        let unreachable = self.unreachable.borrow();
        unreachable.as_ref().map(|why| format!("the broker cannot be reached: {why}"))
    }

    /// The run was judged.
    pub fn set_verdict(&self, verdict: Verdict) {
        self.metrics.set_verdict(verdict);
        self.status.send_modify(|status| status.verdict = verdict);
    }

    /// Chaos can be asked for by hand from now on, by whoever reaches this machine's loopback, or
    /// carries `token` where the server is reachable from elsewhere. Only the first call counts.
    pub fn set_chaos(&self, control: Control, token: Option<String>) {
        let token = token.filter(|token| !token.is_empty());
        if self.chaos.set(ByHand { control, token }).is_err() {
            tracing::warn!("chaos by hand is given already");
        }
    }

    /// Processes can register from now on, as can whoever may ask for chaos by hand. Only the first
    /// call counts.
    pub fn set_registry(&self, arrivals: mpsc::Sender<Arrival>) {
        if self.arrivals.set(arrivals).is_err() {
            tracing::warn!("registrations are taken already");
        }
    }

    /// Where registrations go, if they are taken.
    pub(crate) fn arrivals(&self) -> Option<&mpsc::Sender<Arrival>> {
        self.arrivals.get()
    }

    /// Chaos by hand, if this process plays chaos.
    pub(crate) fn chaos(&self) -> Option<&ByHand> {
        self.chaos.get()
    }

    /// The metrics, for what is not in the totals.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The newest status.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status as it changes: a slow reader misses changes, never the newest.
    pub fn changes(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }
}
