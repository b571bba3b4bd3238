//! Starts processes, and is what they live by.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::process::Child;
use tokio::time::{sleep, timeout};

use crate::error::ProcessError;
use crate::group::Group;
use crate::launch::Launch;
use crate::log::{Log, Seeker};
use crate::process::Process;

/// How often a log is looked at for the sign that its process is ready.
const POLL: Duration = Duration::from_millis(10);

/// Starts processes. Dropping it kills them all; so does whatever kills this program.
#[derive(Debug)]
pub struct Manager {
    group: Mutex<Group>,
}

impl Manager {
    /// Makes a manager without processes.
    ///
    /// # Errors
    ///
    /// [`ProcessError::Guard`] if it could not keep its promise.
    pub async fn start() -> Result<Self, ProcessError> {
        let group = Group::start().await.map_err(|source| ProcessError::Guard { source })?;
        Ok(Self { group: Mutex::new(group) })
    }

    /// Starts a process, called `name` in messages, and waits until it is ready: until it has
    /// printed [`Launch::ready`]. If that takes longer than `within`, or this future is dropped, it
    /// is killed.
    ///
    /// # Errors
    ///
    /// [`ProcessError`] says what is wrong: the program cannot be started, or it ended or was
    /// silent instead of becoming ready (with the end of its log).
    pub async fn spawn(
        &self,
        name: &str,
        launch: &Launch,
        within: Duration,
    ) -> Result<Process, ProcessError> {
        let no_log =
            |source| ProcessError::Log { name: name.to_owned(), log: launch.log.clone(), source };
        let log = Log::open(&launch.log).map_err(no_log)?;
        let seeker = log.seek(&launch.ready).map_err(no_log)?;
        let child = self.child(name, launch, &log).await?;
        let mut unready = Unready(Some(Process::child(name, child)));
        let process = unready.0.as_ref().expect("it was just put there");
        let why = match timeout(within, ready(process, seeker)).await {
            Ok(Ok(())) => return Ok(unready.0.take().expect("it is taken once")),
            Ok(Err(why)) => why,
            Err(_) => format!("it was not ready within {within:?}"),
        };
        process.kill().await;
        let (log, tail) = (log.path().to_owned(), log.tail());
        Err(ProcessError::NotReady { name: name.to_owned(), why, log, tail })
    }

    /// Kills all processes, as dropping the manager does. One that is started later lives.
    pub fn kill_all(&self) {
        self.group().end();
    }

    async fn child(&self, name: &str, launch: &Launch, log: &Log) -> Result<Child, ProcessError> {
        let failed = |source| ProcessError::Start {
            name: name.to_owned(),
            program: launch.program.clone(),
            source,
        };
        let mut command = launch.command(log).map_err(failed)?;
        if let Some(child) = self.group().spawn(&mut command) {
            return child.map_err(failed);
        }
        // Somebody killed the guard. What it guarded is dead; others may come.
        let group = Group::start().await.map_err(|source| ProcessError::Guard { source })?;
        let mut current = self.group();
        if !current.is_alive() {
            *current = group;
        }
        let gone = || Err(std::io::Error::other("its guard was killed; try again"));
        current.spawn(&mut command).unwrap_or_else(gone).map_err(failed)
    }

    /// No code that holds the lock panics half way.
    fn group(&self) -> MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the process is ready; the error says why it never will be.
async fn ready(process: &Process, mut seeker: Seeker) -> Result<(), String> {
    loop {
        let ended = process.state().ended();
        match seeker.found() {
            Ok(true) => break,
            Ok(false) => {}
            Err(error) => return Err(format!("its log cannot be read: {error}")),
        }
        if let Some(exit) = ended {
            return Err(format!("it {exit}"));
        }
        sleep(POLL).await;
    }
    process.is_ready();
    Ok(())
}

/// A process that nobody was told about yet.
struct Unready(Option<Process>);

impl Drop for Unready {
    fn drop(&mut self) {
        if let Some(process) = &self.0 {
            process.send_kill();
        }
    }
}
