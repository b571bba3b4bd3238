//! Runs in virtual time: the same producers, workers, chaos and coordinator as on a real server,
//! against a broker in memory.

mod connector;
mod limits;
mod simulate;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use chaos::Control;
use config::{Config, Isolation, Mode, NatsMode, Overrides};
use coordinator::Progress;
use model::{RunClock, Seed, Timestamp, watch};
use std::sync::Arc;

use crate::cli::RunArgs;
use crate::commands::{drawn_seed, load, reproduce, wall_clock};
use crate::connect::NatsConnector;
use crate::failure::Failure;
use crate::rundir::RunDir;
use crate::setup::Setup;
use crate::verdict::{self, Ending};
use crate::watching::Watching;
use crate::{progress, signals};

pub use simulate::{Left, Outside, Simulated, simulate};

/// Runs a simulation in virtual time and gives the verdict's exit code.
pub async fn run(args: RunArgs) -> Result<u8, Failure> {
    for (name, id) in [("PRODUCER_ID", &args.producer_id), ("WORKER_ID", &args.worker_id)] {
        if id.is_some() {
            return Err(Failure::Usage(format!(
                "{name} makes this process one of several, and a run in virtual time is one process: \
                 unset it, or leave out --virtual"
            )));
        }
    }
    let overrides = Overrides {
        set: args.source.set.clone(),
        duration: args.duration.clone(),
        seed: args.seed,
        ..Overrides::default()
    };
    let config = load(args.source.config.as_ref(), &overrides)?;
    for ignored in without_effect(&config, args.source.nats_url.is_some()) {
        eprintln!("simulation: warning: {ignored} has no effect in virtual time");
    }
    let now = wall_clock();
    let seed = Seed(config.simulation.seed.unwrap_or_else(|| drawn_seed(&config, now)));
    let reproduce = reproduce(&args, seed);
    println!("seed {seed}; again: {reproduce}");
    let dir = RunDir::create(args.report.clone(), now, seed)?;
    let ended = in_thread(&args, config, seed, reproduce.clone(), &dir, now).await;
    ended.inspect_err(|failure| dir.failed(failure, seed, &reproduce))
}

/// What the configuration asks for and a run does not do that is one thread without a server.
fn without_effect(config: &Config, has_url: bool) -> Vec<&'static str> {
    let process = Isolation::Process;
    let external = has_url || config.nats.mode == NatsMode::External;
    let all = [
        (config.simulation.mode != Mode::AllInOne, "a simulation.mode other than all-in-one"),
        (config.producers.isolation == process, "producers.isolation: process"),
        (config.workers.isolation == process, "workers.isolation: process"),
        (external, "an external nats-server"),
    ];
    all.into_iter().filter_map(|(asked, what)| asked.then_some(what)).collect()
}

/// The run has a thread of its own; signals, metrics and progress stay in real time.
async fn in_thread(
    args: &RunArgs,
    config: Config,
    seed: Seed,
    reproduce: String,
    dir: &RunDir,
    now: Timestamp,
) -> Result<u8, Failure> {
    for warning in config::offered_load(&config).warnings {
        eprintln!("simulation: warning: {warning}");
    }
    let stop = signals::stop_on_signal()?;
    let (told, shown) = watch::channel(Progress::default());
    let (control, orders) = Control::new(Arc::new(config.clone()));
    let outer = Setup::new(config.clone(), seed, RunClock::starting_at(now))?;
    let nobody = None::<NatsConnector>;
    let watching = Watching::begin(&outer, shown.clone(), nobody, None, Some(control)).await?;
    let showing = progress::begin(shown, &outer);
    let stall = if args.unrepeatable { unrepeatable(now) } else { Duration::ZERO };
    let outside = Outside {
        told,
        orders,
        stop,
        left: Some(Left {
            dir: dir.clone(),
            shared: watching.shared(),
            reproduce: reproduce.clone(),
        }),
        trace: args.trace.as_deref().map(lines).transpose()?,
        observer: None,
        stall,
        aloud: true,
    };
    let simulated = tokio::task::spawn_blocking(move || simulate(config, seed, outside)).await;
    showing.abort();
    let simulated = simulated
        .map_err(|error| Failure::Environment(format!("the run broke off: {error}")))??;
    let Simulated { setup, conducted, ended_at, figures } = simulated;
    let resources = watching.resources();
    let ending = Ending { at: ended_at, resources, reproduce, virtual_time: Some(figures) };
    let report = verdict::give(&setup, conducted, ending, dir, &watching.shared())?;
    watching.shared().farewell(&report).await;
    Ok(report.exit_code)
}

fn lines(path: &Path) -> Result<Box<dyn Write + Send>, Failure> {
    let file = File::create(path).map_err(|error| {
        Failure::Usage(format!("the trace cannot be written to {}: {error}", path.display()))
    })?;
    Ok(Box::new(BufWriter::new(file)))
}

/// Some time that the next process will not find again, and that everybody who waits can wait.
fn unrepeatable(now: Timestamp) -> Duration {
    Duration::from_millis(10 + now.0.unsigned_abs() % 1_000)
}
