//! From start to end: readiness, exits, what is handed on, and what errors say.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{PATIENCE, eventually, is_alive, letter, manager, shell, spawn};
use processes::{Exit, Launch, ProcessError, Signal, State};
use tokio::time::timeout;

fn code(code: i32) -> Exit {
    Exit { code: Some(code) }
}

/// So many seconds that no other process sleeps as long.
fn seconds(tens: u32) -> String {
    format!("{tens}.{}", std::process::id())
}

/// Whether no process has that in its command line.
fn nobody_runs(marker: &str) -> bool {
    let entries = std::fs::read_dir("/proc").unwrap();
    let mut lines = entries
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("cmdline")).ok());
    !lines.any(|line| line.contains(marker))
}

#[tokio::test]
async fn it_is_ready_when_it_says_so_and_everything_is_logged() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let script =
        "echo err >&2; echo $0 $A $B ${HOME-none}; pwd; echo 'I am ready.'; read x; exit 3";
    let mut launch = shell(dir.path(), script);
    launch.args.push("arg".into());
    launch.env = vec![("A".into(), "a".into()), ("B".into(), "b".into())];
    launch.remove_env = vec!["HOME".into()];
    launch.cwd = Some("/".into());
    std::fs::write(&launch.log, "I was ready.\n").unwrap();
    let process = manager.spawn("child", &launch, PATIENCE).await.unwrap();
    let log = std::fs::read_to_string(&launch.log).unwrap();
    assert_eq!(log, "I was ready.\nerr\narg a b none\n/\nI am ready.\n");
    // Its input is empty, so it does not wait for any.
    assert_eq!(process.exited().await.code, Some(3));
}

#[tokio::test]
async fn without_a_sign_it_is_ready_once_it_is_started() {
    let dir = tempfile::tempdir().unwrap();
    let launch = Launch { ready: String::new(), ..shell(dir.path(), "sleep 60") };
    let manager = manager().await;
    let process = manager.spawn("child", &launch, PATIENCE).await.unwrap();
    assert_eq!(process.state(), State::Running);
}

#[tokio::test]
async fn an_end_is_a_crash_unless_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    // HUP would be ignored where whoever runs this has been told to ignore it (nohup).
    let trap = "trap 'exit 7' TERM USR2; echo ready; while :; do sleep 0.02; done";
    for (script, signal, expected) in [
        ("echo ready; exit 0", None, State::Crashed(code(0))),
        ("echo ready; exit 3", None, State::Crashed(code(3))),
        ("echo ready; kill -9 $$", None, State::Crashed(code(137))),
        (trap, Some(Signal::TERM), State::Stopped(code(7))),
        (trap, Some(Signal::USR2), State::Stopped(code(7))),
        ("echo ready; exec sleep 60", Some(Signal::USR1), State::Stopped(code(138))),
    ] {
        let process = spawn(&manager, dir.path(), script).await;
        let mut watch = process.watch();
        let exit = match signal {
            Some(signal) => process.stop(signal, PATIENCE).await,
            None => process.exited().await,
        };
        assert_eq!((process.state(), Some(exit)), (expected, expected.ended()), "{script}");
        watch.wait_for(|state| *state == expected).await.unwrap();
        assert_eq!(letter(process.pid()), None, "it is reaped");
        // What comes after the end changes nothing.
        assert_eq!(process.stop(Signal::TERM, PATIENCE).await, exit);
        assert_eq!(process.kill().await, exit);
        assert_eq!(process.state(), expected);
    }
}

#[tokio::test]
async fn whoever_does_not_stop_is_killed() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let script = "trap '' TERM; echo ready; while :; do sleep 0.02; done";
    let process = spawn(&manager, dir.path(), script).await;
    let exit = process.stop(Signal::TERM, Duration::from_millis(100)).await;
    assert_eq!((exit, process.state()), (code(137), State::Crashed(code(137))));
}

#[tokio::test]
async fn a_start_that_fails_says_why_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let short = Duration::from_millis(100);
    let shell = |script: &str| shell(dir.path(), script);
    let seconds = seconds(61);
    let silent = shell(&format!("echo still-here; exec sleep {seconds}"));
    let missing = Launch { program: "/no/such/program".into(), ..shell("") };
    let no_dir = Launch { log: "/no/such/dir/log".into(), ..shell("") };
    let no_cwd = Launch { cwd: Some("/no/such/dir".into()), ..shell("") };
    for (launch, words) in [
        (
            shell("echo broken pipe dream >&2; exit 4"),
            &["ended with code 4", "broken pipe dream"][..],
        ),
        (silent, &["not ready within 100ms", "still-here"]),
        (missing, &["/no/such/program", "check that the program is there"]),
        (no_dir, &["/no/such/dir/log", "check that its directory is there"]),
        (no_cwd, &["No such file"]),
    ] {
        let within = if words[0].contains("100ms") { short } else { PATIENCE };
        let error = manager.spawn("worker-7", &launch, within).await.unwrap_err().to_string();
        for words in words.iter().chain(&["worker-7"]) {
            assert!(error.contains(words), "{error} does not say {words}");
        }
    }
    assert!(nobody_runs(&seconds));
}

#[tokio::test]
async fn a_start_that_nobody_waits_for_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let seconds = seconds(62);
    let launch = shell(dir.path(), &format!("echo never; exec sleep {seconds}"));
    let starting = manager.spawn("child", &launch, PATIENCE);
    assert!(timeout(Duration::from_millis(300), starting).await.is_err());
    eventually("it is gone", || nobody_runs(&seconds)).await;
}

#[tokio::test]
async fn what_has_ended_cannot_be_paused() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), "echo ready; exec sleep 60").await;
    process.kill().await;
    for tried in [process.pause(), process.resume()] {
        let error = tried.unwrap_err();
        assert!(matches!(error, ProcessError::WrongState { .. }));
        assert!(error.to_string().contains("crashed (ended by signal 9)"), "{error}");
    }
    process.slow(4.0);
    assert!(!is_alive(process.pid()));
}
