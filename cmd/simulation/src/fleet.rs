//! The workers and producers of an all-in-one run: tasks of this process, each with a connection of
//! its own. Dropping one is its crash: the task ends in the middle of whatever it does, and its
//! connection with it.

use std::collections::BTreeMap;
use std::time::Duration;

use chaos::Fleet;
use futures_util::future::join_all;
use model::ProducerId;
use parti::MemberId;
use producer::{Producer, ProducerError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use worker::Worker;

use crate::connect::Connector;
use crate::failure::Failure;
use crate::setup::Setup;

/// How long the report of a killed worker may take.
const REPORT_MAX: Duration = Duration::from_secs(10);

/// A producer at work.
struct Sending {
    stop: watch::Sender<bool>,
    task: JoinSet<Result<(), ProducerError>>,
}

/// Everything that can be started, stopped and killed in this process.
pub struct InProcess<C: Connector> {
    setup: Setup,
    connector: C,
    /// By which the fleet reports what its dead had done.
    broker: C::Broker,
    workers: BTreeMap<MemberId, Worker<C::Broker>>,
    producers: BTreeMap<ProducerId, Sending>,
    /// The number of the next new worker.
    next_worker: u32,
}

impl<C: Connector> InProcess<C> {
    /// Starts the configured workers and producers, side by side.
    pub async fn start(setup: Setup, connector: C) -> Result<Self, Failure> {
        let broker = connector.connect("fleet").await?;
        let config = &setup.config;
        let (workers, producers) = (config.workers.count, config.producers.count);
        let (shared, connect) = (&setup, &connector);
        let started = join_all((0..workers).map(|index| {
            let id = Setup::worker_id(index);
            async move { (id.clone(), start_worker(shared, connect, id).await) }
        }));
        let sending = join_all((0..producers).map(|index| {
            let id = Setup::producer_id(index);
            async move { (id.clone(), start_producer(shared, connect, &id).await) }
        }));
        let (started, sending) = futures_util::join!(started, sending);
        let mut fleet = Self {
            connector: connector.clone(),
            broker,
            workers: BTreeMap::new(),
            producers: BTreeMap::new(),
            next_worker: workers,
            setup: setup.clone(),
        };
        for (id, worker) in started {
            fleet.workers.insert(id, worker?);
        }
        for (id, producer) in sending {
            fleet.producers.insert(id, producer?);
        }
        Ok(fleet)
    }

    /// Tells every producer to stop; they go on until nothing is in doubt.
    pub fn stop_producers(&self) {
        for sending in self.producers.values() {
            sending.stop.send_replace(true);
        }
    }

    /// Waits until every producer has finished.
    pub async fn producers_finished(&mut self) {
        for (id, sending) in &mut self.producers {
            if let Some(Ok(Err(error))) = sending.task.join_next().await {
                tracing::error!(producer = %id, %error, "producer failed");
            }
        }
    }

    /// Every worker leaves gracefully.
    pub async fn stop_workers(&mut self) {
        let workers = std::mem::take(&mut self.workers);
        join_all(workers.into_iter().map(|(id, worker)| leave(id, worker))).await;
    }
}

async fn leave<B: broker::Log>(id: MemberId, worker: Worker<B>) {
    if let Err(error) = worker.leave().await {
        tracing::error!(worker = %id, %error, "worker had ended before");
    }
}

async fn start_worker<C: Connector>(
    setup: &Setup,
    connector: &C,
    id: MemberId,
) -> Result<Worker<C::Broker>, Failure> {
    let broker = connector.connect(id.as_str()).await?;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    Ok(Worker::start(broker, names, channel, setup.worker(id)).await?)
}

async fn start_producer<C: Connector>(
    setup: &Setup,
    connector: &C,
    id: &ProducerId,
) -> Result<Sending, Failure> {
    let broker = connector.connect(&id.0).await?;
    let (names, channel) = (setup.names.clone(), setup.channel.clone());
    let producer = Producer::start(broker, names, channel, setup.producer(id)?).await?;
    let (stop, stopping) = watch::channel(false);
    let mut task = JoinSet::new();
    task.spawn(producer.run(stopping));
    Ok(Sending { stop, task })
}

impl<C: Connector> Fleet for InProcess<C> {
    fn workers(&self) -> Vec<MemberId> {
        self.workers.keys().cloned().collect()
    }

    fn leader(&self) -> Option<MemberId> {
        let leads = |(_, worker): &(&MemberId, &Worker<_>)| worker.status().leading.is_some();
        self.workers.iter().find(leads).map(|(id, _)| id.clone())
    }

    fn producers(&self) -> Vec<ProducerId> {
        self.producers.keys().cloned().collect()
    }

    async fn start_worker(&mut self, name: Option<MemberId>) -> Option<MemberId> {
        let id = name.unwrap_or_else(|| {
            self.next_worker += 1;
            Setup::worker_id(self.next_worker - 1)
        });
        match start_worker(&self.setup, &self.connector, id.clone()).await {
            Ok(worker) => {
                self.workers.insert(id.clone(), worker);
                Some(id)
            }
            Err(error) => {
                tracing::error!(worker = %id, %error, "could not be started");
                None
            }
        }
    }

    async fn crash_worker(&mut self, worker: &MemberId) {
        let Some(report) = self.workers.remove(worker).and_then(Worker::kill) else { return };
        let (broker, channel) = (self.broker.clone(), self.setup.channel.clone());
        tokio::spawn(async move {
            let sending = channel.send_until_known(&broker, &report);
            // The attempts since its own last report are then missing from the figures.
            let _ = tokio::time::timeout(REPORT_MAX, sending).await;
        });
    }

    async fn stop_worker(&mut self, worker: &MemberId) {
        if let Some(running) = self.workers.remove(worker) {
            leave(worker.clone(), running).await;
        }
    }

    async fn start_producer(&mut self, producer: &ProducerId) {
        match start_producer(&self.setup, &self.connector, producer).await {
            Ok(sending) => {
                self.producers.insert(producer.clone(), sending);
            }
            Err(error) => tracing::error!(%producer, %error, "could not be started"),
        }
    }

    async fn crash_producer(&mut self, producer: &ProducerId) {
        self.producers.remove(producer);
    }
}
