//! The process group that children live in, and the guard that leads it: what keeps a child from
//! outliving us.
//!
//! A program that is killed cannot kill its children. So a small shell stands guard: its standard
//! input is a pipe that only we hold the other end of. When we are gone, however, the kernel closes
//! that end, the guard reads the end of the file, and kills the whole group, itself included. That
//! SIGKILL works on frozen processes too. No child slips through: until a new child executes its
//! program it holds a copy of the pipe, and by then it has joined the group.
//!
//! The kernel itself sends SIGHUP and SIGCONT to a group that is left alone while one of its
//! processes is frozen. The guard ignores it and kills, because a child may ignore it as well.
//!
//! If the guard dies first, the group is killed at once: a child that nobody guards is not kept.
//! Its number cannot become another group's meanwhile, because the guard is reaped only after that.
//!
//! Being a group of their own, children do not see Ctrl-C in a terminal; it reaches us alone.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::handle::pid;

/// It speaks once the signals are ignored; after that its output ends only with itself.
const GUARD: &str = r#"
trap '' HUP INT QUIT TERM
echo
while read -r nothing; do :; done
kill -s KILL 0
"#;
/// How long the guard may take to stand.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// A guarded process group. Dropping it kills everything in it.
#[derive(Debug)]
pub(crate) struct Group(Arc<Mutex<Guard>>);

#[derive(Debug)]
struct Guard {
    /// The guard's number, which is the group's.
    pgid: Pid,
    /// What keeps the group alive; gone when the group is.
    lifeline: Option<ChildStdin>,
}

impl Group {
    /// Starts a guard and waits until it stands.
    pub(crate) async fn start() -> io::Result<Self> {
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let no_pipe = || io::Error::other("it has no pipe");
        let pgid = guard.id().and_then(pid).ok_or_else(no_pipe)?;
        let lifeline = guard.stdin.take().ok_or_else(no_pipe)?;
        let mut output = guard.stdout.take().ok_or_else(no_pipe)?;
        match timeout(READY_WITHIN, output.read_u8()).await {
            Ok(spoken) => spoken?,
            Err(_) => return Err(io::Error::other(format!("it is silent for {READY_WITHIN:?}"))),
        };
        let group = Arc::new(Mutex::new(Guard { pgid, lifeline: Some(lifeline) }));
        tokio::spawn(watch(group.clone(), guard, output));
        Ok(Self(group))
    }

    /// Starts a child in the group; `None` if the group is gone.
    pub(crate) fn spawn(&self, command: &mut Command) -> Option<io::Result<Child>> {
        // Held while the child is started, so that the group is killed before or after that.
        let guard = lock(&self.0);
        guard.lifeline.as_ref()?;
        Some(command.process_group(guard.pgid.as_raw_nonzero().get()).spawn())
    }

    pub(crate) fn is_alive(&self) -> bool {
        lock(&self.0).lifeline.is_some()
    }

    /// Kills everything in the group, the guard included.
    pub(crate) fn end(&self) {
        lock(&self.0).end();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

impl Guard {
    fn end(&mut self) {
        if self.lifeline.take().is_some() {
            // It fails only if nobody is left.
            let _ = kill_process_group(self.pgid, Signal::KILL);
        }
    }
}

/// Waits until the guard has ended; then nothing of the group may be left.
async fn watch(group: Arc<Mutex<Guard>>, mut guard: Child, mut output: ChildStdout) {
    let _ = tokio::io::copy(&mut output, &mut tokio::io::sink()).await;
    if lock(&group).lifeline.is_some() {
        tracing::warn!("somebody killed the guard of the child processes; they are killed, too");
    }
    lock(&group).end();
    let _ = guard.wait().await;
}

/// No code that holds the lock panics half way.
fn lock(group: &Mutex<Guard>) -> MutexGuard<'_, Guard> {
    group.lock().unwrap_or_else(PoisonError::into_inner)
}
