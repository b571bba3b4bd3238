//! Everything in one program: server, producers, workers, chaos, coordinator. Producers and workers are
//! tasks or processes, as the configuration says.

use std::sync::Arc;
use std::time::Duration;

use broker_nats::Managed;
use chaos::{Command, Control, Director, Position};
use config::Isolation;
use coordinator::{ChaosPosition, Conducted, Coordinator, CoordinatorError, Progress, Stopped};
use processes::Manager;
use reports::Phase;
use tokio::sync::{mpsc, watch};
use web::Shared;

use crate::cli::Source;
use crate::connect::{Connector, NatsConnector, embedded};
use crate::crew::{Crew, Launcher, Processes, Registry};
use crate::failure::Failure;
use crate::resume::Found;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::watching::Watching;
use crate::{checkpoints, events, progress, resume, signals, streams, verdict};

/// How long workers and producers may still take when the run is judged.
const LEAVE_MAX: Duration = Duration::from_secs(10);

/// What a run is made of, besides its configuration.
pub struct Parts {
    /// The configuration as it was named on the command line: processes are given the same.
    pub source: Source,
    /// Where it leaves its report.
    pub dir: RunDir,
    /// The command that runs it again.
    pub reproduce: String,
    /// The checkpoint that it goes on from.
    pub found: Option<Found>,
}

/// Runs it all and gives the verdict's exit code.
pub async fn run(setup: Setup, parts: Parts) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let Parts { source, dir, reproduce, found } = parts;
    let server = embedded(&setup.config, dir.nats()).await?.map(Arc::new);
    let connector = NatsConnector::new(&setup, server.clone());
    let processes = processes(&setup, &connector, &source, &dir).await?;
    let (told, shown) = watch::channel(Progress::default());
    let (control, orders) = Control::new(Arc::new(setup.config.clone()));
    let watching = Watching::begin(&setup.config, shown, server.clone(), Some(control)).await?;
    let run = Soak { connector, processes, orders, told, shared: watching.shared(), stop };
    let soak = soak(setup, &dir, found, run);
    tokio::pin!(soak);
    let (setup, conducted) = tokio::select! {
        biased;
        conducted = &mut soak => conducted?,
        exit = server_died(server.as_deref()) => return Err(exit),
    };
    let interrupted = conducted.interrupted;
    let report = verdict::give(&setup, conducted, watching.resources(), &reproduce, &dir)?;
    watching.shared().set_verdict(report.verdict);
    if let Some(server) = &server {
        server.stop().await;
    }
    if interrupted && setup.config.checkpoint.enabled {
        println!("Go on: {}", resume::command(&source));
    } else if report.exit_code == 0 {
        dir.forget_server();
    }
    Ok(report.exit_code)
}

/// What runs children, if anybody is to be one.
async fn processes(
    setup: &Setup,
    connector: &NatsConnector,
    source: &Source,
    dir: &RunDir,
) -> Result<Option<Processes>, Failure> {
    let config = &setup.config;
    let isolations = [config.workers.isolation, config.producers.isolation];
    if !isolations.contains(&Isolation::Process) {
        return Ok(None);
    }
    let manager = Manager::start().await.map_err(|error| Failure::Environment(error.to_string()))?;
    let launcher = Launcher::new(setup, source, dir.logs())?;
    let addresses = connector.addresses();
    Ok(Some(Processes::new(manager, launcher, addresses, Registry::default())))
}

/// The embedded server ended although nobody asked for it.
async fn server_died(server: Option<&Managed>) -> Failure {
    let Some(server) = server else { return std::future::pending().await };
    let exit = server.died().await;
    Failure::Environment(format!(
        "the embedded nats-server ended ({exit}) in the middle of the run; its log: {}",
        server.log_path().display()
    ))
}

/// What a soak works with, besides its configuration.
pub struct Soak<C: Connector> {
    /// To the broker.
    pub connector: C,
    /// Runs children, if anybody is to be one.
    pub processes: Option<Processes>,
    /// What chaos is told by hand.
    pub orders: mpsc::Receiver<Command>,
    /// Where it tells how it is going.
    pub told: watch::Sender<Progress>,
    /// Where it is shown.
    pub shared: Shared,
    /// Ends it before its time.
    pub stop: watch::Receiver<bool>,
}

/// One run on a broker that is there. Gives back the setup with the clock of the run.
pub async fn soak<C: Connector>(
    mut setup: Setup,
    dir: &RunDir,
    found: Option<Found>,
    run: Soak<C>,
) -> Result<(Setup, Conducted), Failure> {
    let Soak { connector, processes, orders, told, shared, stop } = run;
    let broker = connector.connect("coordinator").await?;
    let goes_on = found.is_some();
    let resumed = match found {
        Some(found) => Some(resume::begin(&mut setup, &broker, found, Stopped::Everything).await?),
        None => {
            streams::prepare(&setup, &broker).await?;
            None
        }
    };
    let shown = told.subscribe();
    let (events, writing) = events::writer(&dir.events(), goes_on, shared)?;
    let whole = setup.config.simulation.duration.duration();
    let every = setup.config.coordinator.report_interval.duration();
    let showing = tokio::spawn(progress::show(shown.clone(), every, whole));
    let settings = setup.director(resumed.as_ref().map(|resumed| resumed.next_fault));
    dir.schedule(&settings.schedule)?;
    let (position, chaos) = watch::channel(ChaosPosition::default());
    let mut judged_by = setup.coordinator();
    judged_by.checkpoint = checkpoints::plan(&setup, dir.path(), Some(chaos))?;
    judged_by.resume = resumed;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let judging =
        Coordinator::new(broker, names, channel, judged_by, told, events).run(stop);
    let acting = async {
        let crew = Crew::new(&setup, connector.clone(), processes).await?;
        let broker = connector.connect("chaos").await?;
        let (names, channel) = (setup.names.clone(), setup.channel.clone());
        let direct = |crew| {
            let clock = setup.clock;
            let director = Director::new(broker, names, channel, clock, settings, crew, orders);
            tokio::spawn(report_position(director.position(), position));
            director
        };
        act(&setup, crew, direct, phases(shown)).await
    };
    let conducted = together(judging, acting).await;
    showing.abort();
    // Every event is on its way to the disk; the disk may take its time, but not for ever.
    let _ = tokio::time::timeout(Duration::from_secs(5), writing).await;
    Ok((setup, conducted?))
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

/// Tells the checkpoints how far chaos is, as long as there is chaos.
async fn report_position(
    mut chaos: watch::Receiver<Position>,
    checkpoints: watch::Sender<ChaosPosition>,
) {
    loop {
        let Position { through, next_fault_id } = *chaos.borrow_and_update();
        checkpoints.send_replace(ChaosPosition { elapsed: through, next_fault: next_fault_id });
        if chaos.changed().await.is_err() {
            return;
        }
    }
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
async fn act<C: Connector, B: broker::Log>(
    setup: &Setup,
    mut crew: Crew<C>,
    direct: impl FnOnce(Crew<C>) -> Director<B, Crew<C>>,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), Failure> {
    crew.start_all(setup).await?;
    println!("✓ Simulation started");
    if setup.config.chaos.enabled {
        println!("✓ Chaos controller started");
        println!("  {} events planned", setup.schedule().len());
    }
    let mut crew = direct(crew).run(phase.clone()).await;
    crew.finish_producers().await;
    // Should the coordinator be gone, its end is the end of the run, too.
    let _ = phase.wait_for(|phase| *phase == Phase::Done).await;
    crew.leave_all().await;
    Ok(())
}
