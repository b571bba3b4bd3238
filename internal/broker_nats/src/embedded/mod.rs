//! A real nats-server as a supervised child process: started on free or given ports of the loopback
//! interface, ready when `start` returns, dead when its parent is, however the parent died.
//!
//! It is the *same* server that runs in production, so that what holds here holds there. It is for
//! tests, quick runs and fault injection on one machine, not for keeping data that matters.

mod cluster;
mod config;
mod error;
mod find;
mod managed;
mod ready;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use processes::{Exit, Launch, Log, Manager, Process, Signal};

use crate::version::ServerVersion;
pub use error::EmbeddedError;
use error::{failed, not_ready};
pub use find::find_server;
pub use managed::Managed;
use ready::Ports;

/// How long a server may take to stop when asked to.
const STOP_WITHIN: Duration = Duration::from_secs(5);
/// How long the process may take to exist; whether it is ready is asked for afterwards.
const SPAWN_WITHIN: Duration = Duration::from_secs(5);

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
    manager: Arc<Manager>,
    process: Process,
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
        let path = options.dir.join("nats-server.log");
        let log = Log::open(&path).map_err(failed("open the log", &path))?;
        let launch = Launch {
            program: options.server_bin,
            args: vec!["-c".into(), config.into()],
            log: log.path().to_owned(),
            ..Launch::default()
        };
        let manager = Arc::new(Manager::start().await?);
        let process = manager.spawn("nats-server", &launch, SPAWN_WITHIN).await?;
        let ports = ready::wait(&options.dir, &process).await;
        let ports = ports.map_err(|why| not_ready(why, &log, options.port))?;
        tokio::spawn(end_with(process.clone(), manager.clone()));
        Ok(Self { manager, process, ports, version, log })
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
        self.process.pid()
    }

    /// The server's version.
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// The file that the server logs to.
    pub fn log_path(&self) -> &Path {
        self.log.path()
    }

    /// How the server ended, if it has.
    pub fn ended(&self) -> Option<Exit> {
        self.process.state().ended()
    }

    /// Waits until the server has ended, by itself or not. Any number of callers may wait.
    pub async fn exited(&self) -> Exit {
        self.process.exited().await
    }

    /// Asks the server to stop, and kills it if it does not within a few seconds.
    pub async fn stop(&self) -> Exit {
        self.process.stop(Signal::TERM, STOP_WITHIN).await
    }

    /// Kills the server (SIGKILL), as a crash would, and waits until it is gone.
    pub async fn kill(&self) -> Exit {
        self.process.kill().await
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.manager.kill_all();
    }
}

/// Lets the server's guard go when there is nothing to guard any more.
async fn end_with(process: Process, manager: Arc<Manager>) {
    process.exited().await;
    manager.kill_all();
}
