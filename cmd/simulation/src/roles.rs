//! One role in a process of its own, against an external server.

use std::time::Duration;

use broker_nats::NatsBroker;
use config::Existing;
use coordinator::{Coordinator, CoordinatorSettings, Progress};
use model::ProducerId;
use parti::MemberId;
use producer::Producer;
use reports::Phase;
use tokio::sync::watch;
use worker::Worker;

use crate::connect::{Connector, NatsConnector};
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::watching::Watching;
use crate::{checkpoints, events, phase, progress, signals, streams, verdict};

/// How long a worker may take to leave.
const LEAVE_MAX: Duration = Duration::from_secs(30);

async fn connect(setup: &Setup, name: &str, if_over: Existing) -> Result<NatsBroker, Failure> {
    let broker = NatsConnector::new(&setup.config.nats, None).connect(name).await?;
    streams::join(setup, &broker, if_over).await?;
    Ok(broker)
}

/// Sends until the coordinator ends the run or a signal comes.
pub async fn producer(setup: Setup, id: String) -> Result<u8, Failure> {
    let mut stop = signals::stop_on_signal()?;
    let id = ProducerId(id);
    let settings = setup.producer(&id)?;
    let broker = connect(&setup, &id.0, Existing::Refuse).await?;
    let mut phase = phase::follow(broker.clone(), setup.channel.clone());
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let producer = Producer::start(broker, names, channel, settings).await?;
    println!("✓ {id} started");
    let (end, ending) = watch::channel(false);
    let running = producer.run(ending);
    tokio::pin!(running);
    tokio::select! {
        biased;
        ended = &mut running => return ended.map(|()| 0).map_err(Failure::from),
        () = signals::raised(&mut stop) => {}
        _ = phase.wait_for(|phase| *phase != Phase::Running) => {}
    }
    end.send_replace(true);
    running.await?;
    println!("✓ {id} finished: nothing is in doubt");
    Ok(0)
}

/// Works until the coordinator ends the run or a signal comes.
pub async fn worker(setup: Setup, id: String) -> Result<u8, Failure> {
    let mut stop = signals::stop_on_signal()?;
    let id = MemberId::new(id).map_err(|error| Failure::Usage(error.to_string()))?;
    let broker = connect(&setup, id.as_str(), Existing::Refuse).await?;
    let mut phase = phase::follow(broker.clone(), setup.channel.clone());
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let mut worker = Worker::start(broker, names, channel, setup.worker(id.clone())).await?;
    println!("✓ {id} started");
    tokio::select! {
        biased;
        ended = worker.ended() => return ended.map(|()| 0).map_err(Failure::from),
        () = signals::raised(&mut stop) => {}
        _ = phase.wait_for(|phase| *phase == Phase::Done) => {}
    }
    match tokio::time::timeout(LEAVE_MAX, worker.leave()).await {
        Ok(left) => left?,
        Err(_) => {
            return Err(Failure::Environment(format!(
                "{id} could not leave in {LEAVE_MAX:?}: its broker does not answer, or a message \
                 takes longer; its partitions are free when its lease is over"
            )));
        }
    }
    println!("✓ {id} left");
    Ok(0)
}

/// Leads and judges the run.
pub async fn coordinator(setup: Setup, dir: RunDir, reproduce: &str) -> Result<u8, Failure> {
    let stop = signals::stop_on_signal()?;
    let broker = connect(&setup, "coordinator", setup.config.nats.existing).await?;
    let (told, shown) = watch::channel(Progress::default());
    let prometheus = &setup.config.metrics.prometheus;
    let watching = Watching::begin(prometheus, shown.clone(), None).await?;
    let checkpoint = checkpoints::plan(&setup, &dir)?;
    let (events, writing) = events::writer(&dir.events(), watching.shared())?;
    let whole = setup.config.simulation.duration.duration();
    let every = setup.config.coordinator.report_interval.duration();
    let showing = tokio::spawn(progress::show(shown, every, whole));
    println!("✓ coordinator started");
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let settings = CoordinatorSettings { checkpoint, ..setup.coordinator() };
    let coordinator = Coordinator::new(broker, names, channel, settings, told, events);
    let conducted = coordinator.run(stop).await;
    showing.abort();
    let _ = tokio::time::timeout(Duration::from_secs(5), writing).await;
    let report = verdict::give(&setup, conducted?, watching.resources(), reproduce, &dir)?;
    Ok(report.exit_code)
}
