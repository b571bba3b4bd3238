//! No process outlives its manager: not when that is dropped, when its guard is killed, or when the
//! program dies without a chance to clean up.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{PATIENCE, eventually, group, group_of, is_alive, letter, manager, parent, spawn};
use processes::{Exit, State};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::timeout;

/// How the parent, which is this test program again, is to die.
const DEATH: &str = "PROCESSES_TEST_DEATH";
/// Nothing but SIGKILL ends it. It has a child of its own.
const STUBBORN: &str = "trap '' HUP INT TERM QUIT; echo ready; while :; do sleep 0.05; done";

fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.try_into().unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[tokio::test]
async fn a_dropped_manager_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let (a, b) =
        (spawn(&manager, dir.path(), STUBBORN).await, spawn(&manager, dir.path(), STUBBORN).await);
    b.pause().unwrap();
    let all = group_of(a.pid());
    assert!(all.len() >= 3 && all.contains(&b.pid()), "two, and a guard: {all:?}");
    assert_ne!(group(a.pid()), group(std::process::id()), "Ctrl-C reaches us alone");
    drop(manager);
    let crashed = Exit { code: Some(137) };
    for process in [a, b] {
        let exit = timeout(PATIENCE, process.exited()).await;
        assert_eq!(exit, Ok(crashed), "it is killed");
    }
    eventually("all are gone, and reaped", || all.iter().all(|pid| letter(*pid).is_none())).await;
}

#[tokio::test]
async fn nobody_lives_without_a_guard() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), STUBBORN).await;
    process.pause().unwrap();
    let guard = group(process.pid()).unwrap();
    assert_eq!(parent(guard), Some(std::process::id()));
    kill(guard, Signal::KILL);
    timeout(PATIENCE, process.exited()).await.expect("it is killed");
    assert!(matches!(process.state(), State::Crashed(_)));
    eventually("the guard is reaped", || letter(guard).is_none()).await;

    // The next one gets a new guard, and that one guards.
    let process = spawn(&manager, dir.path(), STUBBORN).await;
    let all = group_of(process.pid());
    drop(manager);
    eventually("all are gone", || all.iter().all(|pid| letter(*pid).is_none())).await;
}

#[tokio::test]
async fn the_guard_ignores_what_does_not_kill() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), STUBBORN).await;
    for signal in [Signal::HUP, Signal::INT, Signal::TERM, Signal::QUIT] {
        kill(group(process.pid()).unwrap(), signal);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(process.state(), State::Running);
}

/// The other half of the tests below: starts children, tells about them, and dies as it is told to.
/// On its own it does nothing.
#[tokio::test]
async fn parent_program() {
    let Some(death) = std::env::var_os(DEATH) else { return };
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let (a, b) =
        (spawn(&manager, dir.path(), STUBBORN).await, spawn(&manager, dir.path(), STUBBORN).await);
    b.pause().unwrap();
    println!("\nchildren {} {}", a.pid(), b.pid());
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    match death.to_str().unwrap() {
        "return" => {}
        "panic" => panic!("as I was told"),
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        _ => tokio::time::sleep(PATIENCE).await,
    }
}

/// The parent, and everything in the group of its children.
fn start_parent(death: &str) -> (Child, Vec<u32>) {
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["parent_program", "--exact", "--nocapture"])
        .env(DEATH, death)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let children: Vec<u32> = lines
        .map_while(Result::ok)
        .find_map(|line| Some(line.strip_prefix("children ")?.to_owned()))
        .map(|line| line.split(' ').map(|pid| pid.parse().unwrap()).collect())
        .unwrap();
    let all = group_of(children[0]);
    assert!(all.len() >= 3 && children.iter().all(|child| all.contains(child)), "{all:?}");
    (parent, all)
}

#[tokio::test]
async fn children_die_with_their_parent_however_it_dies() {
    for death in ["return", "panic", "abort", "exit", "killed"] {
        let (mut parent, all) = start_parent(death);
        if death == "killed" {
            parent.kill().unwrap();
        }
        // It reads the end of its input.
        drop(parent.stdin.take());
        parent.wait().unwrap();
        eventually(death, || !all.iter().any(|pid| is_alive(*pid))).await;
    }
}
