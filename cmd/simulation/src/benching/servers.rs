//! The servers that a benchmark measures against: one of its own, a cluster of three, or the user's.

use std::path::{Path, PathBuf};

use broker_nats::{Embedded, EmbeddedOptions};
use config::Config;
use metrics::usage_of;

use super::trial::forget;
use crate::cli::TestBed;
use crate::connect::server_bin;
use crate::failure::Failure;

/// For the streams of how many runs there is room, as they are configured by default. A cluster gives
/// room back some time after streams were deleted; what is not used takes none.
const RUNS: u64 = 100;
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
        let room = Config::default().nats.jetstream;
        let options = |dir: &PathBuf| EmbeddedOptions {
            max_memory: Some(room.max_memory.bytes() * RUNS),
            max_file_storage: Some(room.max_file_storage.bytes() * RUNS),
            ..EmbeddedOptions::new(&program, dir)
        };
        let own = Embedded::start_cluster(&dirs.iter().map(options).collect::<Vec<_>>()).await?;
        let url = own.iter().map(Embedded::url).collect::<Vec<_>>().join(",");
        Ok(Self { own, url, dirs })
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
