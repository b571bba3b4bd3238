//! `simulation explore`: many small runs in virtual time, each with a scenario that its seed draws.

mod keep;
mod line;
mod one;
mod panics;
mod swarm;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::Overrides;
use explore::{Campaign, Frame, Seeds, draw};
use model::{Seed, watch};
use serde_json::json;

use crate::cli::{ExploreArgs, shown};
use crate::commands::load;
use crate::failure::Failure;
use crate::signals;
use keep::Keeping;
use line::Line;
use swarm::Swarm;

/// The most failures that leave a directory.
const KEPT_MAX: u64 = 20;
/// How long one seed may take in real time. Almost everything that goes on for ever is found out in
/// virtual time, long before.
const PATIENCE: Duration = Duration::from_secs(300);

/// Explores, and gives the exit code of what was found.
pub async fn run(args: ExploreArgs) -> Result<u8, Failure> {
    if args.source.config.is_none() {
        let why = "explore draws within a configuration: say --config FILE, such as \
                   configs/explore.yaml";
        return Err(Failure::Usage(why.into()));
    }
    let overrides = Overrides { set: args.source.set.clone(), ..Overrides::default() };
    let config = load(args.source.config.as_ref(), &overrides)?;
    let frame = Frame::new(config).map_err(|error| Failure::Usage(error.to_string()))?;
    let out = directory(&args)?;
    let stop = signals::stop_on_signal()?;
    panics::remember();
    let exploring = tokio::task::spawn_blocking(move || explore(&args, frame, &out, &stop));
    exploring.await.map_err(|error| Failure::Environment(format!("it broke off: {error}")))?
}

fn directory(args: &ExploreArgs) -> Result<PathBuf, Failure> {
    let range = args.seeds.range();
    let named = || PathBuf::from(format!("runs/explore-{}-{}", range.start, range.end));
    let out = args.out.clone().unwrap_or_else(named);
    std::fs::create_dir_all(&out).map_err(|error| {
        let out = out.display();
        Failure::Usage(format!("{out} cannot be made ({error}); choose another --out"))
    })?;
    Ok(out)
}

fn explore(
    args: &ExploreArgs,
    frame: Frame,
    out: &Path,
    stop: &watch::Receiver<bool>,
) -> Result<u8, Failure> {
    let mut campaign = Campaign::new(&frame);
    let mut line = Line::new(args.seeds.count());
    let (frame, drawn_from) = (Arc::new(frame), args.seeds.range());
    let within = frame.clone();
    let run = move |seed| one::run(&draw(&within, Seed(seed)), seed);
    let swarm = Swarm::begin(drawn_from, jobs(args), args.keep_going, PATIENCE, run);
    let keeping = Keeping { out, frame: &frame, shrinks: !args.no_shrink, stop };
    let mut kept = Ok(());
    swarm.tell(|outcome| {
        if let Some(outcome) = outcome {
            campaign.take(&outcome);
            if outcome.fate.is_failure() && campaign.failures <= KEPT_MAX {
                kept = line.aside(|line| keeping.keep(&outcome, line));
            }
            if kept.is_err() || outcome.fate.is_failure() && !args.keep_going {
                return ControlFlow::Break(());
            }
        }
        line.draw(&campaign);
        if *stop.borrow() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    line.clear();
    kept?;
    finish(args, &campaign, &line, out)
}

fn jobs(args: &ExploreArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.jobs.map_or_else(cores, usize::from)
}

/// Writes and prints what was found.
fn finish(args: &ExploreArgs, campaign: &Campaign, line: &Line, out: &Path) -> Result<u8, Failure> {
    let (seconds, exit_code) = (line.seconds(), campaign.exit_code());
    let report = json!({
        "exit_code": exit_code,
        "command": command(args, &args.seeds),
        "commit": env!("SIMULATION_COMMIT"),
        "jobs": jobs(args),
        "real_seconds": seconds,
        "missed": campaign.missed(),
        "campaign": campaign,
    });
    let path = out.join("campaign.json");
    keep::write(&path, &format!("{report:#}\n"))?;
    print!("{}", campaign.text(seconds));
    println!("Report: {}", path.display());
    Ok(exit_code)
}

fn command(args: &ExploreArgs, seeds: &Seeds) -> String {
    let mut words = vec!["simulation explore".to_owned()];
    words.extend(shown(&args.source));
    words.push(format!("--seeds {seeds}"));
    words.join(" ")
}
