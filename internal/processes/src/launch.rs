//! How to start a process.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use crate::log::Log;

/// How to start a process; see [`crate::Manager::spawn`].
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables that its environment has beside ours, or instead of ours.
    pub env: Vec<(OsString, OsString)>,
    /// Variables of our environment that it does not get.
    pub remove_env: Vec<OsString>,
    /// Its working directory; `None` is ours.
    pub cwd: Option<PathBuf>,
    /// The file that everything it prints is appended to; its directory must be there.
    pub log: PathBuf,
    /// What it prints when it is ready: a part of a line. Empty: it is ready once it is started.
    pub ready: String,
}

impl Launch {
    /// The command. It writes to the log itself, not through us, so that nothing that we do can
    /// block it.
    pub(crate) fn command(&self, log: &Log) -> io::Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(&self.args).stdin(Stdio::null());
        command.stdout(log.open_to_append()?).stderr(log.open_to_append()?);
        for name in &self.remove_env {
            command.env_remove(name);
        }
        for (name, value) in &self.env {
            command.env(name, value);
        }
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        Ok(command)
    }
}
