//! What a run costs that is only kept busy: a hundred workers, fifteen hundred messages a second.

use std::time::Duration;

use config::Overrides;
use serde_json::{Value, json};

use crate::benching::servers::Servers;
use crate::benching::trial::{Ended, Trial};
use crate::cli::PipelineArgs;
use crate::commands;
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
///
/// # Errors
///
/// If the user's are no settings.
pub fn settings(args: &PipelineArgs) -> Result<Vec<(String, String)>, Failure> {
    let own = |(path, value): (&str, &str)| (path.to_owned(), value.to_owned());
    let mut set: Vec<_> = SETTINGS.into_iter().map(own).collect();
    set.extend(args.bed.set.iter().cloned());
    set.push(own(("nats.name_prefix", "bench_steady")));
    set.push(own(("nats.existing", "delete")));
    commands::load(None, &Overrides { set: set.clone(), ..Overrides::default() })?;
    Ok(set)
}

/// Measures it, and says on which server if it was ours.
pub async fn measure(args: &PipelineArgs) -> Result<(Steady, Option<String>), Failure> {
    let servers = match &args.bed.nats_url {
        Some(url) => Servers::of_the_user(url),
        None => Servers::start(&args.bed.out, 1).await?,
    };
    let set = settings(args)?;
    let seconds = args.seconds * LONGER;
    let trial = Trial {
        command: &["run"],
        set: &set,
        args: ["--duration", &format!("{seconds}s"), "--seed", "1"].map(Into::into).to_vec(),
        url: Some(servers.url()),
        dir: args.bed.out.join("bench-steady"),
    };
    let ended = trial.run().await?.well()?;
    let version = servers.version();
    servers.stop().await?;
    let messages = ended.report()?.totals.received;
    let steady = Steady { messages, cpu: cpu(&ended, seconds), memory: ended.memory() };
    ended.forget()?;
    Ok((steady, version))
}

/// The share of one core, from the end of the beginning until the last message was sent.
fn cpu(ended: &Ended, seconds: u64) -> f64 {
    let whole = Duration::from_secs(seconds);
    let until = |at: Duration| ended.usage.iter().take_while(move |(when, _)| *when <= at).last();
    let Some(((from, before), (to, after))) = until(whole.mul_f64(WARMING_UP)).zip(until(whole))
    else {
        return 0.0;
    };
    (after.cpu_seconds - before.cpu_seconds) / (*to - *from).as_secs_f64().max(f64::MIN_POSITIVE)
}
