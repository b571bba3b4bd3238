//! The servers that a benchmark measures against: one of its own, a cluster of three, or the user's.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use broker_nats::{Embedded, EmbeddedOptions, Store};
use config::Config;
use futures_util::future::try_join_all;
use metrics::usage_of;

use super::trial::forget;
use crate::cli::TestBed;
use crate::connect::server_bin;
use crate::failure::Failure;

/// For the streams of how many runs there is room, as they are configured by default. A cluster gives
/// room back some time after streams were deleted; what is not used takes none.
const RUNS: u64 = 100;
/// How often a cluster is started until each of its servers has its ports.
const TRIES: u32 = 5;

/// Servers, and where clients find them.
pub struct Servers {
    own: Vec<Embedded>,
    url: String,
    /// Where ours keep what they keep.
    dirs: Vec<PathBuf>,
}

impl Servers {
    /// Those of the user if there are some, or else `count` of our own.
    pub async fn of(bed: &TestBed, count: u8) -> Result<Self, Failure> {
        match &bed.nats_url {
            Some(url) => Ok(Self { own: Vec::new(), url: url.clone(), dirs: Vec::new() }),
            None => Self::start(&bed.out, usize::from(count)).await,
        }
    }

    /// As many of our own, which keep what they keep in `dir`; several are one cluster.
    async fn start(dir: &Path, count: usize) -> Result<Self, Failure> {
        let program = server_bin(None).await?;
        let dirs: Vec<_> =
            (0..count).map(|index| dir.join(format!("bench-server-{index}"))).collect();
        let mut tries = 1;
        let own = loop {
            match Self::try_start(&program, &dirs).await {
                // Whatever connects meanwhile may be given a port that a route was to have.
                Err(_) if count > 1 && tries < TRIES => tries += 1,
                started => break started?,
            }
        };
        let url = own.iter().map(Embedded::url).collect::<Vec<_>>().join(",");
        Ok(Self { own, url, dirs })
    }

    async fn try_start(program: &Path, dirs: &[PathBuf]) -> Result<Vec<Embedded>, Failure> {
        let routes = routes(dirs.len())?;
        let room = Config::default().nats.jetstream;
        let starting = dirs.iter().enumerate().map(|(index, dir)| {
            let mut options = EmbeddedOptions::new(program, dir);
            options.store = Store::Memory;
            options.max_memory = Some(room.max_memory.bytes() * RUNS);
            options.max_file_storage = Some(room.max_file_storage.bytes() * RUNS);
            if dirs.len() > 1 {
                options.extra_config = cluster(index, &routes);
            }
            Embedded::start(options)
        });
        Ok(try_join_all(starting).await?)
    }

    /// Where they are, as in `NATS_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What they are, if they are ours.
    pub fn version(&self) -> Option<String> {
        self.own.first().map(|server| format!("nats-server {}", server.version()))
    }

    /// The CPU time that all of them have used; nobody tells that of the user's.
    pub fn cpu_seconds(&self) -> Option<f64> {
        let used = self.own.iter().map(|server| Some(usage_of(Some(server.pid()))?.cpu_seconds));
        used.sum::<Option<f64>>().filter(|_| !self.own.is_empty())
    }

    /// Ends those that are ours, and removes what they kept.
    pub async fn stop(self) -> Result<(), Failure> {
        for server in self.own {
            server.stop().await;
        }
        self.dirs.iter().try_for_each(|dir| forget(dir))
    }
}

/// Free ports for the servers of a cluster to find one another.
fn routes(count: usize) -> Result<Vec<u16>, Failure> {
    let held: Vec<_> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    Ok(held.iter().map(|port| Ok(port.local_addr()?.port())).collect::<std::io::Result<_>>()?)
}

fn cluster(index: usize, ports: &[u16]) -> String {
    let routes: Vec<_> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
    let (routes, port) = (routes.join(", "), ports[index]);
    format!(
        "server_name: bench_{index}\n\
         cluster {{ name: bench, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}"
    )
}
