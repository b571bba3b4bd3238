//! Workers and producers as tasks of this process, each with a connection of its own. Dropping one is
//! its crash: it ends in the middle of whatever it does, and its connection with it. A pause holds
//! everything that it asks of the broker and everything that the broker answers.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Freezable, Freezer};
use chaos::{Manner, Network, Node, Trouble};
use futures_util::future::join_all;
use model::{ProducerId, watch};
use parti::MemberId;
use producer::{Producer, ProducerError};
use tokio::task::JoinSet;
use worker::Worker;

use super::{Ask, absent, trouble};
use crate::connect::Connector;
use crate::failure::Failure;
use crate::setup::Setup;

/// How long the report of a killed worker may take.
const REPORT_MAX: Duration = Duration::from_secs(10);

/// A worker or a producer at work.
struct Running<B: broker::Admin + broker::Queue> {
    work: Work<B>,
    freezer: Freezer,
    paused: bool,
}

enum Work<B: broker::Admin + broker::Queue> {
    Worker(Worker<Freezable<B>>),
    Producer { stop: watch::Sender<bool>, task: JoinSet<Result<(), ProducerError>> },
}

/// Everybody who runs in this process.
pub(super) struct Tasks<C: Connector> {
    setup: Setup,
    connector: C,
    /// By which is reported what the dead had done.
    broker: C::Broker,
    running: BTreeMap<Node, Running<C::Broker>>,
}

impl<C: Connector> Tasks<C> {
    /// Nobody yet.
    pub(super) async fn new(setup: Setup, connector: C) -> Result<Self, Failure> {
        let broker = connector.connect("fleet").await?;
        Ok(Self { setup, connector, broker, running: BTreeMap::new() })
    }

    /// Starts them side by side.
    pub(super) async fn start_all(&mut self, nodes: Vec<Node>) -> Result<(), Trouble> {
        let starting = join_all(nodes.iter().map(|node| self.begin(node)));
        for (node, started) in nodes.iter().zip(starting.await) {
            self.running.insert(node.clone(), started?);
        }
        Ok(())
    }

    /// Whoever runs and is not paused.
    pub(super) fn running(&self) -> Vec<Node> {
        let awake = self.running.iter().filter(|(_, running)| !running.paused);
        awake.map(|(node, _)| node.clone()).collect()
    }

    /// Stops some of them gracefully, side by side; says who did not end well.
    pub(super) async fn stop_all(&mut self, which: fn(&Node) -> bool) -> Vec<Trouble> {
        let running = std::mem::take(&mut self.running).into_iter();
        let (stopping, others): (BTreeMap<_, _>, _) = running.partition(|(node, _)| which(node));
        self.running = others;
        let ended = stopping.into_iter().map(|(node, running)| end(node, running, Manner::Leave));
        join_all(ended).await.into_iter().filter_map(Result::err).collect()
    }

    pub(super) async fn ask(&mut self, node: &Node, ask: Ask) -> Result<(), Trouble> {
        match ask {
            Ask::Start => self.start(node).await,
            Ask::Kill => {
                self.kill(node);
                Ok(())
            }
            Ask::Stop(manner) => match self.running.remove(node) {
                Some(running) => end(node.clone(), running, manner).await,
                None => Ok(()),
            },
            Ask::Pause | Ask::Resume => {
                let running = self.running.get_mut(node).ok_or_else(|| absent(node))?;
                running.pause(matches!(ask, Ask::Pause));
                Ok(())
            }
            Ask::Network(network) => self.network(node, network).await,
            Ask::Slow(factor) => match self.running.get(node).map(|running| &running.work) {
                Some(Work::Worker(worker)) => {
                    worker.slow(factor);
                    Ok(())
                }
                Some(Work::Producer { .. }) => Err(trouble(node, "only workers can be slowed")),
                None => Err(absent(node)),
            },
        }
    }

    async fn network(&self, node: &Node, network: Network) -> Result<(), Trouble> {
        self.connector.network(&node.to_string(), network).await.map_err(|why| trouble(node, why))
    }

    async fn start(&mut self, node: &Node) -> Result<(), Trouble> {
        if self.running.contains_key(node) {
            return Ok(());
        }
        // What was never broken is clear.
        let _ = self.network(node, Network::Clear).await;
        let running = self.begin(node).await?;
        self.running.insert(node.clone(), running);
        Ok(())
    }

    async fn begin(&self, node: &Node) -> Result<Running<C::Broker>, Trouble> {
        let started = match node {
            Node::Worker(id) => self.worker(id).await,
            Node::Producer(id) => self.producer(id).await,
            Node::Server => return Err(trouble(node, "is neither worker nor producer")),
        };
        started.map_err(|failure| trouble(node, failure.to_string()))
    }

    async fn worker(&self, id: &MemberId) -> Result<Running<C::Broker>, Failure> {
        let freezer = Freezer::default();
        let broker = Freezable::new(self.connector.member(id.as_str()).await?, freezer.clone());
        let (names, channel) = (self.setup.names.clone(), self.setup.channel.clone());
        let worker = Worker::start(broker, names, channel, self.setup.worker(id.clone())).await?;
        Ok(Running { work: Work::Worker(worker), freezer, paused: false })
    }

    async fn producer(&self, id: &ProducerId) -> Result<Running<C::Broker>, Failure> {
        let freezer = Freezer::default();
        let broker = Freezable::new(self.connector.member(&id.0).await?, freezer.clone());
        let (names, channel) = (self.setup.names.clone(), self.setup.channel.clone());
        let producer = Producer::start(broker, names, channel, self.setup.producer(id)?).await?;
        let (stop, stopping) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(producer.run(stopping));
        Ok(Running { work: Work::Producer { stop, task }, freezer, paused: false })
    }

    fn kill(&mut self, node: &Node) {
        let Some(running) = self.running.remove(node) else { return };
        let Work::Worker(worker) = running.work else { return };
        if let Some(report) = worker.kill() {
            let (broker, channel) = (self.broker.clone(), self.setup.channel.clone());
            tokio::spawn(async move {
                let sending = channel.send_until_known(&broker, &report);
                // The attempts since its own last report are then missing from the figures.
                let _ = tokio::time::timeout(REPORT_MAX, sending).await;
            });
        }
    }
}

impl<B: broker::Admin + broker::Queue> Running<B> {
    fn pause(&mut self, paused: bool) {
        self.paused = paused;
        if paused {
            self.freezer.freeze();
        } else {
            self.freezer.thaw();
        }
    }
}

/// Stops one gracefully: a paused one is resumed first, or it would never hear of it.
async fn end<B: broker::Admin + broker::Queue>(
    node: Node,
    mut running: Running<B>,
    manner: Manner,
) -> Result<(), Trouble> {
    running.pause(false);
    let ended = match running.work {
        Work::Worker(worker) => match manner {
            Manner::Leave => worker.leave().await,
            Manner::KeepSeat => worker.step_aside().await,
        }
        .map_err(|error| error.to_string()),
        Work::Producer { stop, mut task } => {
            stop.send_replace(true);
            match task.join_next().await {
                Some(Ok(ended)) => ended.map_err(|error| error.to_string()),
                Some(Err(error)) => Err(error.to_string()),
                None => Ok(()),
            }
        }
    };
    ended.map_err(|why| trouble(&node, why))
}
