//! From configuration to what every role needs: names, seed, weights, strategies, bounds.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use broker::{Admin, Storage, StreamSpec, patiently_for};
use chaos::{DirectorSettings, How, Planned, Terms, schedule};
use config::{AssignmentStrategy, Config, Mode, RatePattern};
use coordinator::{
    CoordinatorSettings, Detail, JudgeSettings, Promise, Required, Resumed, group_history,
};
use model::{PartitionId, ProducerId, RunClock, Seed, Timestamp, Weights, producer_range};
use parti::strategy::{ConsistentHash, RoundRobin, Strategy, WeightedConsistentHash};
use parti::{Limits, MemberId, Names};
use producer::{Pattern, ProducerSettings, Publishing, Variation};
use reports::Channel;
use view::Run;
use worker::{Consumption, WorkerSettings};

use crate::connect::REQUEST_TIMEOUT;
use crate::failure::Failure;
use crate::streams;

/// How often a worker reports…
const WORKER_REPORTS: Duration = Duration::from_secs(3);
/// …and what each of them adds to that: ten reports a second are enough for the coordinator.
const WORKER_REPORT: Duration = Duration::from_millis(100);
/// Beyond the lease, how long a partition may be without an owner after a fault: detection,
/// election, grants and claims on a busy machine.
const UNOWNED_GRACE: Duration = Duration::from_secs(5);
/// How long the first assignment may take, beyond the lease.
const STARTUP_GRACE: Duration = Duration::from_secs(15);

/// What the clocks of two servers that stamp records may differ by.
const CLOCKS_DIFFER: Duration = Duration::from_millis(20);

/// What every role of a run shares.
#[derive(Clone)]
pub struct Setup {
    /// The effective configuration.
    pub config: Config,
    /// The seed of everything that is drawn.
    pub seed: Seed,
    /// The run's clock.
    pub clock: RunClock,
    /// The streams and subjects of the group.
    pub names: Names,
    /// Where reports go.
    pub channel: Channel,
    /// The weight of every partition.
    pub weights: Weights,
    /// How far what is shown of the run goes into detail; also whether producers and workers measure
    /// each message.
    pub detail: Detail,
}

impl Setup {
    /// A run of `config`, beginning now.
    pub fn new(config: Config, seed: Seed, clock: RunClock) -> Result<Self, Failure> {
        let wrong = |error: broker::NameError| Failure::Usage(error.to_string());
        let prefix = &config.nats.name_prefix;
        let names = Names::new(prefix).map_err(wrong)?;
        let channel = Channel::new(prefix).map_err(wrong)?;
        let weights = config::weights(&config, seed);
        let detail = Detail::Run;
        Ok(Self { config, seed, clock, names, channel, weights, detail })
    }

    /// The same, measured as far as the configuration wants it shown. A run in virtual time is not:
    /// it would take longer, and nobody can watch that fast.
    pub fn measured(mut self) -> Self {
        let prometheus = &self.config.metrics.prometheus;
        self.detail = match (prometheus.enabled, prometheus.per_partition) {
            (false, _) => Detail::Run,
            (true, false) => Detail::Workers,
            (true, true) => Detail::Partitions,
        };
        self
    }

    /// The streams of the run.
    pub fn streams(&self) -> Vec<StreamSpec> {
        let jetstream = &self.config.nats.jetstream;
        let (storage, bytes) = match jetstream.storage {
            config::Storage::Memory => (Storage::Memory, jetstream.max_memory.bytes()),
            config::Storage::File => (Storage::File, jetstream.max_file_storage.bytes()),
        };
        // Messages and effects are of about the same size; the rest is small.
        let half = Some(bytes / 20 * 9);
        let duplicate_window = jetstream.duplicate_window.duration();
        let limits = Limits { messages_bytes: half, ledger_bytes: half, duplicate_window };
        let replicas = usize::from(self.config.nats.replicas);
        let mut streams = self.names.streams(storage, replicas, limits).to_vec();
        let (checkpoint, lease) = (&self.config.checkpoint, self.config.workers.lease.duration());
        if checkpoint.enabled {
            let kept = group_history(checkpoint.interval.duration(), lease);
            streams.iter_mut().filter(|spec| spec.name == self.names.group).for_each(|spec| {
                spec.max_per_subject = spec.max_per_subject.max(Some(kept));
            });
        }
        streams.push(self.channel.spec(storage, replicas));
        streams
    }

    /// Creates the streams that are not there yet.
    pub async fn ensure_streams(&self, broker: &impl Admin) -> Result<(), Failure> {
        for spec in self.streams() {
            patiently_for(streams::WAIT_MAX, || broker.ensure(&spec)).await?;
        }
        Ok(())
    }

