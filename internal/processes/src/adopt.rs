//! A process that somebody else started: the same verbs, and never over another process that got
//! its number since.

use crate::error::ProcessError;
use crate::process::Process;

/// When a process was started, as the kernel counts (ticks since the machine did). A number and this
/// name one process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started(pub u64);

impl Started {
    /// When process `pid` was started. A process that wants to be adopted tells its own.
    ///
    /// # Errors
    ///
    /// [`ProcessError::Adopt`] if there is no such process, or this is not Linux.
    pub fn of(pid: u32) -> Result<Self, ProcessError> {
        started(pid).map_err(|why| ProcessError::Adopt { pid, why })
    }
}

/// Takes over process `pid`, which was `started` then. Its exit code remains unknown, and when the
/// last handle is dropped it goes on.
///
/// # Errors
///
/// [`ProcessError::Adopt`] if it is not there any more, is this program itself, belongs to another
/// user, or this is not Linux, which alone can hold on to a process that is not a child.
pub fn adopt(pid: u32, started: Started) -> Result<Process, ProcessError> {
    take_over(pid, started).map_err(|why| ProcessError::Adopt { pid, why })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{PidfdFlags, getpid, pidfd_open, test_kill_process};
    use tokio::time::sleep;

    use super::{Process, Started};
    use crate::handle;

    /// How often to look whether a process has ended.
    const LOOK: Duration = Duration::from_millis(20);
    const GONE: &str = "it has ended; adopt the process that runs instead of it";

    pub(super) fn started(pid: u32) -> Result<Started, String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .map_err(|error| format!("{GONE} (/proc/{pid}/stat: {error})"))?;
        start_time(&stat).ok_or_else(|| format!("/proc/{pid}/stat is not as expected: {stat}"))
    }

    /// Field 22; the name before it, in brackets, may hold anything.
    pub(super) fn start_time(stat: &str) -> Option<Started> {
        let (_, fields) = stat.rsplit_once(") ")?;
        fields.split(' ').nth(19)?.parse().ok().map(Started)
    }

    pub(super) fn take_over(number: u32, expected: Started) -> Result<Process, String> {
        let pid = handle::pid(number).filter(|pid| !pid.is_init());
        let pid = pid.ok_or("that is no process of a user; give the number of a worker")?;
        if pid == getpid() {
            return Err("it is this program itself".to_owned());
        }
        // First the descriptor, then the look at who it is: the number is not asked again.
        let pidfd = pidfd_open(pid, PidfdFlags::NONBLOCK)
            .map_err(|error| format!("{GONE} (pidfd_open: {error})"))?;
        if started(number)? != expected {
            return Err(format!("{GONE} (another process has its number now)"));
        }
        test_kill_process(pid)
            .map_err(|error| format!("it cannot be signalled: {error}; run both as one user"))?;
        let watched =
            pidfd.try_clone().map_err(|error| format!("it cannot be watched: {error}"))?;
        Ok(Process::foreign(number, pidfd, ended(watched)))
    }

    /// Such a descriptor can be read, as `poll` says, when its process has ended. tokio waits for a
    /// foreign descriptor only with unsafe code, hence the looks.
    async fn ended(pidfd: OwnedFd) {
        loop {
            let mut asked = [PollFd::new(&pidfd, PollFlags::IN)];
            if matches!(poll(&mut asked, Some(&Timespec::default())), Ok(1..)) {
                return;
            }
            sleep(LOOK).await;
        }
    }
}

#[cfg(target_os = "linux")]
use linux::{started, take_over};

#[cfg(not(target_os = "linux"))]
const LINUX_ONLY: &str = "only Linux can hold on to a process that is not a child; let this program \
                          start it (isolation: process)";

#[cfg(not(target_os = "linux"))]
fn started(_: u32) -> Result<Started, String> {
    Err(LINUX_ONLY.to_owned())
}

#[cfg(not(target_os = "linux"))]
fn take_over(_: u32, _: Started) -> Result<Process, String> {
    Err(LINUX_ONLY.to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::linux::start_time;
    use super::*;

    #[test]
    fn the_start_is_read_behind_any_name() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20";
        for name in ["sh", "a b", ") S 1 (", "((("] {
            assert_eq!(start_time(&format!("12 ({name}) {rest}")), Some(Started(4711)), "{name}");
        }
        assert_eq!(start_time("12 (sh) S 1"), None);
    }
}
