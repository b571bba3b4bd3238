//! `simulation bench pipeline`: what checking costs. The bare pipeline and the whole harness, in turn, on
//! the same server, with the same messages.

pub mod bare;
mod latency;
mod round;
mod steady;
mod tables;

use std::time::Duration;

use serde_json::json;

use super::Findings;
use super::servers::Servers;
use super::trial::forget_if_empty;
use crate::cli::{PipelineArgs, Storage};
use crate::failure::Failure;
use crate::terminal::TerminalLine;
use round::{Bench, Kind, Load, Round};

/// What is offered where as much as possible is to be carried, as a multiple of what the bare pipeline
/// carried when it was offered more than anybody can.
const OVERLOAD: f64 = 1.5;
/// More than anybody can carry, in messages per second.
const TOO_MUCH: f64 = 300_000.0;
/// How long that is offered.
const TRIED_FOR: Duration = Duration::from_secs(2);

/// Where streams are kept, and on how many servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    storage: Storage,
    replicas: u8,
}

/// What was measured of one case: each time the bare pipeline, and the whole harness.
pub struct Measured {
    case: Case,
    /// As much as possible.
    most: [Vec<Round>; 2],
    /// At `rate` messages per second.
    rate: f64,
    paced: [Round; 2],
}

/// Measures.
pub async fn run(args: &PipelineArgs) -> Result<Findings, Failure> {
    let line = TerminalLine::new();
    let cases = if args.steady { Vec::new() } else { cases(args) };
    // Whatever is wrong with settings is said before anything is measured.
    steady::settings(&args.bed).config(None)?;
    cases.iter().try_for_each(|case| round::settings(&args.bed, *case).config(None).map(drop))?;
    let (mut measured, mut used) = (Vec::new(), Vec::new());
    for case in cases {
        let servers = Servers::of(&args.bed, case.replicas).await?;
        used.extend(servers.version());
        measured.push(measure(args, case, &servers, &line).await?);
        servers.stop().await?;
    }
    line.say("1500 messages per second");
    let servers = Servers::of(&args.bed, 1).await?;
    used.extend(servers.version());
    let steady = steady::measure(args, &servers).await?;
    servers.stop().await?;
    used.dedup();
    line.clear();
    forget_if_empty(&args.bed.out);
    let cases: Vec<_> = measured.iter().map(tables::json).collect();
    Ok(Findings {
        title: "Pipeline",
        used,
        body: tables::body(&measured, &steady, args),
        json: json!({ "cases": cases, "steady": steady.json() }),
        code: 0,
    })
}

fn cases(args: &PipelineArgs) -> Vec<Case> {
    let or =
        |given: &[u8], all: &[u8]| if given.is_empty() { all.to_vec() } else { given.to_vec() };
    // Nobody but the user knows how many servers the user has.
    let all: &[u8] = if args.bed.nats_url.is_some() { &[1] } else { &[1, 3] };
    let storages = match &args.storage[..] {
        [] => vec![Storage::Memory, Storage::File],
        given => given.to_vec(),
    };
    let replicas = or(&args.replicas, all);
    let of = |storage| replicas.iter().map(move |replicas| Case { storage, replicas: *replicas });
    storages.into_iter().flat_map(of).collect()
}

async fn measure(
    args: &PipelineArgs,
    case: Case,
    servers: &Servers,
    line: &TerminalLine,
) -> Result<Measured, Failure> {
    let mut bench = Bench::new(&args.bed, case, servers)?;
    let (what, rounds) =
        (format!("{}, replicas {}", case.storage.name(), case.replicas), args.rounds);
    let lasting = Duration::from_secs(args.seconds);
    line.say(&what);
    let tried = Load { rate: TOO_MUCH, lasting: TRIED_FOR.min(lasting), timed: false };
    let tried = bench.round(Kind::Bare, tried).await?;
    let load = Load { rate: tried.per_second() * OVERLOAD, lasting, timed: false };
    let mut most = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        line.say(&format!("{what}: round {} of {rounds}", round + 1));
        // Neither is always the first.
        for turn in [round % 2, (round + 1) % 2] {
            let kind = [Kind::Bare, Kind::Whole][turn as usize];
            most[turn as usize].push(bench.round(kind, load).await?);
        }
    }
    line.say(&format!("{what}: latency"));
    let half = tables::median(&most[0], Round::per_second) / 2.0;
    let rate = args.rate.map_or(half, f64::from);
    let load = Load { rate, lasting, timed: true };
    let paced = [bench.round(Kind::Bare, load).await?, bench.round(Kind::Whole, load).await?];
    Ok(Measured { case, most, rate, paced })
}
