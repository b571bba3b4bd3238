//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

use bench::assign::Size;
use clap::{Args, Parser, Subcommand, ValueEnum};
use explore::Seeds;

/// Proves that a rebalance of partitions over NATS JetStream loses, repeats and reorders nothing.
#[derive(Debug, Parser)]
#[command(name = "simulation", version, args_conflicts_with_subcommands = true)]
#[command(args_override_self = true)]
#[command(
    after_help = "Exit codes: 0 pass, 1 correctness violated, 2 bad usage or configuration, \
    3 liveness violated, 4 inconclusive, 5 environment, 130 stopped by a second signal.\n\
    `--config FILE` alone is a run. `-config` is understood as `--config`."
)]
pub struct Cli {
    /// What to do; without it, a run.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The run.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What the program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a simulation, or one role of it (the default).
    Run(Box<RunArgs>),
    /// Run many small scenarios in virtual time, each drawn by its seed within one configuration.
    Explore(Box<ExploreArgs>),
    /// Plant one bug after the other, and see which check of the judge finds it; needs a build with
    /// --features selftest.
    Selftest(SelftestArgs),
    /// Judge a recorded run again, from its history alone.
    Check(CheckArgs),
    /// Measure what the program and its library can do.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Look at a configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Run a nats-server in the foreground, so that separate processes can be tried.
    Nats(NatsArgs),
    /// Ask a process of a run how it is: exit code 0 if it answers that it is well, 5 if not.
    Health {
        /// Where it serves its metrics; with /readyz at the end, whether it is of use, too.
        #[arg(default_value = "http://127.0.0.1:9090")]
        url: String,
    },
    /// Show where two traces of virtual runs part: exit code 0 if they are the same, 1 if not.
    DiffTraces(TracesArgs),
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// What a run can be told.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    #[command(flatten)]
    pub source: Source,
    /// Which role this process plays; PRODUCER_ID or WORKER_ID alone say it, too.
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    /// The name of this producer or worker in separate processes, such as producer-0.
    #[arg(long)]
    pub id: Option<String>,
    /// The name of this producer, such as producer-0: makes the process a producer.
    #[arg(long, env = "PRODUCER_ID", hide = true)]
    pub producer_id: Option<String>,
    /// The name of this worker, such as worker-0: makes the process a worker.
    #[arg(long, env = "WORKER_ID", hide = true)]
    pub worker_id: Option<String>,
    /// How long messages are sent, such as 2m.
    #[arg(long)]
    pub duration: Option<String>,
    /// The seed of everything that is drawn.
    #[arg(long)]
    pub seed: Option<u64>,
    /// The directory for report.json and events.jsonl [default: runs/TIME-SEED].
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Run in virtual time, against a broker in memory: hours take seconds, and the same seed gives
    /// the same run.
    #[arg(long = "virtual", conflicts_with_all = ["mode", "id", "resume", "chaos_url"])]
    pub in_virtual_time: bool,
    /// Write down everything that happens at the virtual broker, a line each.
    #[arg(long, value_name = "FILE", requires = "in_virtual_time")]
    pub trace: Option<PathBuf>,
    /// Let the virtual broker stall at first, for as long as the wall clock says: a run that cannot be
    /// repeated, to see that this would be noticed.
    #[arg(long, hide = true, requires = "in_virtual_time")]
    pub unrepeatable: bool,
    /// Go on with a run that was stopped, from FILE or from the newest checkpoint.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with = "report")]
    #[expect(clippy::option_option, reason = "clap: absent, without a file, with one")]
    pub resume: Option<Option<PathBuf>>,
    /// The chaos controller that this producer or worker registers with, such as
    /// http://127.0.0.1:9091.
    #[arg(long, env = "CHAOS_URL")]
    pub chaos_url: Option<String>,
}

/// What an exploration can be told.
#[derive(Args, Clone, Debug)]
pub struct ExploreArgs {
    #[command(flatten)]
    pub source: Source,
    /// The seeds: A..B for those from A to B - 1, such as 0..1000, or one, such as 7.
    #[arg(long, value_name = "A..B")]
    pub seeds: Seeds,
    /// How many run at once [default: one for each core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Go on after the first seed that fails; the first 20 of them leave a directory.
    #[arg(long)]
    pub keep_going: bool,
    /// The directory for campaign.json and what failed [default: runs/explore-A-B].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Do not make scenarios that fail smaller.
    #[arg(long)]
    pub no_shrink: bool,
}

