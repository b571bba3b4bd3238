//! Everything in one program: server, producers, workers, chaos, coordinator. Producers and workers are
//! tasks or processes, as the configuration says.

use std::sync::Arc;

use broker_nats::Managed;
use chaos::Control;
use config::Isolation;
use coordinator::Progress;
use history::Pace;
use model::watch;
use processes::Manager;

use crate::cli::Source;
use crate::connect::{NatsConnector, embedded};
use crate::crew::{Launcher, Processes, Registry};
use crate::failure::Failure;
use crate::resume::Found;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::soak::{Soak, soak};
use crate::verdict::Ending;
use crate::watching::Watching;
use crate::{checkpoints, events, progress, resume, signals, verdict};

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
    let asked = Some(connector.clone());
    let watching = Watching::begin(&setup, shown, asked, server.clone(), Some(control)).await?;
    let began = found.as_ref().map_or(setup.clock.started_at(), Found::began);
    watching.shared().set_run(setup.seen(began, &reproduce, false));
    let (events, writing) = events::in_background(&dir.events(), watching.shared())?;
    let showing = progress::begin(told.subscribe(), &setup);
    let run = Soak {
        connector,
        processes,
        orders,
        told,
        events,
        dir: Some(dir.clone()),
        keeper: checkpoints::in_files(&setup, dir.path())?,
        pace: Pace::Real,
        found,
        stop,
        aloud: true,
    };
    let soak = soak(setup, run);
    tokio::pin!(soak);
    let (setup, conducted) = tokio::select! {
        biased;
        conducted = &mut soak => conducted?,
        exit = server_died(server.as_deref()) => return Err(exit),
    };
    showing.abort();
    events::written(writing).await;
    let interrupted = conducted.interrupted;
    let (at, resources) = (setup.clock.now(), watching.resources());
    let ending = Ending { at, resources, reproduce, virtual_time: None };
    let report = verdict::give(&setup, conducted, ending, &dir, &watching.shared())?;
    watching.shared().farewell(&report).await;
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
    let manager = Manager::start().await?;
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
