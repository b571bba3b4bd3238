//! Everything in one process: server, producers, workers, chaos, coordinator.

use std::sync::Arc;
use std::time::Duration;

use broker::Admin;
use broker_nats::Embedded;
use chaos::{Director, DirectorSettings};
use coordinator::{Conducted, Coordinator, CoordinatorError, CoordinatorSettings, Progress};
use reports::Phase;
use tokio::sync::{mpsc, watch};
use web::Shared;

use crate::connect::{Connector, NatsConnector, embedded};
use crate::failure::Failure;
use crate::fleet::InProcess;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::watching::Watching;
use crate::{checkpoints, events, progress, signals, streams, verdict};

/// How long workers and producers may still take when the run is judged.
const LEAVE_MAX: Duration = Duration::from_secs(10);

/// Runs it all and gives the verdict's exit code.
pub async fn run(setup: Setup, dir: RunDir, reproduce: &str) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let server = embedded(&setup.config, dir.nats()).await?.map(Arc::new);
    let connector = NatsConnector::new(&setup.config.nats, server.as_deref());
    let (told, shown) = watch::channel(Progress::default());
    let pid = server.as_deref().map(Embedded::pid);
    let watching = Watching::begin(&setup.config.metrics.prometheus, shown, pid).await?;
    let checkpoint = checkpoints::plan(&setup, &dir)?;
    let settings = CoordinatorSettings { checkpoint, ..setup.coordinator() };
    let soak = soak(&setup, settings, connector, &dir, told, watching.shared(), stop);
    tokio::pin!(soak);
    let conducted = tokio::select! {
        biased;
        conducted = &mut soak => conducted?,
        exit = server_died(server.as_deref()) => return Err(exit),
    };
    let report = verdict::give(&setup, conducted, watching.resources(), reproduce, &dir)?;
    watching.shared().set_verdict(report.verdict);
    if let Some(server) = &server {
        server.stop().await;
        if report.exit_code == 0 {
            dir.forget_server();
        }
    }
    Ok(report.exit_code)
}

/// The embedded server ended although nobody asked for it.
async fn server_died(server: Option<&Embedded>) -> Failure {
    let Some(server) = server else { return std::future::pending().await };
    let exit = server.exited().await;
    Failure::Environment(format!(
        "the embedded nats-server ended ({exit}) in the middle of the run; its log: {}",
        server.log_path().display()
    ))
}

/// One run on a broker that is there.
pub async fn soak<C: Connector>(
    setup: &Setup,
    settings: CoordinatorSettings,
    connector: C,
    dir: &RunDir,
    told: watch::Sender<Progress>,
    shared: Shared,
    stop: watch::Receiver<bool>,
) -> Result<Conducted, Failure> {
    let broker = connector.connect("coordinator").await?;
    streams::prepare(setup, &broker).await?;
    let shown = told.subscribe();
    let (events, writing) = events::writer(&dir.events(), shared)?;
    let whole = setup.config.simulation.duration.duration();
    let every = setup.config.coordinator.report_interval.duration();
    let showing = tokio::spawn(progress::show(shown.clone(), every, whole));
    let judging = coordinate(setup, settings, broker, told, events, stop);
    let acting = act(setup, connector, phases(shown));
    let conducted = together(judging, acting).await;
    showing.abort();
    // Every event is on its way to the disk; the disk may take its time, but not for ever.
    let _ = tokio::time::timeout(Duration::from_secs(5), writing).await;
    conducted
}

/// Judges to the end. Whoever acts ends with it, or is dropped: without a broker nobody can leave.
async fn together(
    judging: impl Future<Output = Result<Conducted, CoordinatorError>>,
    acting: impl Future<Output = Result<(), Failure>>,
) -> Result<Conducted, Failure> {
    tokio::pin!(judging, acting);
    let mut acts = true;
    let conducted = loop {
        tokio::select! {
            biased;
            conducted = &mut judging => break conducted?,
            acted = &mut acting, if acts => {
                acted?;
                acts = false;
            }
        }
    };
    if acts {
        match tokio::time::timeout(LEAVE_MAX, acting).await {
            Ok(acted) => acted?,
            Err(_) => tracing::warn!("workers and producers did not end in {LEAVE_MAX:?}; dropped"),
        }
    }
    Ok(conducted)
}

async fn coordinate<B: Admin>(
    setup: &Setup,
    settings: CoordinatorSettings,
    broker: B,
    told: watch::Sender<Progress>,
    events: mpsc::Sender<Vec<coordinator::Event>>,
    stop: watch::Receiver<bool>,
) -> Result<Conducted, CoordinatorError> {
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    Coordinator::new(broker, names, channel, settings, told, events).run(stop).await
}

/// The phase alone, out of the progress; the end of the coordinator is the end of the run.
fn phases(mut progress: watch::Receiver<Progress>) -> watch::Receiver<Phase> {
    let (tell, phase) = watch::channel(Phase::Running);
    tokio::spawn(async move {
        while progress.changed().await.is_ok() {
            let now = progress.borrow_and_update().phase;
            tell.send_if_modified(|phase| std::mem::replace(phase, now) != now);
        }
        tell.send_replace(Phase::Done);
    });
    phase
}

/// Producers, workers and chaos, through the phases of the run.
async fn act<C: Connector>(
    setup: &Setup,
    connector: C,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), Failure> {
    let fleet = InProcess::start(setup.clone(), connector.clone()).await?;
    println!("✓ Simulation started");
    let workers = setup.config.workers.count as usize;
    let settings = DirectorSettings {
        schedule: setup.schedule(),
        restart_after: setup.config.chaos.restart_after.duration(),
        workers_min: workers.div_ceil(2),
        workers_max: workers * 2,
    };
    let planned = settings.schedule.len();
    if setup.config.chaos.enabled {
        println!("✓ Chaos controller started");
        println!("  {planned} events planned");
    }
    let broker = connector.connect("chaos").await?;
    let director = Director::new(broker, setup.channel.clone(), setup.clock, settings, fleet);
    let mut fleet = director.run(phase.clone()).await;
    fleet.stop_producers();
    let drained = phase.wait_for(|phase| *phase == Phase::Done);
    // Should the coordinator be gone, its end is the end of the run, too.
    let _ = drained.await;
    fleet.stop_workers().await;
    fleet.producers_finished().await;
    Ok(())
}
