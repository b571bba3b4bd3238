//! What a producer, a worker and a chaos controller show in a process of their own: metrics of what
//! each knows itself, and whether it is of use.
//!
//! Producers and workers are many on one machine and share one configuration, so each takes the
//! first port that is free after the configured one, which is the judge's, and says which.

use std::time::Duration;

use broker::{Admin, Queue};
use chaos::Control;
use metrics::{ChaosFigures, Role};
use model::watch;
use parti::Names;
use reports::ProducerReport;
use tokio::task::JoinSet;
use web::{Server, Shared};
use worker::Onlooker;

use super::{behind, measure_own};
use crate::failure::Failure;
use crate::setup::Setup;

/// How often a process looks at itself.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often it asks whether the broker answers.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Ports that are tried.
const PORTS_MAX: u16 = 1_000;

/// Shows a role while it is played.
pub struct RoleWatching {
    shared: Option<Shared>,
    tasks: JoinSet<()>,
}

impl RoleWatching {
    /// Serves the metrics of `name`, which plays `role`, if the configuration says so. A machine
    /// without a free port costs the metrics, not the role.
    pub async fn begin(setup: &Setup, role: Role, name: &str) -> Result<Self, Failure> {
        let prometheus = &setup.config.metrics.prometheus;
        let mut tasks = JoinSet::new();
        if !prometheus.enabled {
            return Ok(Self { shared: None, tasks });
        }
        let first = prometheus.port.saturating_add(1);
        let ports = first..=first.saturating_add(PORTS_MAX - 1);
        let server = match Server::bind_first_free(&prometheus.host, ports).await {
            Ok(server) => server,
            Err(error) => {
                tracing::warn!(%error, "no metrics are served");
                return Ok(Self { shared: None, tasks });
            }
        };
        let shared = Shared::of(role)?;
        println!("✓ Metrics of {name} at http://{}/metrics", server.local_addr());
        tasks.spawn(server.serve(shared.clone(), std::future::pending()));
        tasks.spawn(look(shared.clone()));
        Ok(Self { shared: Some(shared), tasks })
    }

    /// Shows what a producer knows of its publishes.
    pub fn producer<B: Admin>(
        &mut self,
        broker: B,
        names: Names,
        mut reported: watch::Receiver<Option<ProducerReport>>,
    ) {
        let Some(shared) = self.started(broker, names) else { return };
        self.tasks.spawn(async move {
            while reported.changed().await.is_ok() {
                if let Some(report) = &*reported.borrow_and_update() {
                    shared.metrics().observe_producer(report);
                }
            }
        });
    }

    /// Shows what a worker does.
    pub fn worker<B: Admin>(&mut self, broker: B, names: Names, worker: Onlooker<impl Queue>) {
        let Some(shared) = self.started(broker, names) else { return };
        self.tasks.spawn(async move {
            loop {
                if let Some(report) = worker.account() {
                    let status = worker.status();
                    let leads = status.leading.is_some();
                    shared.metrics().observe_worker(&report, status.owned, leads);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
    }

    /// The role is played from now on; looks whether the broker answers.
    fn started<B: Admin>(&mut self, broker: B, names: Names) -> Option<Shared> {
        let shared = self.shared.clone()?;
        shared.set_ready(true);
        self.tasks.spawn(reach(shared.clone(), broker, names));
        Some(shared)
    }
}

/// Shows what a chaos controller does, for as long as it breaks anything.
pub async fn chaos(shared: Shared, control: Control, broker: impl Admin, names: Names) {
    shared.set_ready(true);
    tokio::spawn(look(shared.clone()));
    tokio::spawn(reach(shared.clone(), broker, names));
    // Without an answer the figures stay: the controller may be waiting for a node.
    loop {
        match control.show().await {
            Ok(state) => shared.metrics().observe_chaos(&figures(&state)),
            Err(chaos::ControlError::Over) => return,
            Err(error) => tracing::debug!(%error, "chaos is not shown"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn figures(state: &chaos::State) -> ChaosFigures {
    let done = state.done_by_event.iter();
    ChaosFigures {
        done: done.map(|(event, count)| ((*event).to_owned(), *count)).collect(),
        skipped: state.skipped,
        open: state.open.len() as u64,
        planned: state.planned_left as u64,
    }
}

async fn look(shared: Shared) {
    loop {
        measure_own(&shared);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn reach(shared: Shared, broker: impl Admin, names: Names) {
    loop {
        shared.set_broker(behind::heads(&broker, &names).await.map(|_| ()));
        tokio::time::sleep(ASK_EVERY).await;
    }
}
