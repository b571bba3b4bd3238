//! What the end-to-end tests share: a directory of their own, and the program as a user starts it.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, Store, find_server};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// How long anything may take before it counts as hung; nothing here should come near it.
pub const HUNG: Duration = Duration::from_secs(90);

/// A small run, seconds long, with a lease that fits it.
pub const TINY: &str = "
simulation: {duration: 6s}
partitions: {count: 12, message_rate_per_partition: 8}
producers: {count: 2}
workers: {count: 3, processing_delay: 1-4ms, lease: 1s}
coordinator: {validation_window: 10s, report_interval: 1s}
nats: {jetstream: {storage: memory}}
";

/// A connection to the server at `url`, as anybody may have one.
pub async fn connect(url: &str) -> NatsBroker {
    let options = ConnectOptions { servers: vec![url.to_owned()], ..ConnectOptions::default() };
    NatsBroker::connect(&options).await.unwrap_or_else(|error| panic!("{error}"))
}

fn is_of_a_name(character: char) -> bool {
    character.is_alphanumeric() || ['-', '_', '.'].contains(&character)
}

/// The directory of one test, empty at its beginning.
pub struct Place(PathBuf);

impl Place {
    pub fn new(name: &str) -> Self {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => {}
        }
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The same as text, for arguments.
    pub fn text(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file.
    pub fn file(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// A run's report.
    pub fn report(&self, run: &str) -> Value {
        let path = self.path(run).join("report.json");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        serde_json::from_str(&text).unwrap()
    }

    /// What the curves and the map of a run's report.html are drawn from; the page says the verdict in
    /// these words.
    pub fn page(&self, run: &str, words: &str) -> Value {
        let path = self.path(run).join("report.html");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(text.contains(&format!("<h1 id=\"verdict-word\">{words}</h1>")), "{path:?}");
        let data =
            text.split_once("id=\"data\">").and_then(|(_, rest)| rest.split_once("</script>"));
        serde_json::from_str(data.unwrap().0).unwrap()
    }

    /// Ids of the processes that have this directory in their command lines or work in it: the
    /// program, its children, servers and guards.
    pub fn processes(&self) -> Vec<i32> {
        let self_dir = self.0.canonicalize().unwrap();
        let here = self_dir.to_str().unwrap();
        let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let entry = entry.ok()?;
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read_to_string(entry.path().join("cmdline")).ok()?;
            let works_here =
                fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == self_dir);
            // Another place's name may begin with that of this one.
            let named = |(at, _): (usize, &str)| !line[at + here.len()..].starts_with(is_of_a_name);
            (works_here || line.match_indices(here).any(named)).then_some(pid)
        });
        pids.collect()
    }

    /// The process id of the embedded server of a run, from the name of its ports file.
    pub fn server_pid(&self, run: &str) -> i32 {
        let files = fs::read_dir(self.path(run).join("nats")).unwrap();
        let name = |file: fs::DirEntry| file.file_name().to_str().map(str::to_owned);
        let names = files.filter_map(|file| name(file.ok()?));
        let pid = |name: String| name.strip_suffix(".ports")?.rsplit('_').next()?.parse().ok();
        names.into_iter().find_map(pid).expect("a server runs")
    }

    /// Waits until nothing of this test runs any more.
    pub async fn deserted(&self, bound: Duration) {
        let gone = async {
            while !self.processes().is_empty() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        let left = || self.processes();
        timeout(bound, gone).await.unwrap_or_else(|_| panic!("left behind: {:?}", left()));
    }
}

/// The program, running; killed when the test ends.
pub struct Program {
    child: Child,
    pid: Pid,
    out: PathBuf,
    err: PathBuf,
}

/// The program when it has ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program as a command, with nothing in its environment that changes its role.
pub fn simulation(place: &Place) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulation"));
    for name in ["PRODUCER_ID", "WORKER_ID", "NATS_URL"] {
        command.env_remove(name);
    }
    command.current_dir(&place.0).stdin(Stdio::null()).kill_on_drop(true);
    command
}

