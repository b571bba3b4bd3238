//! The process between us and the server, which lets the server outlive neither of us.
//!
//! A program that is killed cannot kill its children. So a small shell stands guard: its standard
//! input is a pipe that only we hold the other end of. When we are gone, however, the kernel closes
//! that end, the guard reads the end of the file, and kills the server. When the server is gone, the
//! guard ends with its exit code, which is how we notice. Both live in a process group of their own,
//! so that Ctrl-C in a terminal reaches us alone.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::watch;

use super::error::{EmbeddedError, failed};

/// $1 is the log, the rest is the server's command line.
///
/// The pipe is moved to descriptor 3 because a shell gives its background jobs /dev/null to read.
/// `read` is built in: the watcher has no child that would stay behind when it is killed.
const GUARD: &str = r#"
exec 3<&0 </dev/null
log=$1; shift
"$@" >>"$log" 2>&1 3<&- &
server=$!
( read -r nothing <&3; kill -9 "$server" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
echo "$server"
exec >&- 2>&-
wait "$server"
code=$?
kill -9 "$watcher"
exit "$code"
"#;

/// How a server ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code; 128 and more for a signal (137: killed). `None` if nobody knows.
    pub code: Option<i32>,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.code {
            Some(code) if code > 128 => write!(f, "ended by signal {}", code - 128),
            Some(code) => write!(f, "ended with code {code}"),
            None => f.write_str("ended"),
        }
    }
}

/// A server and its guard.
#[derive(Debug)]
pub(super) struct Guarded {
    server: Pid,
    exit: watch::Receiver<Option<Exit>>,
    /// What keeps the server alive.
    _lifeline: Option<ChildStdin>,
}

impl Guarded {
    /// Starts the server under a guard.
    pub(super) async fn spawn(
        server_bin: &Path,
        config: &Path,
        log: &Path,
    ) -> Result<Self, EmbeddedError> {
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard"])
            .args([log, server_bin, Path::new("-c"), config])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .map_err(failed("start a guard for", server_bin))?;
        let lifeline = guard.stdin.take();
        let server = server_pid(&mut guard).await.map_err(failed("start", server_bin))?;
        let (ended, exit) = watch::channel(None);
        tokio::spawn(async move {
            let exit = guard.wait().await.map(exit_of).unwrap_or_default();
            // Nobody may be left to tell.
            let _ = ended.send(Some(exit));
        });
        Ok(Self { server, exit, _lifeline: lifeline })
    }

    pub(super) fn pid(&self) -> u32 {
        self.server.as_raw_nonzero().get().unsigned_abs()
    }

    /// How the server ended, if it has.
    pub(super) fn ended(&self) -> Option<Exit> {
        *self.exit.borrow()
    }

    /// Waits until the server has ended.
    pub(super) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        exit.wait_for(Option::is_some).await.ok().and_then(|exit| *exit).unwrap_or_default()
    }

    /// Sends a signal, unless the server has ended: its number may belong to somebody else by now.
    pub(super) fn signal(&self, signal: Signal) {
        if self.ended().is_none() {
            // It may be ending right now; then there is nobody to signal, which is as well.
            let _ = kill_process(self.server, signal);
        }
    }
}

impl Drop for Guarded {
    /// The lifeline would do; this does not wait for the guard to notice.
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The guard's first line is the server's process id.
async fn server_pid(guard: &mut Child) -> std::io::Result<Pid> {
    let stdout = guard.stdout.take().ok_or_else(|| std::io::Error::other("no pipe"))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await?;
    line.trim()
        .parse()
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| std::io::Error::other(format!("the guard said {line:?}")))
}

fn exit_of(status: ExitStatus) -> Exit {
    Exit { code: status.code() }
}
