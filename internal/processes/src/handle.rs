//! What we hold of a process: enough to signal it and never another one that has its number by now.

#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

use rustix::process::{Pid, Signal};
use tokio::process::Child;

/// What we hold of a process.
#[derive(Debug)]
pub(crate) enum Handle {
    /// A child of ours. Its number is its own until it is reaped, which whoever holds the lock
    /// around this handle prevents.
    Child(Child),
    /// Somebody else's process: the descriptor stays with it, whoever gets its number later.
    #[cfg(target_os = "linux")]
    Foreign(OwnedFd),
}

impl Handle {
    /// Sends a signal. A process that has ended by now needs none.
    pub(crate) fn signal(&self, signal: Signal) -> rustix::io::Result<()> {
        let sent = match self {
            Handle::Child(child) => match child.id().and_then(pid) {
                Some(pid) => rustix::process::kill_process(pid, signal),
                None => Ok(()),
            },
            #[cfg(target_os = "linux")]
            Handle::Foreign(pidfd) => rustix::process::pidfd_send_signal(pidfd, signal),
        };
        match sent {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            sent => sent,
        }
    }
}

pub(crate) fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(number.try_into().ok()?)
}
