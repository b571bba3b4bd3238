//! What was measured, as tables.

use bench::{Table, mark};
use serde_json::{Value, json};

use super::latency::Latencies;
use super::round::Round;
use super::steady::Steady;
use super::{Case, Measured};
use crate::cli::{PipelineArgs, Storage};

/// What the whole harness is to carry, as a part of what the bare pipeline does.
const RATIO_MIN: f64 = 0.8;
/// …and in messages per second, in memory on one server.
const RATE_MIN: f64 = 30_000.0;
/// What a steady run may use of one core, and of memory.
const CPU_MAX: f64 = 0.6;
const MEMORY_MAX: u64 = 300_000_000;
/// Which latencies are told.
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// The median of one figure of all rounds.
pub fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    bench::median(rounds.iter().map(of).collect(), f64::total_cmp).unwrap_or(0.0)
}

/// Everything, in words.
pub fn body(measured: &[Measured], steady: &Steady, args: &PipelineArgs) -> String {
    let mut body = String::new();
    if !measured.is_empty() {
        body += &format!(
            "*Bare*: publish, ordered read, fenced effect, checked by nobody. *Harness*: a whole \
             `simulation run`, with its history, until everything is judged. The same messages, \
             connections and server; 1500 partitions, 10 producers, 10 workers unless set otherwise. \
             Everything on one machine.\n\n\
             ### As much as possible\n\n\
             Each partition always has a message to send. Medians of {} rounds of {} s each, in turn; \
             a bound is ratio ≥ {RATIO_MIN}, and in memory on one server ≥ {RATE_MIN} msg/s. CPU is \
             that of the program + that of the servers, for each message; memory is the most that the \
             program held.\n\n{}\n",
            args.rounds,
            args.seconds,
            most(measured)
        );
        body += &format!(
            "### Latency at a fixed rate\n\n\
             From when a message fell due until its effect was stored, in milliseconds, also of \
             messages that had to wait until they could be sent.\n\n{}\n",
            paced(measured)
        );
        if args.bed.nats_url.is_some() {
            body += "The servers are not this program's own: what they use is not measured.\n\n";
        }
    }
    body + &format!("### A steady run\n\n{}", this_steady(steady, args))
}

fn most(measured: &[Measured]) -> Table {
    let mut table = Table::new([
        "storage, replicas",
        "bare msg/s",
        "harness msg/s",
        "ratio",
        "bare CPU µs",
        "harness CPU µs",
        "bare MB",
        "harness MB",
        "bound",
    ]);
    for Measured { case, most: [bare, whole], .. } in measured {
        let (alone, checked) = (median(bare, Round::per_second), median(whole, Round::per_second));
        table.row([
            name(*case),
            format!("{alone:.0}"),
            format!("{checked:.0}"),
            format!("{:.2}", checked / alone),
            cpu(bare),
            cpu(whole),
            megabytes(median(bare, |round| round.memory as f64)),
            megabytes(median(whole, |round| round.memory as f64)),
            mark(is_good(*case, alone, checked)).to_owned(),
        ]);
    }
    table
}

fn is_good(case: Case, bare: f64, whole: f64) -> bool {
    let fast = case != Case { storage: Storage::Memory, replicas: 1 } || whole >= RATE_MIN;
    fast && whole / bare >= RATIO_MIN
}

fn paced(measured: &[Measured]) -> Table {
    let heads = |of: &'static str| QUANTILES.map(|(name, _)| format!("{of} {name}"));
    let head = ["storage, replicas", "msg/s"].map(str::to_owned).into_iter();
    let mut table = Table::new(head.chain(heads("bare")).chain(heads("harness")));
    for Measured { case, rate, paced, .. } in measured {
        let of = |round: &Round| {
            let millis = |latencies: &Latencies, part| {
                format!("{:.1}", latencies.quantile(part).as_secs_f64() * 1e3)
            };
            let latencies = round.latencies.as_ref();
            QUANTILES.map(|(_, part)| latencies.map_or_else(String::new, |all| millis(all, part)))
        };
        let cells = paced.iter().flat_map(of);
        table.row([name(*case), format!("{rate:.0}")].into_iter().chain(cells));
    }
    table
}

fn this_steady(steady: &Steady, args: &PipelineArgs) -> Table {
    let mut table = Table::new(["1500 partitions, 100 workers, 1500 msg/s", "found", "bound", ""]);
    let (cpu, memory) = (steady.cpu * 100.0, megabytes(steady.memory as f64));
    let good = steady.cpu < CPU_MAX;
    let bound = format!("< {:.0} %", CPU_MAX * 100.0);
    table.row([
        "CPU of the program, of one core".into(),
        format!("{cpu:.0} %"),
        bound,
        mark(good).into(),
    ]);
    let (bound, good) = (megabytes(MEMORY_MAX as f64), steady.memory < MEMORY_MAX);
    table.row([
        "memory of the program, at most".into(),
        format!("{memory} MB"),
        format!("< {bound} MB"),
        mark(good).into(),
    ]);
    table.row(["messages, all judged".into(), steady.messages.to_string()]);
    if !args.bed.set.is_empty() {
        let set: Vec<_> =
            args.bed.set.iter().map(|(path, value)| format!("{path}={value}")).collect();
        table.row([format!("but with {}", set.join(", "))]);
    }
    table
}

fn name(case: Case) -> String {
    format!("{}, {}", case.storage.name(), case.replicas)
}

fn cpu(rounds: &[Round]) -> String {
    let own = median(rounds, Round::cpu_us);
    match rounds.iter().all(|round| round.server_cpu_us().is_some()) {
        true => {
            format!(
                "{own:.0} + {:.0}",
                median(rounds, |round| round.server_cpu_us().unwrap_or(0.0))
            )
        }
        false => format!("{own:.0}"),
    }
}

fn megabytes(bytes: f64) -> String {
    format!("{:.0}", bytes / 1e6)
}

/// One case, for programs: every round.
pub fn json(measured: &Measured) -> Value {
    let Measured { case, most: [bare, whole], rate, paced: [bare_paced, whole_paced] } = measured;
    let rounds = |of: &[Round]| of.iter().map(round).collect::<Vec<_>>();
    let (alone, checked) = (median(bare, Round::per_second), median(whole, Round::per_second));
    json!({
        "storage": case.storage.name(),
        "replicas": case.replicas,
        "ratio": checked / alone,
        "bare": rounds(bare),
        "harness": rounds(whole),
        "paced": { "rate": rate, "bare": round(bare_paced), "harness": round(whole_paced) },
        "good": is_good(*case, alone, checked),
    })
}

fn round(round: &Round) -> Value {
    let micros = |all: &Latencies, part| all.quantile(part).as_micros() as u64;
    let latency = round
        .latencies
        .as_ref()
        .map(|all| QUANTILES.map(|(name, part)| (name.to_owned(), micros(all, part).into())));
    json!({
        "messages": round.messages,
        "seconds": round.seconds,
        "per_second": round.per_second(),
        "cpu_us": round.cpu_us(),
        "server_cpu_us": round.server_cpu_us(),
        "memory_bytes": round.memory,
        "latency_us": latency.map(serde_json::Map::from_iter),
    })
}

#[cfg(test)]
mod tests;
