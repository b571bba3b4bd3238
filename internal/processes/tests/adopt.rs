//! Processes that somebody else started.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::process::{Child, Command};
use std::time::Duration;

use common::{PATIENCE, eventually, is_alive, letter};
use processes::{Exit, ProcessError, Signal, Started, State, adopt};

/// A process that is not ours to reap, as far as the room knows. Killed when the test is over.
struct Stranger(Child);

impl Stranger {
    fn new() -> Self {
        Self(Command::new("sleep").arg("60").spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn started(&self) -> Started {
        Started::of(self.pid()).unwrap()
    }

    fn adopt(&self) -> processes::Process {
        adopt(self.pid(), self.started()).unwrap()
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn frozen(stranger: &Stranger, is_frozen: bool) {
    eventually("it changes", || (letter(stranger.pid()) == Some('T')) == is_frozen).await;
}

#[tokio::test]
async fn it_obeys_like_a_child() {
    let stranger = Stranger::new();
    let process = stranger.adopt();
    assert_eq!((process.pid(), process.state()), (stranger.pid(), State::Running));
    process.pause().unwrap();
    frozen(&stranger, true).await;
    process.resume().unwrap();
    frozen(&stranger, false).await;
    process.pause().unwrap();
    process.kill().await;
    assert!(!is_alive(stranger.pid()));
    assert_eq!(process.state(), State::Crashed(Exit { code: None }));

    let stranger = Stranger::new();
    let process = stranger.adopt();
    process.pause().unwrap();
    process.stop(Signal::TERM, PATIENCE).await;
    assert_eq!(process.state(), State::Stopped(Exit { code: None }));
}

#[tokio::test]
async fn its_end_is_noticed() {
    let mut stranger = Stranger::new();
    let process = stranger.adopt();
    assert!(tokio::time::timeout(Duration::from_millis(100), process.exited()).await.is_err());
    stranger.0.kill().unwrap();
    process.exited().await;
    assert!(matches!(process.state(), State::Crashed(_)));
    // Its number is free now, and whoever gets it is safe from us.
    stranger.0.wait().unwrap();
    process.kill().await;
    assert!(process.pause().is_err());
}

#[tokio::test]
async fn it_goes_on_when_nobody_holds_it() {
    let stranger = Stranger::new();
    let process = stranger.adopt();
    process.pause().unwrap();
    frozen(&stranger, true).await;
    drop(process.clone());
    assert_eq!(process.state(), State::Paused);
    drop(process);
    frozen(&stranger, false).await;
    assert!(is_alive(stranger.pid()));

    let process = stranger.adopt();
    process.slow(100.0);
    frozen(&stranger, true).await;
    drop(process);
    frozen(&stranger, false).await;
}

#[tokio::test]
async fn only_the_very_process_is_adopted() {
    let mut stranger = Stranger::new();
    let (pid, started) = (stranger.pid(), stranger.started());
    let own = std::process::id();
    let message = |pid, started| {
        let error = adopt(pid, started).unwrap_err();
        assert!(matches!(error, ProcessError::Adopt { .. }));
        error.to_string()
    };
    let other = message(pid, Started(started.0 + 1));
    assert!(other.contains("another process has its number"), "{other}");
    assert!(message(own, Started::of(own).unwrap()).contains("this program itself"));
    for nobody in [0, 1, u32::MAX] {
        assert!(message(nobody, started).contains("no process of a user"));
    }
    assert!(is_alive(pid));
    stranger.0.kill().unwrap();
    stranger.0.wait().unwrap();
    assert!(message(pid, started).contains("it has ended"));
    assert!(Started::of(pid).unwrap_err().to_string().contains("it has ended"));
}
