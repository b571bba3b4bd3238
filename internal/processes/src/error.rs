//! Why a process is not there, or does not do as it is told, and what to do.

use std::io;
use std::path::PathBuf;

use crate::state::State;

/// Why something with a process did not work.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// There is nothing that would kill the children if we were killed, so none are started.
    #[error(
        "cannot start the shell that guards child processes, /bin/sh: {source}; check that it is \
         there and that this user may start more processes"
    )]
    Guard {
        /// Why not.
        source: io::Error,
    },
    /// The log cannot be written.
    #[error(
        "cannot open the log of {name}, {}: {source}; check that its directory is there and can \
         be written",
        .log.display()
    )]
    Log {
        /// The process.
        name: String,
        /// Its log.
        log: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The program does not run at all.
    #[error(
        "cannot start {name}: {}: {source}; check that the program is there, may be executed, and \
         that this user may start more processes",
        .program.display()
    )]
    Start {
        /// The process.
        name: String,
        /// Its program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It ended, or did not become ready.
    #[error("{name} did not start: {why}; the end of its log, {}:\n{tail}", .log.display())]
    NotReady {
        /// The process.
        name: String,
        /// What happened.
        why: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of the log.
        tail: String,
    },
    /// It is in no state for that.
    #[error("{name} cannot be {verb}: it is {state}; only a running or paused process can")]
    WrongState {
        /// The process.
        name: String,
        /// What was tried.
        verb: &'static str,
        /// What it is doing.
        state: State,
    },
    /// The kernel refused a signal.
    #[error("{name} (process {pid}) cannot be {verb}: {source}; check that it runs as this user")]
    Signal {
        /// The process.
        name: String,
        /// Its number.
        pid: u32,
        /// What was tried.
        verb: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A process of somebody else is not there, or not ours to control.
    #[error("process {pid} cannot be taken over: {why}")]
    Adopt {
        /// Its number.
        pid: u32,
        /// Why not, and what to do.
        why: String,
    },
}
