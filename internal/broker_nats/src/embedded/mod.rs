//! A real nats-server as a supervised child process: started on free or given ports of the loopback
//! interface, ready when `start` returns, dead when its parent is, however the parent died.
//!
//! It is the *same* server that runs in production, so that what holds here holds there. It is for
//! tests, quick runs and fault injection on one machine, not for keeping data that matters.

mod config;
mod error;
mod find;
mod guard;
mod log;
mod ready;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::timeout;

use crate::version::ServerVersion;
pub use error::EmbeddedError;
pub use find::find_server;
pub use guard::Exit;
use guard::Guarded;
use log::Log;
use ready::Ports;

/// How long a server may take to stop when asked to.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long a killed server may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// How to start a server; see [`Embedded::start`].
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The nats-server program; [`find_server`] looks for one.
    pub server_bin: PathBuf,
    /// Where its streams live.
    pub store: Store,
    /// The run directory: configuration, log and ports file. Made if it is missing, and kept.
    pub dir: PathBuf,
    /// The port for clients; `None` takes a free one.
    pub port: Option<u16>,
    /// The most bytes that memory streams may take; `None` leaves it to the server.
    pub max_memory: Option<u64>,
    /// The most bytes that file streams may take; `None` leaves it to the server.
    pub max_file_storage: Option<u64>,
    /// Further lines of server configuration, such as an `authorization` block.
    pub extra_config: String,
}

impl EmbeddedOptions {
    /// A server on a free port whose store does not outlive it.
    pub fn new(server_bin: impl Into<PathBuf>, dir: impl Into<PathBuf>) -> Self {
        Self {
            server_bin: server_bin.into(),
            store: Store::Memory,
            dir: dir.into(),
            port: None,
            max_memory: None,
            max_file_storage: None,
            extra_config: String::new(),
        }
    }
}

/// Where the streams of an embedded server live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// In a directory within the run directory that every start empties.
    Memory,
    /// In this directory, which is kept: a later start on it finds its streams again.
    File(PathBuf),
}

/// A running server. Dropping it kills the server.
#[derive(Debug)]
pub struct Embedded {
    guarded: Guarded,
    ports: Ports,
    version: ServerVersion,
    log: Log,
}

impl Embedded {
    /// Starts a server and waits until it is ready.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError`] says what is wrong and what to do: the program is missing or too old, the
    /// port is taken, or the server gave up (with the end of its log).
    pub async fn start(options: EmbeddedOptions) -> Result<Self, EmbeddedError> {
        let version = find::usable(&options.server_bin).await?;
        let config = config::prepare(&options)?;
        let log = Log::open(&options.dir)?;
        let guarded = Guarded::spawn(&options.server_bin, &config, log.path()).await?;
        match ready::wait(&options.dir, &guarded).await {
            Ok(ports) => Ok(Self { guarded, ports, version, log }),
            Err(why) => {
                guarded.signal(Signal::KILL);
                Err(log.explain(why, options.port))
            }
        }
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.client)
    }

    /// The port where clients connect. A later server on it is found by the same clients.
    pub fn port(&self) -> u16 {
        self.ports.client
    }

    /// Where the server tells about itself, over HTTP.
    pub fn monitor_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports.monitor)
    }

    /// The server's process id.
    pub fn pid(&self) -> u32 {
        self.guarded.pid()
    }

    /// The server's version.
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// The file that the server logs to.
    pub fn log_path(&self) -> &Path {
        self.log.path()
    }

    /// Waits until the server has ended, by itself or not. Any number of callers may wait.
    pub async fn exited(&self) -> Exit {
        self.guarded.exited().await
    }

    /// Asks the server to stop, and kills it if it does not within a few seconds.
    pub async fn stop(&self) -> Exit {
        self.guarded.signal(Signal::TERM);
        match timeout(STOP_WITHIN, self.exited()).await {
            Ok(exit) => exit,
            Err(_) => self.kill().await,
        }
    }

    /// Kills the server (SIGKILL), as a crash would, and waits until it is gone.
    pub async fn kill(&self) -> Exit {
        self.guarded.signal(Signal::KILL);
        timeout(GONE_WITHIN, self.exited()).await.unwrap_or_default()
    }
}