/// What a selftest can be told.
#[derive(Args, Clone, Debug)]
pub struct SelftestArgs {
    /// Only bugs that have this in their name.
    #[arg(long, value_name = "NAME")]
    pub filter: Option<String>,
    /// How many seeds each bug gets at the most.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub seeds: u64,
    /// How many bugs are tried at once [default: one for each core].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Try bugs against a real nats-server, too, where it shows them within seconds.
    #[arg(long)]
    pub on_server: bool,
    /// The directory for selftest.json and what was found [default: runs/selftest].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Write the table as documentation.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// A benchmark.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Assignments: how fast, how even, how much moves, beside other ways to hash, and how many bytes.
    Assign(AssignArgs),
    /// Parts: what `cargo bench` measured, collected.
    Parts(PartsArgs),
    /// Messages: the bare pipeline and the whole harness, in turn.
    Pipeline(PipelineArgs),
    /// Take-overs: from a crash, a leave or a start until everything is owned.
    Recover(RecoverArgs),
    /// The bare pipeline, once: a part of `bench pipeline`.
    #[command(hide = true)]
    Bare(Box<RunArgs>),
}

/// What the benchmark of assignments can be told.
#[derive(Args, Clone, Debug)]
pub struct AssignArgs {
    #[command(flatten)]
    pub output: BenchOutput,
    /// Partitions and members, such as 1500x100; may be repeated [default: 1500x100, 100000x1000 and
    /// 1000000x10000].
    #[arg(long, value_name = "PARTITIONSxMEMBERS")]
    pub size: Vec<Size>,
    /// End with exit code 1 if a bound is broken that does not depend on the machine.
    #[arg(long)]
    pub check: bool,
}

/// What there is to say about the benchmarks of parts.
#[derive(Args, Clone, Debug)]
pub struct PartsArgs {
    #[command(flatten)]
    pub output: BenchOutput,
    /// Where `cargo bench` left its results.
    #[arg(long, value_name = "DIR", default_value = "target/criterion")]
    pub results: PathBuf,
}

/// Where the results of a benchmark go.
#[derive(Args, Clone, Debug)]
pub struct BenchOutput {
    /// Print the results as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the results into the section of this benchmark in a page of documentation.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
}

/// What is measured on which server.
#[derive(Args, Clone, Debug)]
pub struct TestBed {
    /// Override one key of the runs that are measured, such as workers.count=20; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = config::parse_setting)]
    pub set: Vec<(String, String)>,
    /// An external nats-server, such as nats://127.0.0.1:4222; several addresses of a cluster are
    /// separated by commas.
    #[arg(long, env = "NATS_URL")]
    pub nats_url: Option<String>,
    /// Where runs leave what they leave until they are measured.
    #[arg(long, value_name = "DIR", default_value = "runs/bench")]
    pub out: PathBuf,
}

/// What `bench pipeline` can be told.
#[derive(Args, Clone, Debug)]
pub struct PipelineArgs {
    #[command(flatten)]
    pub bed: TestBed,
    /// Where streams are kept; may be repeated [default: both].
    #[arg(long, value_enum)]
    pub storage: Vec<Storage>,
    /// On how many servers of a cluster; may be repeated [default: 1 and 3].
    #[arg(long, value_parser = replicas)]
    pub replicas: Vec<u8>,
    /// How often each of both is measured; medians are told.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// How long messages are sent in each round.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub seconds: u64,
    /// Messages per second at which latency is measured [default: half of what the bare pipeline
    /// carries].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub rate: Option<u32>,
    /// Measure only what a run of 1500 partitions, 100 workers and 1500 messages per second costs.
    #[arg(long)]
    pub steady: bool,
    #[command(flatten)]
    pub output: BenchOutput,
}

/// Clusters have an odd number of servers.
fn replicas(text: &str) -> Result<u8, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        "5" => Ok(5),
        _ => Err("use 1, 3 or 5".into()),
    }
}

/// Where streams are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Storage {
    /// In the server's memory.
    Memory,
    /// On its disk.
    File,
}

impl Storage {
    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Storage::Memory => "memory",
            Storage::File => "file",
        }
    }
}

