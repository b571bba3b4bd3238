//! The registry of a process: brings its families up to the newest figures and writes them out.

use std::sync::{Mutex, MutexGuard, PoisonError};

use coordinator::{CheckpointFigures, Figures, ProducerReport, Totals, Verdict, WorkerReport};
use prometheus::{IntGauge, Registry, TextEncoder};

use crate::families::RunFamilies;
use crate::process::ProcessFamilies;
use crate::register::{Described, Register};
use crate::roles::{ChaosFamilies, ChaosFigures, ProducerFamilies, WorkerFamilies};
use crate::{MetricsError, Process, Usage};

/// The media type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = prometheus::TEXT_FORMAT;

/// Whose metrics they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A run: whoever judges it.
    Run,
    /// One producer in a process of its own.
    Producer,
    /// One worker in a process of its own.
    Worker,
    /// A chaos controller in a process of its own.
    Chaos,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 4] = [Self::Run, Self::Producer, Self::Worker, Self::Chaos];
}

/// How far the judge is behind what is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lag {
    /// Age of the newest record that was judged.
    pub seconds: f64,
    /// Messages that are not judged yet.
    pub messages: u64,
    /// Records of the ledger that are not judged yet.
    pub ledger: u64,
}

/// Every metric of a process, in a registry of its own.
///
/// ```
/// let metrics = metrics::Metrics::new()?;
/// metrics.update(&coordinator::Totals { sent: 3, ..Default::default() });
/// assert!(metrics.encode()?.contains("\nsimulation_messages_sent_total 3\n"));
/// # Ok::<(), metrics::MetricsError>(())
/// ```
pub struct Metrics {
    registry: Registry,
    described: Vec<Described>,
    /// One lock over all: whoever reads sees the whole of an update or nothing of it.
    families: Mutex<Families>,
}

/// The families of a process: what its role knows, and what every process uses.
struct Families {
    of_role: OfRole,
    own: ProcessFamilies,
    tasks: IntGauge,
}

enum OfRole {
    Run(Box<RunFamilies>),
    Producer(ProducerFamilies),
    Worker(WorkerFamilies),
    Chaos(ChaosFamilies),
}

impl Metrics {
    /// All families of a run, at nothing.
    ///
    /// # Errors
    ///
    /// Only if a name is given twice or is none: the tests of this room would have failed.
    pub fn new() -> Result<Self, MetricsError> {
        let metrics = Self::of(Role::Run)?;
        metrics.update(&Totals::default());
        Ok(metrics)
    }

    /// The families of one role, at nothing.
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn of(role: Role) -> Result<Self, MetricsError> {
        let mut register = Register::default();
        let of_role = match role {
            Role::Run => OfRole::Run(Box::new(RunFamilies::new(&mut register)?)),
            Role::Producer => OfRole::Producer(ProducerFamilies::new(&mut register)?),
            Role::Worker => OfRole::Worker(WorkerFamilies::new(&mut register)?),
            Role::Chaos => OfRole::Chaos(ChaosFamilies::new(&mut register)?),
        };
        let own = ProcessFamilies::new(&mut register, Process::Own)?;
        let help = "Tasks of this program that are alive.";
        let tasks = register.add(IntGauge::new("simulation_tokio_tasks", help))?;
        let families = Mutex::new(Families { of_role, own, tasks });
        let Register { registry, mut described } = register;
        described.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { registry, described, families })
    }

    /// Every family, as the documentation says it; sorted.
    pub fn described(&self) -> &[Described] {
        &self.described
    }

    /// Brings every family that shows a total up to `totals`. A counter never goes down: a total
    /// below the one before is ignored.
    pub fn update(&self, totals: &Totals) {
        self.of_run(|run| run.update(totals));
    }

    /// Brings what changes its labels, and the histograms, up to `figures`.
    pub fn observe_figures(&self, figures: &Figures) {
        self.of_run(|run| run.figures(figures));
    }

    /// The run was judged.
    pub fn set_verdict(&self, verdict: Verdict) {
        self.of_run(|run| run.judged(verdict));
    }

    /// How far the judge is behind. Its families appear with the first call.
    pub fn observe_lag(&self, lag: &Lag) {
        self.of_run(|run| run.lag(lag));
    }

    /// One rebalance is over: how long it took, and how many partitions it moved.
    pub fn observe_rebalance(&self, seconds: f64, moved: u32) {
        self.of_run(|run| run.rebalance(seconds, moved));
    }

    /// What checkpoints cost. Size, times and age appear with the first one that is written.
    pub fn observe_checkpoints(&self, figures: &CheckpointFigures) {
        self.of_run(|run| run.checkpoints(figures));
    }

    /// What a producer knows of its publishes.
    pub fn observe_producer(&self, report: &ProducerReport) {
        if let OfRole::Producer(families) = &self.lock().of_role {
            families.update(report);
        }
    }

    /// What a worker did, how many partitions it owns, and whether it leads.
    pub fn observe_worker(&self, report: &WorkerReport, owned: u32, leads: bool) {
        if let OfRole::Worker(families) = &self.lock().of_role {
            families.update(report);
            families.holds(owned, leads);
        }
    }

    /// What a chaos controller did.
    pub fn observe_chaos(&self, figures: &ChaosFigures) {
        if let OfRole::Chaos(families) = &self.lock().of_role {
            families.update(figures);
        }
    }

    /// What a process uses now. Its families appear with the first usage.
    pub fn observe_usage(&self, process: Process, usage: &Usage) {
        match process {
            Process::Own => self.lock().own.update(usage),
            Process::Server => self.of_run(|run| run.server(usage)),
        }
    }

    /// Tasks that are alive.
    pub fn observe_tasks(&self, alive: usize) {
        self.lock().tasks.set(alive.try_into().unwrap_or(i64::MAX));
    }

    /// All families in the text format of Prometheus, sorted; see [`CONTENT_TYPE`].
    ///
    /// # Errors
    ///
    /// As [`Metrics::new`].
    pub fn encode(&self) -> Result<String, MetricsError> {
        let gathered = {
            let _whole = self.lock();
            self.registry.gather()
        };
        Ok(TextEncoder::new().encode_to_string(&gathered)?)
    }

    /// Nothing, where the process judges no run.
    fn of_run(&self, update: impl FnOnce(&mut RunFamilies)) {
        if let OfRole::Run(families) = &mut self.lock().of_role {
            update(families);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Families> {
        // Figures are set one by one and stay usable, whoever panicked.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