    /// What whoever looks at the run knows from the beginning.
    pub fn seen(&self, began: Timestamp, reproduce: &str, is_virtual: bool) -> Run {
        Run {
            seed: self.seed.0,
            commit: env!("SIMULATION_COMMIT").to_owned(),
            reproduce: reproduce.to_owned(),
            started_at: began,
            duration_seconds: self.config.simulation.duration.duration().as_secs_f64(),
            weights: self.weights.iter().map(|(_, weight)| weight.0).collect(),
            load_bound: self.config.workers.strategy_config.load_bound,
            producers: self.config.producers.count,
            is_virtual,
        }
    }

    /// The configuration as other programs read it.
    pub fn config_json(&self) -> Result<serde_json::Value, Failure> {
        let json = serde_json::to_value(&self.config);
        json.map_err(|error| Failure::Environment(format!("the configuration is no JSON: {error}")))
    }

    /// The faults to come.
    pub fn schedule(&self) -> Vec<Planned> {
        schedule(&self.config, self.seed)
    }

    /// What requests to break the run must carry: of the configuration, or of the environment.
    pub fn chaos_token(&self) -> Option<String> {
        let configured = self.config.chaos.token.as_ref().map(|token| token.reveal().to_owned());
        configured.or_else(|| std::env::var("SIMULATION_CHAOS_TOKEN").ok())
    }

    /// How chaos acts, from the beginning or where it was stopped.
    pub fn director(&self, resumed: Option<&Resumed>) -> DirectorSettings {
        let workers = self.config.workers.count as usize;
        DirectorSettings {
            schedule: self.schedule(),
            resume_at: resumed.map_or(Duration::ZERO, |resumed| resumed.chaos_through),
            next_fault_id: resumed.map_or(1, |resumed| resumed.next_fault),
            workers_min: workers.div_ceil(2),
            leave_min: (workers.div_ceil(2) + (workers / 8).max(1)).min(workers.max(2) - 1),
            workers_max: workers * 2,
            terms: Terms::of(&self.config),
            seed: self.seed,
        }
    }

    /// The name of worker `index`.
    pub fn worker_id(index: u32) -> MemberId {
        MemberId::new(format!("worker-{index}")).expect("a word and a number are a name")
    }

    /// A worker.
    pub fn worker(&self, id: MemberId) -> WorkerSettings {
        let workers = &self.config.workers;
        WorkerSettings {
            id,
            weights: self.weights.clone(),
            lease: workers.lease.duration(),
            concurrency: workers.concurrency as usize,
            consumption: self.consumption(),
            strategy: self.strategy(),
            delay: self.delay(),
            seed: self.seed,
            clock: self.clock,
            report_every: WORKER_REPORTS.max(WORKER_REPORT * workers.count),
            measured: self.detail > Detail::Run,
        }
    }

    fn consumption(&self) -> Consumption {
        let ack_wait = self.ack_wait();
        match self.config.workers.consumption {
            config::Consumption::Fenced => Consumption::Fenced,
            config::Consumption::DurablePerPartition => {
                Consumption::DurablePerPartition { ack_wait }
            }
            config::Consumption::DurablePerWorker => Consumption::DurablePerWorker { ack_wait },
        }
    }

    /// How long the broker waits for an acknowledgement: two leases, for by then whoever is gone was
    /// replaced; and no less than it takes to notice that the broker does not answer.
    fn ack_wait(&self) -> Duration {
        let handler = self.config.workers.processing_delay.max.duration();
        (self.config.workers.lease.duration() * 2).max(REQUEST_TIMEOUT * 2) + handler * 2
    }

    /// What the design of consumption promises, and by which it is judged.
    fn promise(&self) -> Promise {
        match self.config.workers.consumption {
            config::Consumption::Fenced => Promise::ExactlyOnce,
            config::Consumption::DurablePerPartition | config::Consumption::DurablePerWorker => {
                let lease = self.config.workers.lease.duration();
                Promise::AtLeastOnce { reach: self.ack_wait() * 2 + lease }
            }
        }
    }

    fn strategy(&self) -> Box<dyn Strategy> {
        let config = &self.config.workers.strategy_config;
        let (virtual_nodes, load_bound) = (config.virtual_nodes, config.load_bound);
        match self.config.workers.assignment_strategy {
            AssignmentStrategy::RoundRobin => Box::new(RoundRobin),
            AssignmentStrategy::ConsistentHash => Box::new(ConsistentHash { virtual_nodes }),
            AssignmentStrategy::WeightedConsistentHash => {
                Box::new(WeightedConsistentHash { virtual_nodes, load_bound })
            }
        }
    }

