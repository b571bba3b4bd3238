//! The role that breaks others: workers and producers that were started by somebody else register over
//! HTTP, are told where they find the broker, and are then killed, paused and cut off like children of
//! an all-in-one run. Whoever it kills comes back as a child of this process.

use std::sync::Arc;
use std::time::Duration;

use chaos::{Control, Director};
use config::{Existing, Isolation};
use model::watch;
use processes::Manager;
use reports::Phase;
use tokio::sync::mpsc;
use web::{Server, Shared};

use super::connect;
use crate::cli::Source;
use crate::connect::NatsConnector;
use crate::crew::{Crew, Launcher, Processes, Registry};
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::watching::role;
use crate::{phase, signals};

/// Registrations that wait.
const WAITING_MAX: usize = 16;
/// How long those that were started here may take to leave.
const LEAVE_MAX: Duration = Duration::from_secs(90);

/// Breaks whoever registers, until the coordinator ends the run or a signal comes.
pub async fn chaos(mut setup: Setup, source: &Source, dir: &RunDir) -> Result<u8, Failure> {
    if !setup.config.chaos.enabled {
        return Err(Failure::Usage(
            "the chaos role has nothing to do: set chaos.enabled: true".into(),
        ));
    }
    let stop = signals::stop_on_signal()?;
    // Whoever is looked after here is a process.
    setup.config.workers.isolation = Isolation::Process;
    setup.config.producers.isolation = Isolation::Process;
    let broker = connect(&setup, "chaos", Existing::Refuse).await?;
    let phase = until(phase::follow(broker.clone(), setup.channel.clone()), stop);
    let connector = NatsConnector::new(&setup, None);
    let registry = Registry::default();
    let (control, orders) = Control::new(Arc::new(setup.config.clone()));
    let shared = Shared::of(metrics::Role::Chaos)?;
    let (registrations, mut arriving) = mpsc::channel(WAITING_MAX);
    let token = setup.chaos_token();
    shared.set_chaos(control.clone(), token);
    shared.set_registry(registrations);
    let address = &setup.config.metrics.prometheus;
    let server = Server::bind(&address.host, address.port).await?;
    println!("✓ Chaos controller at http://{}", server.local_addr());
    tokio::spawn(server.serve(shared.clone(), std::future::pending()));
    let (known, addresses) = (registry.clone(), connector.addresses());
    tokio::spawn(async move {
        while let Some((registration, answer)) = arriving.recv().await {
            // Whoever asked may have gone.
            let _: Result<_, _> = answer.send(known.register(registration, &addresses).await);
        }
    });
    let launcher = Launcher::new(&setup, source, dir.logs())?;
    let manager = Manager::start().await?;
    let processes = Processes::new(manager, launcher, connector.addresses(), registry);
    let crew = Crew::new(&setup, connector, Some(processes)).await?;
    let settings = setup.director(None);
    tokio::spawn(role::chaos(shared, control, broker.clone(), setup.names.clone()));
    let director = Director::new(
        broker,
        setup.names.clone(),
        setup.channel.clone(),
        setup.clock,
        settings,
        crew,
        orders,
    );
    let mut crew = director.run(phase.clone()).await;
    // Children go on until the run is over; those of others always do.
    let mut phase = phase;
    let _ = phase.wait_for(|phase| *phase == Phase::Done).await;
    if tokio::time::timeout(LEAVE_MAX, crew.end_children()).await.is_err() {
        tracing::warn!("children did not end within {LEAVE_MAX:?}; killed");
    }
    println!("✓ Chaos controller finished");
    Ok(0)
}

/// The phase of the run, until a signal ends it for us.
fn until(
    mut phase: watch::Receiver<Phase>,
    mut stop: watch::Receiver<bool>,
) -> watch::Receiver<Phase> {
    let (tell, told) = watch::channel(*phase.borrow());
    tokio::spawn(async move {
        loop {
            tokio::select! {
                biased;
                () = signals::raised(&mut stop) => break,
                changed = phase.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    tell.send_replace(*phase.borrow_and_update());
                }
            }
        }
        tell.send_replace(Phase::Done);
    });
    told
}
