//! The supervised server: its errors say what to do, it dies with its parent, and its store stays.

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use broker::{Admin, Append, Log, Storage};
use broker_nats::{Embedded, EmbeddedError, EmbeddedOptions, Store, find_server};
use common::{eventually, spec, stream, subject};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
/// Makes this test program the parent that is killed; see `the_server_dies_with_its_parent`.
const PARENT: &str = "EMBEDDED_TEST_PARENT";

fn pid(number: u32) -> Pid {
    Pid::from_raw(number.try_into().expect("a process id")).expect("a process id")
}

fn is_alive(number: u32) -> bool {
    // A process that has ended but was not waited for still has its number.
    let ended = std::fs::read_to_string(format!("/proc/{number}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")));
    test_kill_process(pid(number)).is_ok() && !ended
}

fn message<T>(result: Result<T, EmbeddedError>) -> String {
    result.err().expect("it must fail").to_string()
}

#[tokio::test]
async fn it_starts_and_stops() {
    let server = common::start("embedded-stop").await;
    assert!(is_alive(server.pid()));
    assert!(server.url().starts_with("nats://127.0.0.1:"), "{}", server.url());
    assert!(server.monitor_url().starts_with("http://127.0.0.1:"), "{}", server.monitor_url());
    common::connect(&server).await;
    let exit = server.stop().await;
    assert_eq!(exit.code, Some(0), "{exit}");
    assert!(!is_alive(server.pid()));
    assert_eq!(server.stop().await, exit);
}

#[tokio::test]
async fn a_dropped_server_dies() {
    let server = common::start("embedded-drop").await;
    let number = server.pid();
    drop(server);
    eventually("the server is dead", || !is_alive(number)).await;
}

#[tokio::test]
async fn a_killed_server_is_noticed() {
    let server = common::start("embedded-exited").await;
    assert!(timeout(Duration::from_millis(100), server.exited()).await.is_err());
    kill_process(pid(server.pid()), Signal::KILL).expect("it is killed");
    let exit = timeout(PATIENCE, server.exited()).await.expect("it is noticed");
    assert_eq!((exit.code, exit.to_string().as_str()), (Some(137), "ended by signal 9"));
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let server = common::start("embedded-port").await;
    let options = common::options("embedded-port-second").await;
    let second = EmbeddedOptions { port: Some(server.port()), ..options };
    let error = Embedded::start(second).await.expect_err("the port is taken");
    assert!(matches!(error, EmbeddedError::PortTaken { port } if port == server.port()));
    assert!(error.to_string().contains(&server.port().to_string()), "{error}");
    common::connect(&server).await;
}

#[tokio::test]
async fn a_server_that_gives_up_is_quoted() {
    let mut options = common::options("embedded-broken").await;
    options.extra_config = "no_such_setting { }".to_owned();
    let error = message(Embedded::start(options).await);
    assert!(error.contains("no_such_setting") && error.contains("nats-server.log"), "{error}");
}

/// Writes a program that answers `--version` with `answer`.
fn program(name: &str, answer: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let dir = common::run_dir(name);
    std::fs::create_dir_all(&dir).expect("a directory");
    let path = dir.join("nats-server");
    std::fs::write(&path, format!("#!/bin/sh\necho '{answer}'\n")).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    path
}

#[tokio::test]
async fn unusable_programs_are_refused() {
    let old = program("embedded-old", "nats-server: v2.9.10");
    let other = program("embedded-other", "hello");
    for (path, expected) in [
        (old.as_path(), &["2.9.10", "2.11.0"][..]),
        (other.as_path(), &["hello"]),
        (Path::new("/no/such/nats-server"), &["/no/such/nats-server"]),
    ] {
        let options = EmbeddedOptions::new(path, common::run_dir("embedded-unusable"));
        for error in
            [message(find_server(Some(path)).await), message(Embedded::start(options).await)]
        {
            for words in expected.iter().chain(&["scripts/nats-server.sh"]) {
                assert!(error.contains(words), "{error} does not say {words}");
            }
        }
    }
}

#[tokio::test]
async fn the_store_is_kept_and_found_again() {
    let options = common::options("embedded-store").await;
    let store = options.dir.join("store");
    let mut options = EmbeddedOptions { store: Store::File(store), ..options };
    let server = Embedded::start(options.clone()).await.expect("it starts");
    let broker = common::connect(&server).await;
    broker.ensure(&spec("S", Storage::File)).await.expect("a stream");
    let append = Append::new(stream("S"), subject("S.a"), "kept");
    let seq = broker.append(append).await.expect("it is stored");
    server.stop().await;

    // In another run directory and on another port: only the store counts.
    options.dir = common::run_dir("embedded-store-again");
    let server = Embedded::start(options).await.expect("it starts");
    let broker = common::connect(&server).await;
    let last = broker.last(&stream("S"), &subject("S.a")).await.expect("an answer");
    let last = last.expect("the record is there");
    assert_eq!((last.seq, &last.payload[..]), (seq, &b"kept"[..]));
}

#[tokio::test]
async fn limits_are_handed_on() {
    let mut options = common::options("embedded-limits").await;
    options.max_memory = Some(1 << 20);
    options.max_file_storage = Some(1 << 20);
    let server = Embedded::start(options).await.expect("it starts");
    let broker = common::connect(&server).await;
    for storage in [Storage::Memory, Storage::File] {
        let too_large = broker::StreamSpec { max_bytes: Some(2 << 20), ..spec("S", storage) };
        let error = broker.ensure(&too_large).await.expect_err("there is no room for it");
        assert!(error.to_string().contains("insufficient"), "{error}");
    }
}

/// The other half of `the_server_dies_with_its_parent`: starts a server, tells about it, and waits
/// to be killed. On its own it does nothing.
#[tokio::test]
async fn parent() {
    if std::env::var_os(PARENT).is_none() {
        return;
    }
    let server = common::start("embedded-parent").await;
    println!("\nserver {}", server.pid());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn the_server_dies_with_its_parent() {
    let mut parent = Command::new(std::env::current_exe().expect("this program"))
        .args(["parent", "--exact", "--nocapture"])
        .env(PARENT, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts itself");
    let lines = BufReader::new(parent.stdout.take().expect("a pipe")).lines();
    let server = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("server ")?.parse::<u32>().ok())
        .expect("the parent says which server it has");
    let guards = guards_of(server);
    assert!(is_alive(server) && !guards.is_empty());
    parent.kill().expect("the parent is killed, and cleans nothing up");
    parent.wait().expect("it is dead");
    eventually("the server is dead", || !is_alive(server)).await;
    eventually("its guards are gone", || !guards.iter().any(|guard| is_alive(*guard))).await;
}

#[tokio::test]
async fn guards_end_with_the_server() {
    let server = common::start("embedded-guards").await;
    let guards = guards_of(server.pid());
    assert!(!guards.is_empty());
    server.kill().await;
    eventually("its guards are gone", || !guards.iter().any(|guard| is_alive(*guard))).await;
}

/// The processes of the server's process group, itself left out.
fn guards_of(server: u32) -> Vec<u32> {
    let group = rustix::process::getpgid(Some(pid(server))).expect("it has a group");
    let group = group.as_raw_nonzero().get().unsigned_abs();
    let output = Command::new("ps").args(["-e", "-o", "pid=,pgid="]).output().expect("ps runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut numbers = line.split_whitespace().map(str::parse::<u32>);
            let (number, its_group) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
            (its_group == group && number != server).then_some(number)
        })
        .collect()
}