    fn delay(&self) -> RangeInclusive<Duration> {
        let delay = self.config.workers.processing_delay;
        delay.min.duration()..=delay.max.duration()
    }

    /// The name of producer `index`.
    pub fn producer_id(index: u32) -> ProducerId {
        ProducerId(format!("producer-{index}"))
    }

    /// The producer of this name: the number at its end says which range it owns.
    pub fn producer(&self, id: &ProducerId) -> Result<ProducerSettings, Failure> {
        let producers = &self.config.producers;
        let digits = id.0.rsplit('-').next().unwrap_or_default();
        let index = digits.parse().ok().filter(|index| *index < producers.count);
        let Some(index) = index.filter(|_| MemberId::new(id.0.clone()).is_ok()) else {
            return Err(Failure::Usage(format!(
                "{:?} names no producer: use producer-0 to producer-{} (producers.count is {})",
                id.0,
                producers.count - 1,
                producers.count
            )));
        };
        let rate = self.config.partitions.message_rate_per_partition;
        let partitions = producer_range(index, producers.count, self.weights.count())
            .map(PartitionId)
            .filter_map(|p| Some((p, self.weights.get(p)?, self.weights.rate(p, rate))))
            .collect();
        Ok(ProducerSettings {
            id: id.clone(),
            partitions,
            publishing: match self.config.producers.publishing {
                config::Publishing::Conditional => Publishing::Conditional,
                config::Publishing::MessageId => Publishing::MessageId,
            },
            variation: self.variation(id),
            seed: self.seed,
            clock: self.clock,
            give_up_after: config::drain_bound(&self.config),
            measured: self.detail > Detail::Run,
        })
    }

    fn variation(&self, id: &ProducerId) -> Option<Variation> {
        let variation = &self.config.producers.rate_variation;
        let pattern = match variation.pattern {
            RatePattern::Global => Pattern::Global,
            RatePattern::PerProducer => Pattern::PerProducer,
        };
        let (bounds, ramp) = ((variation.min, variation.max), variation.ramp_interval.duration());
        variation.enabled.then(|| Variation::new(bounds, ramp, pattern, id, self.seed))
    }

    /// The coordinator.
    pub fn coordinator(&self) -> CoordinatorSettings {
        let config = &self.config;
        let lease = config.workers.lease.duration();
        let alone = config.simulation.mode != Mode::AllInOne;
        CoordinatorSettings {
            judge: JudgeSettings {
                partitions: self.weights.count(),
                weights: Some(self.weights.clone()),
                lease,
                unowned_bound: lease + UNOWNED_GRACE,
                startup_bound: lease + STARTUP_GRACE,
                stall: config.coordinator.validation_window.duration().min(lease * 5),
                promise: self.promise(),
                processing_min: self.delay().start().saturating_sub(CLOCKS_DIFFER),
                sticky: config.workers.assignment_strategy
                    == AssignmentStrategy::WeightedConsistentHash,
                required: if alone { Vec::new() } else { self.required() },
                started_at: self.clock.started_at(),
            },
            clock: self.clock,
            duration: config.simulation.duration.duration(),
            drain_bound: config::drain_bound(config),
            producers: (!alone).then_some(config.producers.count),
            trim_after: self.trim_after(),
            checkpoint: None,
            resume: None,
            detail: self.detail,
        }
    }

    /// How many judged messages are kept. Where durable consumers read them, all: a server that removes
    /// messages forgets which others were given back, and delivers them late.
    fn trim_after(&self) -> u64 {
        match self.config.workers.consumption {
            config::Consumption::Fenced => u64::from(self.config.coordinator.trim_after),
            config::Consumption::DurablePerPartition | config::Consumption::DurablePerWorker => {
                u64::MAX
            }
        }
    }

    /// What the run must exercise: every fault that its schedule holds, and what it leads to.
    fn required(&self) -> Vec<Required> {
        let schedule = self.schedule();
        let names = |which: &dyn Fn(&Planned) -> bool| -> BTreeSet<&str> {
            schedule.iter().filter(|planned| which(planned)).map(|p| p.event.name()).collect()
        };
        let faults = names(&|_| true);
        let moves = faults.iter().any(|event| event.starts_with("scale_"));
        // Half a lease more than the lease: nobody is believed alive as long as that.
        let outlived = self.config.workers.lease.duration().mul_f64(1.5);
        let silences = names(&|planned| match planned.how {
            How::Pause { lasting } => lasting >= outlived,
            _ => false,
        });
        let faults = faults.into_iter().map(|event| Required::Fault(event.to_owned()));
        let takeovers = silences.into_iter().map(|event| Required::TakeoverBy(event.to_owned()));
        faults.chain(moves.then_some(Required::Rebalance)).chain(takeovers).collect()
    }
}
