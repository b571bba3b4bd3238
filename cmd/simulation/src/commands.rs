//! What each command does.

use std::io::Write;

use broker_nats::{Embedded, EmbeddedOptions, Store};
use clap::CommandFactory;
use config::{Config, Overrides};
use model::{RunClock, Seed, Timestamp};
use rand::RngExt;

use crate::all_in_one::{self, Parts};
use crate::cli::{Cli, ConfigArgs, ConfigCommand, Mode, NatsArgs, RunArgs, shown};
use crate::connect::server_bin;
use crate::failure::Failure;
use crate::resume::Found;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::{http, roles, signals, virtual_time};

/// Runs a simulation or one role of it.
pub async fn run(args: RunArgs) -> Result<u8, Failure> {
    if args.in_virtual_time {
        return virtual_time::run(args).await;
    }
    let (mode, id) = role(&args)?;
    let overrides = overrides(&args, mode);
    let config = load(args.source.config.as_ref(), &overrides)?;
    let now = wall_clock();
    let found = Found::by(&args, &config, now)?;
    let seed = match &found {
        Some(found) => found.seed(),
        None => Seed(config.simulation.seed.unwrap_or_else(|| drawn_seed(&config, now))),
    };
    let reproduce = reproduce(&args, seed);
    let setup = Setup::new(config, seed, RunClock::starting_at(now))?.measured();
    let chaos = args.chaos_url.as_deref();
    match setup.config.simulation.mode {
        config::Mode::Producer => {
            roles::producer(setup, named(id, "PRODUCER_ID=producer-0")?, chaos).await
        }
        config::Mode::Worker => roles::worker(setup, named(id, "WORKER_ID=worker-0")?, chaos).await,
        config::Mode::AllInOne | config::Mode::Coordinator | config::Mode::Chaos => {
            println!("seed {seed}; again: {reproduce}");
            let dir = match &found {
                Some(found) => RunDir::again(found.run_directory())?,
                None if setup.config.simulation.mode == config::Mode::Chaos => {
                    RunDir::for_logs(args.report, now, seed)?
                }
                None => RunDir::create(args.report, now, seed)?,
            };
            let parts = Parts { source: args.source, dir, reproduce, found };
            lead(setup, parts).await
        }
    }
}

/// What the command line says on top of the configuration.
pub fn overrides(args: &RunArgs, mode: Option<Mode>) -> Overrides {
    Overrides {
        set: args.source.set.clone(),
        nats_url: args.source.nats_url.clone(),
        mode: mode.map(|mode| mode.name().to_owned()),
        duration: args.duration.clone(),
        seed: args.seed,
    }
}

/// Those that leave something in a directory.
async fn lead(setup: Setup, parts: Parts) -> Result<u8, Failure> {
    let (seed, dir, reproduce) = (setup.seed, parts.dir.clone(), parts.reproduce.clone());
    let mode = setup.config.simulation.mode;
    if mode == config::Mode::Chaos {
        return roles::chaos(setup, &parts.source, &dir).await;
    }
    for warning in config::offered_load(&setup.config).warnings {
        eprintln!("simulation: warning: {warning}");
    }
    let ended = match mode {
        config::Mode::Coordinator => roles::coordinator(setup, parts).await,
        _ => all_in_one::run(setup, parts).await,
    };
    ended.inspect_err(|failure| dir.failed(failure, seed, &reproduce))
}

/// A seed for a run that was not given one. Separate processes have to agree on it without a word
/// (weights are drawn from it), so theirs follows from the name that they share.
pub fn drawn_seed(config: &Config, now: Timestamp) -> u64 {
    let drawn = match config.simulation.mode {
        config::Mode::AllInOne => now.0.unsigned_abs(),
        _ => Seed(0).rng(&config.nats.name_prefix).random(),
    };
    drawn % 1_000_000_007
}

/// The role and the name of this process. An environment variable alone makes it a producer or a
/// worker; `--mode` has the last word.
fn role(args: &RunArgs) -> Result<(Option<Mode>, Option<String>), Failure> {
    let (producer, worker) = (args.producer_id.clone(), args.worker_id.clone());
    let mode = match (args.mode, &producer, &worker) {
        (None, Some(_), Some(_)) => {
            return Err(Failure::Usage(
                "both PRODUCER_ID and WORKER_ID are set: set one, or say --mode".into(),
            ));
        }
        (None, Some(_), None) => Some(Mode::Producer),
        (None, None, Some(_)) => Some(Mode::Worker),
        (mode, _, _) => mode,
    };
    let id = match mode {
        Some(Mode::Worker) => args.id.clone().or(worker),
        _ => args.id.clone().or(producer),
    };
    Ok((mode, id))
}

