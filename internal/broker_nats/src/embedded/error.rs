//! Why an embedded server is not there, and what to do.

use std::io;
use std::path::{Path, PathBuf};

use processes::{Log, ProcessError};

use crate::version::ServerVersion;

/// Why an embedded server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// There is no program.
    #[error(
        "no nats-server {} or newer found ({looked}); run scripts/nats-server.sh to install one, \
         or name one in NATS_SERVER_BIN",
        ServerVersion::OLDEST
    )]
    NoServer {
        /// Where it was looked for, and what was wrong there.
        looked: String,
    },
    /// The program does not run, or is something else.
    #[error(
        "{} cannot be used as nats-server: {why}; run scripts/nats-server.sh to install one",
        .path.display()
    )]
    NotUsable {
        /// The program.
        path: PathBuf,
        /// What happened.
        why: String,
    },
    /// The program is too old.
    #[error(
        "{} is nats-server {version}, but {} or newer is needed; run scripts/nats-server.sh to \
         install one",
        .path.display(), ServerVersion::OLDEST
    )]
    TooOld {
        /// The program.
        path: PathBuf,
        /// Its version.
        version: ServerVersion,
    },
    /// There is no port for the servers of a cluster to find one another.
    #[error("127.0.0.1 has no free port left ({0}); end programs that listen on many")]
    NoPort(#[source] io::Error),
    /// The port belongs to somebody else.
    #[error(
        "port {port} of 127.0.0.1 is taken; stop the process that listens on it, or choose another \
         port (or none, for a free one)"
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The server ended, or did not become ready.
    #[error("nats-server did not start: {why}; the end of its log, {}:\n{tail}", .log.display())]
    NotReady {
        /// What happened.
        why: String,
        /// The log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The process itself.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It cannot be started again, because its streams ended with it.
    #[error(
        "nats-server cannot be started again: Store::Memory does not outlive it; use Store::File"
    )]
    NotKept,
    /// A file or a directory of ours.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

/// Makes an [`EmbeddedError::Io`].
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> EmbeddedError {
    let path = path.to_owned();
    move |source| EmbeddedError::Io { what, path, source }
}

/// The error for a start that failed; the log says more than we know.
pub(super) fn not_ready(why: String, log: &Log, port: Option<u16>) -> EmbeddedError {
    match port {
        Some(port) if log.text().contains("address already in use") => {
            EmbeddedError::PortTaken { port }
        }
        _ => EmbeddedError::NotReady { why, log: log.path().to_owned(), tail: log.tail() },
    }
}
