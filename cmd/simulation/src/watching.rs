//! What the outside sees of a run, and what the run costs: metrics over HTTP, memory and CPU.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker_nats::Managed;
use chaos::Control;
use config::Config;
use coordinator::Progress;
use metrics::{Process, Usage, usage_of};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use web::{Server, Shared};

use crate::failure::Failure;

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
    /// process and the embedded server's.
    pub async fn begin(
        config: &Config,
        progress: watch::Receiver<Progress>,
        embedded: Option<Arc<Managed>>,
        chaos: Option<Control>,
    ) -> Result<Self, Failure> {
        let shared = Shared::new().map_err(|error| Failure::Environment(error.to_string()))?;
        let shared = match chaos.filter(|_| config.chaos.enabled) {
            Some(control) => {
                let token = config.chaos.token.as_ref().map(|token| token.reveal().to_owned());
                shared.with_chaos(control, token)
            }
            None => shared,
        };
        let prometheus = &config.metrics.prometheus;
        let mut tasks = JoinSet::new();
        if prometheus.enabled {
            let server = Server::bind(&prometheus.host, prometheus.port)
                .await
                .map_err(|error| Failure::Environment(error.to_string()))?;
            println!("✓ Metrics at http://{}/metrics", server.local_addr());
            tasks.spawn(server.serve(shared.clone(), std::future::pending()));
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

async fn publish(shared: Shared, mut progress: watch::Receiver<Progress>) {
    while progress.changed().await.is_ok() {
        let now = progress.borrow_and_update().clone();
        shared.update(&now);
        shared.set_ready(true);
    }
}

async fn measure(
    shared: Shared,
    embedded: Option<Arc<Managed>>,
    told: watch::Sender<Measured>,
) {
    let began = Instant::now();
    loop {
        tokio::time::sleep(MEASURE_EVERY).await;
        let harness = usage_of(None);
        // The server's process changes when it is restarted, and is none while it is down.
        let server = embedded.as_ref().and_then(|server| usage_of(Some(server.pid()?)));
        for (process, usage) in [(Process::Own, &harness), (Process::Server, &server)] {
            if let Some(usage) = usage {
                shared.metrics().observe_usage(process, usage);
            }
        }
        told.send_replace(Measured { since_start: began.elapsed(), harness, server });
    }
}
