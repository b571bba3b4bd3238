//! Freezing and slowing down, as the kernel sees it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{PATIENCE, eventually, letter, manager, spawn};
use processes::{Exit, Signal, State};
use tokio::time::sleep;

const BUSY: &str = "echo ready; while :; do sleep 0.01; done";
const KILLED: State = State::Crashed(Exit { code: Some(137) });

/// The share of looks, a few hundred milliseconds long, at which the process is frozen.
async fn frozen(pid: u32) -> f64 {
    let mut frozen = 0;
    for _ in 0..250 {
        frozen += i32::from(letter(pid) == Some('T'));
        sleep(Duration::from_millis(2)).await;
    }
    f64::from(frozen) / 250.0
}

async fn until(pid: u32, is_frozen: bool) {
    eventually("it changes", || (letter(pid) == Some('T')) == is_frozen).await;
}

#[tokio::test]
async fn a_pause_lasts_until_it_is_resumed() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), BUSY).await;
    for _ in 0..2 {
        process.pause().unwrap();
        process.pause().unwrap();
        until(process.pid(), true).await;
        assert_eq!(process.state(), State::Paused);
        process.resume().unwrap();
        process.resume().unwrap();
        until(process.pid(), false).await;
        assert_eq!(process.state(), State::Running);
    }
}

#[tokio::test]
async fn a_paused_process_can_be_ended() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let trap = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    let process = spawn(&manager, dir.path(), trap).await;
    process.pause().unwrap();
    until(process.pid(), true).await;
    assert_eq!(process.stop(Signal::TERM, PATIENCE).await.code, Some(5));

    let process = spawn(&manager, dir.path(), trap).await;
    process.pause().unwrap();
    until(process.pid(), true).await;
    process.kill().await;
    assert_eq!(process.state(), KILLED);
}

#[tokio::test]
async fn a_slow_process_is_frozen_for_its_part_of_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), BUSY).await;
    process.slow(4.0);
    let share = frozen(process.pid()).await;
    assert!((0.45..0.97).contains(&share), "frozen {share} of the time instead of 0.75");
    assert_eq!(process.state(), State::Running);
    // The last call counts, whatever the earlier ones are about to do.
    process.slow(100.0);
    process.slow(1.0);
    assert_eq!(frozen(process.pid()).await, 0.0);
}

#[tokio::test]
async fn a_slow_process_can_be_paused_and_ended() {
    let dir = tempfile::tempdir().unwrap();
    let manager = manager().await;
    let process = spawn(&manager, dir.path(), BUSY).await;
    process.slow(2.0);
    process.pause().unwrap();
    until(process.pid(), true).await;
    assert_eq!(frozen(process.pid()).await, 1.0);
    process.resume().unwrap();
    let share = frozen(process.pid()).await;
    assert!((0.1..0.9).contains(&share), "frozen {share} of the time instead of 0.5");
    process.slow(100.0);
    let exit = process.stop(Signal::TERM, PATIENCE).await;
    assert_eq!(process.state(), State::Stopped(exit), "it was awake to obey");
    assert_eq!(exit.code, Some(143));
}
