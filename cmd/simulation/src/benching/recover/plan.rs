//! What is run to measure the recoveries of a group of one size.

use std::time::Duration;

use super::script::Script;
use crate::benching::settings::Settings;
use crate::cli::RecoverArgs;
use crate::failure::Failure;

/// What is run, unless the user sets something else.
const SETTINGS: [(&str, &str); 8] = [
    ("workers.lease", "2s"),
    ("workers.processing_delay", "1ms"),
    ("producers.count", "2"),
    ("metrics.prometheus.enabled", "false"),
    ("checkpoint.enabled", "false"),
    ("coordinator.history", "false"),
    ("coordinator.validation_window", "10s"),
    ("nats.existing", "delete"),
];
/// Messages per second, over all partitions: enough to see that everything works.
pub const RATE: f64 = 100.0;
/// More workers than these are tasks of one process: a machine has no room for as many processes.
pub const PROCESSES_MAX: u32 = 100;
/// How long a fleet is given until it owns everything: so long, and a second for so many partitions.
const START_MAX: Duration = Duration::from_secs(1);
const START_PARTITIONS: f64 = 1_000.0;
/// …and a second for so many processes.
const START_PROCESSES: f64 = 20.0;

/// Partitions and workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub partitions: u32,
    pub workers: u32,
}

/// The runs of one size.
pub struct Plan {
    pub size: Size,
    pub lease: Duration,
    /// When everything has to be owned.
    pub start: Duration,
    /// Nothing happens but the start.
    pub cold: Settings,
    /// Whether workers are processes in the run of the script.
    pub processes: bool,
    pub script: Script,
    /// The run of the script.
    pub chaos: Settings,
}

impl Plan {
    /// For each size that is asked for.
    ///
    /// # Errors
    ///
    /// If one is no size, or the user's settings are none.
    pub fn all(args: &RecoverArgs) -> Result<Vec<Self>, Failure> {
        sizes(&args.size)?.into_iter().map(|size| Self::new(args, size)).collect()
    }

    fn new(args: &RecoverArgs, size: Size) -> Result<Self, Failure> {
        let cold = Settings::new(&SETTINGS)
            .and("partitions.count", size.partitions)
            .and("partitions.message_rate_per_partition", RATE / f64::from(size.partitions))
            .and("workers.count", size.workers)
            .and("chaos.enabled", false)
            .and_all(&args.bed.set)
            .and("nats.mode", "external");
        let lease = cold.config(None)?.workers.lease.duration();
        let start =
            START_MAX + Duration::from_secs_f64(f64::from(size.partitions) / START_PARTITIONS);
        let processes = size.workers <= PROCESSES_MAX;
        let (mut chaos, mut from) = (cold.clone(), start + Duration::from_secs(1));
        if processes {
            chaos = chaos.and("workers.isolation", "process");
            from += Duration::from_secs_f64(f64::from(size.workers) / START_PROCESSES);
        }
        let script = Script::new(args.tries, size.workers, lease, from);
        let chaos = chaos
            .and("chaos.enabled", true)
            .and("chaos.events", "[]")
            .and("chaos.script", &script.events)
            .and("chaos.restart_after", format_args!("{}ms", script.restart_after.as_millis()));
        chaos.config(None)?;
        Ok(Self { size, lease, start, cold, processes, script, chaos })
    }
}

fn sizes(given: &[String]) -> Result<Vec<Size>, Failure> {
    let size = |text: &String| {
        let (partitions, workers) = text.split_once('x')?;
        let size = Size { partitions: partitions.parse().ok()?, workers: workers.parse().ok()? };
        (size.workers >= 3 && size.partitions >= size.workers).then_some(size)
    };
    let all = ["100x10", "1500x100", "10000x500"].map(str::to_owned);
    let texts = if given.is_empty() { &all[..] } else { given };
    let read = |text: &String| {
        size(text).ok_or_else(|| {
            Failure::Usage(format!(
                "--size {text:?} is no size: write partitions x workers, such as 1500x100, with \
                 three workers at least and a partition for each"
            ))
        })
    };
    texts.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{BenchCommand, Cli, Command};

    fn plan(size: &str) -> Plan {
        let words = ["simulation", "bench", "recover", "--size", size, "--set", "workers.lease=3s"];
        let args = match Cli::try_parse_from(words).unwrap().command {
            Some(Command::Bench(BenchCommand::Recover(args))) => args,
            other => panic!("{other:?}"),
        };
        Plan::all(&args).unwrap().remove(0)
    }

    #[test]
    fn workers_are_processes_unless_there_are_too_many() {
        for (size, isolation) in
            [("100x100", config::Isolation::Process), ("101x101", config::Isolation::Task)]
        {
            let plan = plan(size);
            let (cold, chaos) = (plan.cold.config(None).unwrap(), plan.chaos.config(None).unwrap());
            assert_eq!(chaos.workers.isolation, isolation, "{size}");
            assert_eq!(plan.processes, isolation == config::Isolation::Process, "{size}");
            assert_eq!(cold.workers.isolation, config::Isolation::Task, "{size}");
            assert!(!cold.chaos.enabled && chaos.chaos.enabled, "{size}");
            assert_eq!(plan.lease, Duration::from_secs(3), "what the user sets counts: {size}");
        }
    }

    #[test]
    fn sizes_are_read() {
        let read = |text: &str| sizes(&[text.to_owned()]);
        assert_eq!(read("12x3").unwrap(), [Size { partitions: 12, workers: 3 }]);
        for bad in ["", "12", "x", "12x", "x3", "12x2", "2x3", "12X3", "-12x3", "12x3x4"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(sizes(&[]).unwrap().len(), 3);
    }
}