/// What `bench recover` can be told.
#[derive(Args, Clone, Debug)]
pub struct RecoverArgs {
    #[command(flatten)]
    pub bed: TestBed,
    /// Partitions and workers, such as 1500x100; may be repeated [default: 100x10, 1500x100 and
    /// 10000x500].
    #[arg(long, value_name = "PARTITIONSxWORKERS")]
    pub size: Vec<String>,
    /// How often each thing is tried.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub tries: u32,
    #[command(flatten)]
    pub output: BenchOutput,
}

/// What is judged again.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The directory of a run, or a history; - for stdin.
    pub history: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// A directory in which to leave report.json.
    #[arg(long)]
    pub report: Option<PathBuf>,
}

/// Where the configuration comes from.
#[derive(Args, Clone, Debug)]
pub struct Source {
    /// The configuration [default: every key at its default].
    #[arg(long, short)]
    pub config: Option<PathBuf>,
    /// Override one key, such as workers.count=20; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = config::parse_setting)]
    pub set: Vec<(String, String)>,
    /// An external nats-server, such as nats://127.0.0.1:4222.
    #[arg(long, env = "NATS_URL")]
    pub nats_url: Option<String>,
    /// Say more on stderr (-v what happens, -vv why).
    #[arg(long, short, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// Looking at a configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check a configuration, and work out whether its load can be carried.
    Check(ConfigArgs),
    /// Print the effective configuration.
    Show(ConfigArgs),
    /// Print a JSON Schema of the configuration, for editors.
    Schema,
}

/// Which configuration.
#[derive(Args, Debug)]
pub struct ConfigArgs {
    /// The configuration.
    pub file: Option<PathBuf>,
    /// Override one key; may be repeated.
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = config::parse_setting)]
    pub set: Vec<(String, String)>,
}

/// Two traces.
#[derive(Args, Debug)]
pub struct TracesArgs {
    /// What `--trace` wrote.
    pub first: PathBuf,
    /// What it wrote another time.
    pub second: PathBuf,
}

/// The embedded server, alone.
#[derive(Args, Debug)]
pub struct NatsArgs {
    /// The client port.
    #[arg(long, default_value_t = 4222)]
    pub port: u16,
    /// The directory for its log, its port file and its store.
    #[arg(long, default_value = "runs/nats")]
    pub dir: PathBuf,
    /// Keep streams in memory instead of the directory.
    #[arg(long)]
    pub memory: bool,
}

/// The role of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Everything in one process.
    AllInOne,
    /// One producer.
    Producer,
    /// One worker.
    Worker,
    /// The coordinator.
    Coordinator,
    /// The chaos controller, for processes that register with it.
    Chaos,
}

impl Mode {
    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Mode::AllInOne => "all-in-one",
            Mode::Producer => "producer",
            Mode::Worker => "worker",
            Mode::Coordinator => "coordinator",
            Mode::Chaos => "chaos",
        }
    }
}

/// A source as it may be printed: a secret is named, not told.
pub fn shown(source: &Source) -> Vec<String> {
    let config = source.config.iter().map(|config| format!("--config {}", config.display()));
    let set = source.set.iter().map(|(path, value)| {
        let secret = path.contains("password") || path.contains("token") || path.ends_with("url");
        format!("--set '{path}={}'", if secret { "***" } else { value })
    });
    config.chain(set).collect()
}

/// The arguments of the process, with `-config` understood as `--config`.
pub fn arguments(given: impl Iterator<Item = OsString>) -> Vec<OsString> {
    given
        .map(|argument| match argument.to_str() {
            Some("-config") => "--config".into(),
            Some(text) if text.starts_with("-config=") => format!("-{text}").into(),
            _ => argument,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_last_word_counts() {
        // quick-test.sh and its like put what the user adds behind what they say themselves.
        let words =
            ["simulation", "--report", "a", "--set", "x=1", "--report", "b", "--set", "y=2"];
        let cli = Cli::parse_from(words);
        assert_eq!(cli.run.report, Some("b".into()));
        assert_eq!(cli.run.source.set.len(), 2);
    }

    #[test]
    fn a_single_dash_is_understood() {
        for given in
            [["-config", "a.yaml"].as_slice(), &["-config=a.yaml"], &["--config", "a.yaml"]]
        {
            let words = std::iter::once("simulation").chain(given.iter().copied());
            let cli = Cli::parse_from(arguments(words.map(OsString::from)));
            assert_eq!(cli.run.source.config, Some("a.yaml".into()), "{given:?}");
        }
    }
}
