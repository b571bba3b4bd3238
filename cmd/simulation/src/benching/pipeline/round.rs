//! One round: the bare pipeline or the whole harness under one load, in a process of its own.

use std::time::Duration;

use broker::{Admin, Log, Reader, Record, Seq, Start};
use model::{RunClock, Seed, Timestamp};

use super::Case;
use super::latency::{Latencies, latencies};
use crate::benching::servers::Servers;
use crate::benching::settings::Settings;
use crate::benching::trial::Trial;
use crate::cli::TestBed;
use crate::connect::{Connector, NatsConnector};
use crate::failure::Failure;
use crate::setup::Setup;

/// What is run, unless the user sets something else.
const SETTINGS: [(&str, &str); 7] = [
    ("partitions.count", "1500"),
    ("producers.count", "10"),
    ("workers.count", "10"),
    ("workers.processing_delay", "0ms"),
    ("chaos.enabled", "false"),
    ("metrics.prometheus.enabled", "false"),
    ("checkpoint.enabled", "false"),
];

/// The part of a round, at its beginning, whose latency does not count: partitions are claimed.
const WARMING_UP: u32 = 4;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bare,
    Whole,
}

/// What is offered.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Messages per second, over all partitions.
    pub rate: f64,
    /// How long.
    pub lasting: Duration,
    /// Whether the latency of each message is looked up.
    pub timed: bool,
}

/// What came of it.
pub struct Round {
    /// Messages that have an effect; in the whole harness, that was judged.
    pub messages: u64,
    /// From the first message that was stored until the last effect was, or until it was judged.
    pub seconds: f64,
    /// CPU time of the program.
    pub cpu_seconds: f64,
    /// CPU time of the servers, if they are ours.
    pub server_cpu_seconds: Option<f64>,
    /// The most memory that the program held, in bytes.
    pub memory: u64,
    /// From when each message fell due until its effect was stored.
    pub latencies: Option<Latencies>,
}

impl Round {
    /// Messages per second.
    pub fn per_second(&self) -> f64 {
        self.messages as f64 / self.seconds
    }

    /// CPU time of the program for each message, in microseconds.
    pub fn cpu_us(&self) -> f64 {
        self.cpu_seconds / self.messages as f64 * 1e6
    }

    /// The same of the servers.
    pub fn server_cpu_us(&self) -> Option<f64> {
        Some(self.server_cpu_seconds? / self.messages as f64 * 1e6)
    }
}

/// Messages of a partition after which it is trimmed: none has so many, so that all of them can be looked
/// at afterwards.
const NEVER_TRIMMED: u32 = 1_000_000_000;

/// The settings of every round of a case.
pub fn settings(bed: &TestBed, case: Case) -> Settings {
    Settings::new(&SETTINGS)
        .and_all(&bed.set)
        .and("nats.mode", "external")
        .and("nats.jetstream.storage", case.storage.name())
        .and("nats.replicas", case.replicas)
        .and("coordinator.trim_after", NEVER_TRIMMED)
}

/// Where rounds take place.
pub struct Bench<'a> {
    bed: &'a TestBed,
    settings: Settings,
    servers: &'a Servers,
    partitions: u32,
    rounds: u32,
}

impl<'a> Bench<'a> {
    /// On `servers`.
    pub fn new(bed: &'a TestBed, case: Case, servers: &'a Servers) -> Result<Self, Failure> {
        let settings = settings(bed, case);
        let partitions = settings.config(None)?.partitions.count;
        Ok(Self { bed, settings, servers, partitions, rounds: 0 })
    }

    /// One round.
    pub async fn round(&mut self, kind: Kind, load: Load) -> Result<Round, Failure> {
        self.rounds += 1;
        let rate = load.rate / f64::from(self.partitions);
        let settings = self.settings.clone();
        let settings = settings
            .and("partitions.message_rate_per_partition", rate)
            .and("nats.name_prefix", format_args!("bench{}", self.rounds));
        let server_before = self.servers.cpu_seconds();
        let trial = Trial {
            command: if kind == Kind::Bare { &["bench", "bare"] } else { &["run"] },
            settings: &settings,
            lasting: load.lasting,
            url: self.servers.url(),
            dir: self.bed.out.join(format!("bench-round-{}", self.rounds)),
        };
        let ended = trial.run().await?.well()?;
        let server_after = self.servers.cpu_seconds();
        let (setup, broker) = self.look(&settings).await?;
        let names = &setup.names;
        let done = match kind {
            Kind::Bare => broker.last(&names.ledger, &names.all_own()).await?,
            // "Done" is said when everything is judged.
            Kind::Whole => broker.last(&setup.channel.stream, &setup.channel.phase()).await?,
        };
        let (first, done) = (first(&setup, &broker).await?, done.ok_or_else(nothing)?);
        let messages = broker.state(&names.messages).await?.unwrap_or_default().last.0;
        let latencies = match load.timed {
            true => Some(latencies(&setup, &broker, load.lasting / WARMING_UP).await?),
            false => None,
        };
        for spec in setup.streams() {
            broker.delete(&spec.name).await?;
        }
        let round = Round {
            messages,
            seconds: stored_at(&done).since(stored_at(&first)).as_secs_f64(),
            cpu_seconds: ended.cpu_seconds(),
            server_cpu_seconds: server_after.zip(server_before).map(|(to, from)| to - from),
            memory: ended.memory(),
            latencies,
        };
        ended.forget()?;
        Ok(round)
    }

    /// A connection to look at what a round left in its streams.
    async fn look(
        &self,
        settings: &Settings,
    ) -> Result<(Setup, <NatsConnector as Connector>::Broker), Failure> {
        let config = settings.config(Some(self.servers.url()))?;
        let setup = Setup::new(config, Seed(1), RunClock::starting_at(Timestamp(0)))?;
        let broker = NatsConnector::new(&setup, None).connect("bench").await?;
        Ok((setup, broker))
    }
}

/// The first message of a round.
async fn first(setup: &Setup, broker: &impl Log) -> Result<Record, Failure> {
    let (names, all) = (&setup.names, vec![setup.names.all_messages()]);
    let mut reader = broker.read(&names.messages, all, Start::At(Seq(1))).await?;
    let first = tokio::time::timeout(Duration::from_secs(5), reader.next()).await;
    Ok(first.map_err(|_| nothing())??)
}

fn nothing() -> Failure {
    Failure::Environment("nothing was sent: use more --seconds, or a higher --rate".into())
}

fn stored_at(record: &Record) -> Timestamp {
    Timestamp(record.stored_at_us)
}
