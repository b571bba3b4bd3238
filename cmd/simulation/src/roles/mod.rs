//! One role in a process of its own, against an external server.

mod chaos;
mod coordinator;

use std::time::Duration;

use broker_nats::NatsBroker;
use config::{Existing, NatsMode};
use model::{ProducerId, watch};
use parti::MemberId;
use producer::Producer;
use reports::Phase;
use web::Role;
use worker::Worker;

use crate::connect::{Connector, NatsConnector};
use crate::failure::Failure;
use crate::register::register;
use crate::setup::Setup;
use crate::watching::role::RoleWatching;
use crate::{phase, signals, streams};

pub use chaos::chaos;
pub use coordinator::coordinator;

/// How long a worker may take to leave.
const LEAVE_MAX: Duration = Duration::from_secs(30);

async fn connect(setup: &Setup, name: &str, if_over: Existing) -> Result<NatsBroker, Failure> {
    let broker = NatsConnector::new(setup, None).connect(name).await?;
    streams::join(setup, &broker, if_over).await?;
    Ok(broker)
}

/// Sends until the coordinator ends the run or a signal comes.
pub async fn producer(setup: Setup, id: String, chaos: Option<&str>) -> Result<u8, Failure> {
    let mut stop = signals::stop_on_signal()?;
    let setup = behind(setup, chaos, Role::Producer, &id).await?;
    let id = ProducerId(id);
    let settings = setup.producer(&id)?;
    let broker = connect(&setup, &id.0, Existing::Refuse).await?;
    let mut phase = phase::follow(broker.clone(), setup.channel.clone());
    let mut watching = RoleWatching::begin(&setup, metrics::Role::Producer, &id.0).await?;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let producer = Producer::start(broker.clone(), names, channel, settings).await?;
    watching.producer(broker, setup.names.clone(), producer.reported());
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
pub async fn worker(setup: Setup, id: String, chaos: Option<&str>) -> Result<u8, Failure> {
    let mut stop = signals::stop_on_signal()?;
    let mut aside = signals::step_aside_on_signal()?;
    let setup = behind(setup, chaos, Role::Worker, &id).await?;
    let id = MemberId::new(id).map_err(|error| Failure::Usage(error.to_string()))?;
    let broker = connect(&setup, id.as_str(), Existing::Refuse).await?;
    let mut phase = phase::follow(broker.clone(), setup.channel.clone());
    let mut watching = RoleWatching::begin(&setup, metrics::Role::Worker, id.as_str()).await?;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let settings = setup.worker(id.clone());
    let mut worker = Worker::start(broker.clone(), names, channel, settings).await?;
    watching.worker(broker, setup.names.clone(), worker.onlooker());
    println!("✓ {id} started");
    let keeps_seat = tokio::select! {
        biased;
        ended = worker.ended() => return ended.map(|()| 0).map_err(Failure::from),
        () = signals::raised(&mut stop) => false,
        () = signals::raised(&mut aside) => true,
        _ = phase.wait_for(|phase| *phase == Phase::Done) => false,
    };
    let leaving =
        async { if keeps_seat { worker.step_aside().await } else { worker.leave().await } };
    match tokio::time::timeout(LEAVE_MAX, leaving).await {
        Ok(left) => left?,
        Err(_) => {
            return Err(Failure::Environment(format!(
                "{id} could not leave in {LEAVE_MAX:?}: its broker does not answer, or a message \
                 takes longer; its partitions are free when its lease is over"
            )));
        }
    }
    println!("✓ {id} {}", if keeps_seat { "stepped aside" } else { "left" });
    Ok(0)
}

/// Registers with the chaos controller, if there is one, and finds the broker where it says.
async fn behind(
    mut setup: Setup,
    chaos: Option<&str>,
    role: Role,
    id: &str,
) -> Result<Setup, Failure> {
    if let Some(url) = chaos {
        let token = setup.chaos_token();
        let registered = register(url, token.as_deref(), role, id).await?;
        let wrong = |why: config::ValueError| Failure::Environment(why.to_string());
        setup.config.nats.mode = NatsMode::External;
        setup.config.nats.url = registered.nats_url.parse().map_err(wrong)?;
    }
    Ok(setup)
}
