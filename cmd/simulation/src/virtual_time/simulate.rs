//! One run from its beginning to its end in virtual time, in one thread: time stands still while
//! anybody has anything to do, and jumps to the next thing when nobody has.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use broker_virtual::{Happening, Observer, Options, Trace, VirtualBroker};
use chaos::Command;
use config::{Config, Consumption, Isolation, Mode};
use coordinator::{Conducted, Progress, VirtualTime};
use history::Pace;
use model::{Seed, Timestamp, watch};
use parti::Names;
use probes::Watch;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;
use tokio::time::Instant;
use web::Shared;

use super::connector::VirtualConnector;
use super::limits::{Limits, Rush};
use crate::connect::REQUEST_TIMEOUT;
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::soak::{Soak, soak};
use crate::{checkpoints, events};

/// What a virtual run leaves behind, and who looks on.
pub struct Outside {
    /// Where it tells how it is going.
    pub told: watch::Sender<Progress>,
    /// What chaos is told by hand.
    pub orders: mpsc::Receiver<Command>,
    /// Who else is told what happens at the broker.
    pub observer: Option<Box<dyn Observer>>,
    /// Ends it before its time.
    pub stop: watch::Receiver<bool>,
    /// What it leaves; without it, it leaves nothing.
    pub left: Option<Left>,
    /// Where its trace is written, line by line.
    pub trace: Option<Box<dyn std::io::Write + Send>>,
    /// The broker does nothing for so long at first. What differs from one process to the next makes
    /// a run that cannot be repeated.
    pub stall: Duration,
    /// Says on stdout what a person waits for.
    pub aloud: bool,
}

/// What a virtual run leaves, and who looks at it.
pub struct Left {
    /// Where it leaves its events, its schedule and its history.
    pub dir: RunDir,
    /// Who is shown what happens.
    pub shared: Shared,
    /// The command that runs it again.
    pub reproduce: String,
}

impl Outside {
    /// Nobody looks on.
    pub fn nobody() -> Self {
        let (told, _) = watch::channel(Progress::default());
        let (_, orders) = mpsc::channel(1);
        let (_, stop) = watch::channel(false);
        Self {
            told,
            orders,
            stop,
            left: None,
            trace: None,
            observer: None,
            stall: Duration::ZERO,
            aloud: false,
        }
    }
}

/// A run that is over.
pub struct Simulated {
    /// How it was set up, with its clock stopped at its end.
    pub setup: Setup,
    /// What is to be judged.
    pub conducted: Conducted,
    /// When it ended.
    pub ended_at: Timestamp,
    /// How fast it was, and what it can be told by.
    pub figures: VirtualTime,
}

/// Runs `config` with `seed`.
pub fn simulate(
    mut config: Config,
    seed: Seed,
    mut outside: Outside,
) -> Result<Simulated, Failure> {
    // Everybody is a task of this thread.
    config.simulation.mode = Mode::AllInOne;
    config.workers.isolation = Isolation::Task;
    config.producers.isolation = Isolation::Task;
    let fenced = config.workers.consumption == Consumption::Fenced;
    let runtime = runtime()?;
    let began = Instant::now();
    let Outside { trace, observer, .. } = &mut outside;
    let trace = Arc::new(Mutex::new(Trace::new(trace.take())));
    let probes = watch(&config)?;
    let hits = probes.hits();
    let limits = Limits::of(&config);
    let watched =
        Watched { trace: trace.clone(), probes, rush: limits.rush(), other: observer.take() };
    let (broker, run) = runtime.block_on(async {
        let patience = Options { request_timeout: REQUEST_TIMEOUT, ..Options::new(seed) };
        let broker = VirtualBroker::new(patience);
        broker.observe(Box::new(watched));
        broker.stall(outside.stall);
        let run = within(config, seed, broker.clone(), outside);
        // In a box: what comes out in the end is large, and would be moved each time that it does not.
        (broker, limits.within(async { run.await.map(Box::new) }).await)
    });
    // Whoever is left ends here, and says its last word.
    drop(runtime);
    let real_seconds = began.elapsed().as_secs_f64();
    let (setup, conducted, ended_at) = *run?;
    let mut trace = trace.lock().unwrap_or_else(PoisonError::into_inner);
    trace.flush().map_err(|error| {
        Failure::Environment(format!(
            "the trace could not be written to its end ({error}); make room, or leave out --trace"
        ))
    })?;
    let virtual_seconds = ended_at.since(setup.clock.started_at()).as_secs_f64();
    let figures = VirtualTime {
        virtual_seconds,
        real_seconds,
        factor: virtual_seconds / real_seconds.max(f64::EPSILON),
        trace_hash: format!("{:016x}", trace.hash()),
        trace_events: trace.count(),
        last_word: format!("{:016x}", broker.last_words()),
        probes: if fenced { hits.by_name() } else { hits.by_name_without_claims() },
    };
    Ok(Simulated { setup, conducted, ended_at, figures })
}

/// Without a driver for sockets and signals: nothing but time ever wakes it.
fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.map_err(|error| Failure::Environment(format!("no runtime: {error}")))
}

/// Counts the situations that the run is in.
fn watch(config: &Config) -> Result<Watch, Failure> {
    let names = Names::new(&config.nats.name_prefix);
    let names = names.map_err(|error| Failure::Usage(error.to_string()))?;
    Ok(Watch::new(names, config.workers.lease.duration()))
}

async fn within(
    config: Config,
    seed: Seed,
    broker: VirtualBroker,
    outside: Outside,
) -> Result<(Setup, Conducted, Timestamp), Failure> {
    let Outside { told, orders, stop, left, aloud, .. } = outside;
    let setup = Setup::new(config, seed, broker.clock())?;
    let recorded = left.as_ref().map(|Left { dir, shared, reproduce }| {
        shared.set_run(setup.seen(setup.clock.started_at(), reproduce, true));
        tokio::spawn(look(told.subscribe(), shared.clone()));
        events::in_place(&dir.events(), shared.clone())
    });
    let (events, writing) = recorded.transpose()?.unzip();
    let dir = left.map(|left| left.dir);
    // Without a directory nobody hears of events.
    let events = events.unwrap_or_else(|| mpsc::channel(1).0);
    let connector = VirtualConnector::new(broker);
    let (processes, found, keeper) = (None, None, checkpoints::in_memory(&setup));
    let pace = Pace::Virtual;
    let run =
        Soak { connector, processes, orders, told, events, dir, keeper, pace, found, stop, aloud };
    let (setup, conducted) = soak(setup, run).await?;
    let ended_at = setup.clock.now();
    if let Some(writing) = writing {
        let _ = writing.await;
    }
    Ok((setup, conducted, ended_at))
}

/// Shows every figure that is told: whoever looks in real time sees one in a thousand.
async fn look(mut progress: watch::Receiver<Progress>, shared: Shared) {
    while progress.changed().await.is_ok() {
        shared.look(&progress.borrow_and_update());
    }
}

/// The trace, the probes, the limit, and whoever else is told.
#[derive(Debug)]
struct Watched {
    trace: Arc<Mutex<Trace>>,
    probes: Watch,
    rush: Rush,
    other: Option<Box<dyn Observer>>,
}

impl Observer for Watched {
    fn observe(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>) {
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        trace.observe(at, client, happening);
        self.probes.observe(at, client, happening);
        self.rush.happened(at);
        if let Some(other) = &mut self.other {
            other.observe(at, client, happening);
        }
    }
}