impl Program {
    /// Starts the program; what it says goes to files called `name`.
    pub fn start(place: &Place, name: &str, args: &[&str]) -> Self {
        let mut command = simulation(place);
        command.args(args);
        Self::spawn(place, name, command)
    }

    pub fn spawn(place: &Place, name: &str, mut command: Command) -> Self {
        let (out, err) = (place.path(&format!("{name}.out")), place.path(&format!("{name}.err")));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        let child = command.spawn().unwrap();
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)).unwrap();
        Self { child, pid, out, err }
    }

    /// Waits until it has printed `text`.
    pub async fn says(&mut self, text: &str) {
        let said = async {
            while !read(&self.out).contains(text) {
                let ended = self.child.try_wait().unwrap();
                assert!(ended.is_none(), "{ended:?} without {text:?}: {}", read(&self.err));
                sleep(Duration::from_millis(20)).await;
            }
        };
        let said = timeout(HUNG, said).await;
        assert!(said.is_ok(), "never said {text:?}: {}", read(&self.out));
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Waits until it has ended.
    pub async fn ended(self) -> Ended {
        self.ended_within(HUNG).await
    }

    pub async fn ended_within(mut self, bound: Duration) -> Ended {
        let ended = timeout(bound, self.child.wait()).await;
        let (out, err) = (read(&self.out), read(&self.err));
        let Ok(status) = ended else { panic!("hangs after {bound:?}:\n{out}\n{err}") };
        Ended { code: status.unwrap().code(), out, err }
    }
}

impl Ended {
    /// It ended with this code, or here is what it said.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.out, self.err);
        self
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Runs the program to its end.
pub async fn run(place: &Place, name: &str, args: &[&str]) -> Ended {
    Program::start(place, name, args).ended().await
}

/// The run in the directory `run` is judged again, and comes to the same.
pub async fn assert_checked(place: &Place, run: &str) {
    let code = i32::try_from(number(&place.report(run), "/exit_code")).unwrap();
    let ended = self::run(place, "check", &["check", run]).await.with(code);
    assert!(ended.err.contains("report.json says the same"), "{}", ended.err);
}

/// A port that nobody listens on at the moment.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Options for a server that is no run's own.
pub async fn server_options(place: &Place, store: Store) -> EmbeddedOptions {
    let explicit = std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from);
    let bin = find_server(explicit.as_deref()).await.unwrap_or_else(|error| panic!("{error}"));
    EmbeddedOptions { store, ..EmbeddedOptions::new(bin, place.path("server")) }
}

/// A server that is no run's own.
pub async fn server(place: &Place) -> Embedded {
    let options = server_options(place, Store::Memory).await;
    Embedded::start(options).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A number in a report.
#[track_caller]
pub fn number(report: &Value, pointer: &str) -> u64 {
    let value = report.pointer(pointer).and_then(Value::as_u64);
    value.unwrap_or_else(|| panic!("no number {pointer} in {report:#}"))
}

/// The run passed, everything that was sent had its effect once, and nothing was found.
#[track_caller]
pub fn assert_passed(report: &Value) {
    assert_eq!(report["verdict"], "pass", "{report:#}");
    assert_eq!(number(report, "/exit_code"), 0);
    let sent = number(report, "/totals/sent");
    assert!(sent > 0);
    for other in ["stored", "received", "effects"] {
        assert_eq!(number(report, &format!("/totals/{other}")), sent, "{other}: {report:#}");
    }
    assert_eq!(number(report, "/totals/in_doubt"), 0);
    let anomalies = report["anomalies"].as_object().unwrap();
    assert!(anomalies.values().all(|count| *count == 0), "{anomalies:?}");
    assert_eq!(report["findings"], serde_json::json!([]));
}