fn named(id: Option<String>, example: &str) -> Result<String, Failure> {
    id.ok_or_else(|| Failure::Usage(format!("this role needs a name: set {example}, or use --id")))
}

pub fn load(file: Option<&std::path::PathBuf>, overrides: &Overrides) -> Result<Config, Failure> {
    Ok(match file {
        Some(file) => Config::load(file, overrides)?,
        None => Config::parse("", "defaults", overrides)?,
    })
}

#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
pub fn wall_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp(since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)))
}

/// The command that runs the same again.
pub fn reproduce(args: &RunArgs, seed: Seed) -> String {
    let mut words = vec!["simulation".to_owned()];
    words.extend(shown(&args.source));
    if let Some(mode) = args.mode {
        words.push(format!("--mode {}", mode.name()));
    }
    if args.in_virtual_time {
        words.push("--virtual".into());
    }
    words.extend(args.duration.iter().map(|duration| format!("--duration {duration}")));
    words.push(format!("--seed {seed}"));
    words.join(" ")
}

/// Looks at a configuration.
pub fn config(command: ConfigCommand) -> Result<u8, Failure> {
    match command {
        ConfigCommand::Check(args) => check(&args),
        ConfigCommand::Show(args) => {
            print!("{}", load_args(&args)?.to_yaml());
            Ok(0)
        }
        ConfigCommand::Schema => {
            println!("{:#}", config::json_schema());
            Ok(0)
        }
    }
}

fn load_args(args: &ConfigArgs) -> Result<Config, Failure> {
    load(args.file.as_ref(), &Overrides { set: args.set.clone(), ..Overrides::default() })
}

fn check(args: &ConfigArgs) -> Result<u8, Failure> {
    let config = load_args(args)?;
    let load = config::offered_load(&config);
    println!("✓ the configuration is valid");
    println!(
        "offered rate:            {:.2} msg/s (peak × {:.2})",
        load.total_rate, load.peak_factor
    );
    println!("hottest partition, load: {:.3} at the peak", load.hottest_partition_load);
    println!("busiest worker, load:    {:.3} at the peak", load.busiest_worker_load);
    println!("drain bound:             {:?}", config::drain_bound(&config));
    for warning in load.warnings {
        println!("warning: {warning}");
    }
    Ok(0)
}

/// Runs a nats-server until a signal comes.
pub async fn nats(args: NatsArgs) -> Result<u8, Failure> {
    let mut stop = signals::stop_on_signal()?;
    let store = if args.memory { Store::Memory } else { Store::File(args.dir.join("store")) };
    let mut options = EmbeddedOptions::new(server_bin(None).await?, args.dir);
    options.store = store;
    options.port = Some(args.port);
    // Room for the streams of a run as it is configured by default.
    let room = Config::default().nats.jetstream;
    options.max_memory = Some(room.max_memory.bytes());
    options.max_file_storage = Some(room.max_file_storage.bytes());
    let server = Embedded::start(options).await?;
    println!("✓ nats-server {} at {}", server.version(), server.url());
    println!("  monitoring at {}, log at {}", server.monitor_url(), server.log_path().display());
    tokio::select! {
        biased;
        exit = server.exited() => {
            Err(Failure::Environment(format!("nats-server ended by itself ({exit})")))
        }
        () = signals::raised(&mut stop) => {
            server.stop().await;
            Ok(0)
        }
    }
}

/// Asks a process of a run whether it is well.
pub async fn health(url: &str) -> Result<u8, Failure> {
    let why = match http::ask(url, "/healthz", Vec::new(), |request| request).await {
        Ok((status, _)) if status.is_success() => {
            println!("✓ {url} is well");
            return Ok(0);
        }
        Ok((status, said)) => format!("{status}: {}", String::from_utf8_lossy(&said).trim()),
        Err(why) => why.to_string(),
    };
    Err(Failure::Environment(format!(
        "{url} is not well: {why}; is metrics.prometheus.enabled set, and is the port right?"
    )))
}

/// Prints a completion script.
pub fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "simulation", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(0)
}

/// Prints the manual page.
pub fn man() -> Result<u8, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    std::io::stdout().write_all(&page)?;
    Ok(0)
}
