//! What the outside sees of a run, and what the run costs: metrics over HTTP, memory and CPU. What a
//! producer, a worker or a chaos controller shows in a process of its own stands in [`role`].

mod behind;
pub mod role;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use broker_nats::Managed;
use chaos::Control;
use coordinator::Progress;
use metrics::{Process, Usage, usage_of};
use model::watch;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;
use web::{Server, Shared};

use crate::connect::Connector;
use crate::failure::Failure;
use crate::setup::Setup;

/// How often the figures of a run are looked at: a run in virtual time tells them a thousand times as
/// often as anybody could read them.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often a process is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Shows a run while it lasts.
pub struct Watching {
    shared: Shared,
    usage: watch::Receiver<Measured>,
    _tasks: JoinSet<()>,
}

#[derive(Clone, Default)]
struct Measured {
    since_start: Duration,
    harness: Option<Usage>,
    server: Option<Usage>,
}

impl Watching {
    /// Serves metrics and takes commands to chaos if the configuration says so, and measures this
    /// process and the embedded server's, and how far the judge is behind the broker, if there is a
    /// real one.
    pub async fn begin<C: Connector>(
        setup: &Setup,
        progress: watch::Receiver<Progress>,
        broker: Option<C>,
        embedded: Option<Arc<Managed>>,
        chaos: Option<Control>,
    ) -> Result<Self, Failure> {
        let shared = Shared::new()?;
        if let Some(control) = chaos.filter(|_| setup.config.chaos.enabled) {
            shared.set_chaos(control, setup.chaos_token());
        }
        let prometheus = &setup.config.metrics.prometheus;
        let mut tasks = JoinSet::new();
        if prometheus.enabled {
            let server = Server::bind(&prometheus.host, prometheus.port).await?;
            println!("✓ Metrics at http://{}/metrics", server.local_addr());
            println!("  watch: http://{}/", reachable(server.local_addr()));
            tasks.spawn(server.serve(shared.clone(), std::future::pending()));
            if let Some(connector) = broker {
                let names = setup.names.clone();
                tasks.spawn(behind::follow(connector, names, shared.clone(), progress.clone()));
            }
        }
        let (told, usage) = watch::channel(Measured::default());
        tasks.spawn(publish(shared.clone(), progress));
        tasks.spawn(measure(shared.clone(), embedded, told));
        Ok(Self { shared, usage, _tasks: tasks })
    }

    /// What is shown.
    pub fn shared(&self) -> Shared {
        self.shared.clone()
    }

    /// What the run has used so far, for the report.
    pub fn resources(&self) -> BTreeMap<String, f64> {
        let measured = self.usage.borrow().clone();
        let mut resources = BTreeMap::new();
        for (name, usage) in [("harness", &measured.harness), ("server", &measured.server)] {
            let Some(usage) = usage else { continue };
            let seconds = measured.since_start.as_secs_f64().max(1.0);
            let mut put = |what: &str, value| resources.insert(format!("{name}_{what}"), value);
            put("cpu_seconds", usage.cpu_seconds);
            put("cpu_cores_mean", usage.cpu_seconds / seconds);
            put("memory_bytes", usage.resident_bytes as f64);
            put("memory_bytes_max", usage.resident_peak_bytes as f64);
        }
        resources
    }
}

/// Where a browser on this machine finds it.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

async fn publish(shared: Shared, mut progress: watch::Receiver<Progress>) {
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        shared.update(&now);
        shared.set_ready(true);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// What this process uses now.
fn measure_own(shared: &Shared) -> Option<Usage> {
    shared.metrics().observe_tasks(Handle::current().metrics().num_alive_tasks());
    let usage = usage_of(None)?;
    shared.metrics().observe_usage(Process::Own, &usage);
    Some(usage)
}

/// What a server has used over all of its lives: a restart begins a new process.
#[derive(Default)]
struct Lives {
    pid: Option<u32>,
    /// CPU of the processes before.
    before: f64,
    newest: Option<Usage>,
}

impl Lives {
    /// Measures the process `pid`; the last measurement stands while there is none.
    fn measure(&mut self, pid: Option<u32>) -> Option<Usage> {
        if let Some(usage) = pid.and_then(|pid| usage_of(Some(pid))) {
            let known = self.newest.take();
            if self.pid != pid {
                self.before = known.as_ref().map_or(0.0, |known| known.cpu_seconds);
                self.pid = pid;
            }
            let peak = known.map_or(0, |known| known.resident_peak_bytes);
            self.newest = Some(Usage {
                cpu_seconds: self.before + usage.cpu_seconds,
                resident_peak_bytes: usage.resident_peak_bytes.max(peak),
                ..usage
            });
        }
        self.newest
    }
}

async fn measure(shared: Shared, embedded: Option<Arc<Managed>>, told: watch::Sender<Measured>) {
    let (began, mut lives) = (Instant::now(), Lives::default());
    loop {
        tokio::time::sleep(MEASURE_EVERY).await;
        let harness = measure_own(&shared);
        let server = lives.measure(embedded.as_ref().and_then(|server| server.pid()));
        if let Some(usage) = &server {
            shared.metrics().observe_usage(Process::Server, usage);
        }
        told.send_replace(Measured { since_start: began.elapsed(), harness, server });
    }
}
