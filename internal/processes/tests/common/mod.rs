//! What the tests of this room share: small shell programs, and a look at what the kernel says.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::path::Path;
use std::time::Duration;

use processes::{Launch, Manager, Process};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// A shell that says that it is ready, and then runs `script`.
pub fn shell(dir: &Path, script: &str) -> Launch {
    Launch {
        program: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        log: dir.join("log"),
        ready: "ready".to_owned(),
        ..Launch::default()
    }
}

pub async fn manager() -> Manager {
    Manager::start().await.unwrap_or_else(|error| panic!("{error}"))
}

pub async fn spawn(manager: &Manager, dir: &Path, script: &str) -> Process {
    let launch = shell(dir, script);
    manager.spawn("child", &launch, PATIENCE).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The kernel's letter for the state of a process (T: frozen, Z: ended, not reaped); `None` if it is
/// gone without a trace.
pub fn letter(pid: u32) -> Option<char> {
    stat(pid)?.first()?.chars().next()
}

/// The process group of a process.
pub fn group(pid: u32) -> Option<u32> {
    stat(pid)?.get(2)?.parse().ok()
}

pub fn parent(pid: u32) -> Option<u32> {
    stat(pid)?.get(1)?.parse().ok()
}

/// The fields behind the name.
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

/// Whether it runs, or might again.
pub fn is_alive(pid: u32) -> bool {
    !matches!(letter(pid), None | Some('Z' | 'X'))
}

/// Every process of the group that `pid` is in.
pub fn group_of(pid: u32) -> Vec<u32> {
    let wanted = group(pid).expect("it is there");
    let entries = std::fs::read_dir("/proc").expect("the kernel tells about processes");
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|other| group(*other) == Some(wanted))
        .collect()
}

/// Waits until `condition` holds, many seconds at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..4000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
