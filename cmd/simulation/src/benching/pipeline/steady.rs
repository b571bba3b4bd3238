//! What a run costs that is only kept busy: a hundred workers, fifteen hundred messages a second.

use std::time::Duration;

use metrics::Usage;
use serde_json::{Value, json};

use crate::benching::servers::Servers;
use crate::benching::settings::Settings;
use crate::benching::trial::Trial;
use crate::cli::{PipelineArgs, TestBed};
use crate::failure::Failure;

/// The run, unless the user sets something else; all other keys have their defaults.
const SETTINGS: [(&str, &str); 7] = [
    ("partitions.count", "1500"),
    ("partitions.message_rate_per_partition", "1"),
    ("producers.count", "10"),
    ("workers.count", "100"),
    ("chaos.enabled", "false"),
    ("metrics.prometheus.enabled", "false"),
    ("checkpoint.enabled", "false"),
];
/// The part of it, at its beginning, whose CPU time does not count: partitions are claimed.
const WARMING_UP: f64 = 0.25;
/// How many times longer it is than a round.
const LONGER: u64 = 3;

/// What such a run costs, without the server.
pub struct Steady {
    pub messages: u64,
    /// Of one core.
    pub cpu: f64,
    /// The most, in bytes.
    pub memory: u64,
}

impl Steady {
    /// For programs.
    pub fn json(&self) -> Value {
        let Self { messages, cpu, memory } = self;
        json!({ "messages": messages, "cpu_cores": cpu, "memory_bytes": memory })
    }
}

/// The settings of the run.
pub fn settings(bed: &TestBed) -> Settings {
    Settings::new(&SETTINGS)
        .and_all(&bed.set)
        .and("nats.mode", "external")
        .and("nats.name_prefix", "bench_steady")
        .and("nats.existing", "delete")
}

/// Measures it.
pub async fn measure(args: &PipelineArgs, servers: &Servers) -> Result<Steady, Failure> {
    let lasting = Duration::from_secs(args.seconds * LONGER);
    let trial = Trial {
        command: &["run"],
        settings: &settings(&args.bed),
        lasting,
        url: servers.url(),
        dir: args.bed.out.join("bench-steady"),
    };
    let ended = trial.run().await?.well()?;
    let messages = ended.report()?.totals.received;
    let steady = Steady { messages, cpu: cpu(&ended.usage, lasting), memory: ended.memory() };
    ended.forget()?;
    Ok(steady)
}

/// The share of one core, from the end of the beginning until the last message was sent.
fn cpu(usage: &[(Duration, Usage)], whole: Duration) -> f64 {
    let until = |at: Duration| usage.iter().take_while(move |(when, _)| *when <= at).last();
    let Some(((from, before), (to, after))) = until(whole.mul_f64(WARMING_UP)).zip(until(whole))
    else {
        return 0.0;
    };
    (after.cpu_seconds - before.cpu_seconds) / (*to - *from).as_secs_f64().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_before_and_after_messages_flow_does_not_count() {
        let at = |seconds: f64, cpu_seconds| {
            let usage =
                Usage { cpu_seconds, resident_bytes: 1, resident_peak_bytes: 1, open_files: 1 };
            (Duration::from_secs_f64(seconds), usage)
        };
        let usage = [at(1.0, 2.0), at(2.0, 3.0), at(6.0, 4.0), at(10.0, 7.0), at(11.0, 99.0)];
        assert_eq!(cpu(&usage, Duration::from_secs(10)), 0.5, "4 s in the last 8 s");
        assert_eq!(cpu(&usage[4..], Duration::from_secs(10)), 0.0, "nobody told anything");
    }
}
