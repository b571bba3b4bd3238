//! Who takes part in a run: workers and producers, as tasks of this process or as children of it, and
//! the server. What chaos asks for goes to whoever runs the one it concerns.

mod launch;
mod processes;
mod registry;
mod tasks;

use chaos::{Fleet, Manner, Network, Node, Trouble};
use config::Isolation;
use parti::MemberId;

use crate::connect::{Connector, Power};
use crate::failure::Failure;
use crate::setup::Setup;

pub use launch::Launcher;
pub use processes::Processes;
pub use registry::Registry;
use tasks::Tasks;

/// What can be asked of a worker or a producer.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Start,
    Kill,
    Stop(Manner),
    Pause,
    Resume,
    Network(Network),
    Slow(f64),
}

/// Everybody who takes part.
pub struct Crew<C: Connector> {
    connector: C,
    tasks: Tasks<C>,
    processes: Option<Processes>,
    workers: Isolation,
    producers: Isolation,
    /// There is a server of our own, and it is up.
    server_up: bool,
    /// The number of the next new worker.
    next_worker: u32,
}

impl<C: Connector> Crew<C> {
    /// A crew of nobody yet. `processes` runs those whose isolation is `process`.
    pub async fn new(
        setup: &Setup,
        connector: C,
        processes: Option<Processes>,
    ) -> Result<Self, Failure> {
        let config = &setup.config;
        Ok(Self {
            tasks: Tasks::new(setup.clone(), connector.clone()).await?,
            server_up: connector.has_server(),
            connector,
            processes,
            workers: config.workers.isolation,
            producers: config.producers.isolation,
            next_worker: config.workers.count,
        })
    }

    /// Starts the configured workers and producers, side by side.
    ///
    /// # Errors
    ///
    /// The first that could not be started: a run begins with everybody.
    pub async fn start_all(&mut self, setup: &Setup) -> Result<(), Failure> {
        let config = &setup.config;
        let workers = (0..config.workers.count).map(|index| Node::Worker(Setup::worker_id(index)));
        let producers =
            (0..config.producers.count).map(|index| Node::Producer(Setup::producer_id(index)));
        let (children, tasks): (Vec<_>, Vec<_>) =
            workers.chain(producers).partition(|node| self.is_child(node));
        let children = async {
            match &mut self.processes {
                Some(processes) => processes.start_all(children).await,
                None => Ok(()),
            }
        };
        let (tasks, children) = futures_util::join!(self.tasks.start_all(tasks), children);
        tasks.and(children).map_err(|trouble| Failure::Environment(trouble.to_string()))
    }

    /// Tells every producer to stop and waits until nothing of theirs is in doubt.
    pub async fn finish_producers(&mut self) {
        self.stop_all(|node| matches!(node, Node::Producer(_))).await;
    }

    /// Every worker leaves.
    pub async fn leave_all(&mut self) {
        self.stop_all(|node| matches!(node, Node::Worker(_))).await;
    }

    /// The processes that were started here leave; those of others are left alone.
    pub async fn end_children(&mut self) {
        if let Some(processes) = &mut self.processes {
            processes.forget_registered();
        }
        self.stop_all(|_| true).await;
    }

    async fn stop_all(&mut self, which: fn(&Node) -> bool) {
        let children = async {
            match &mut self.processes {
                Some(processes) => processes.stop_all(which).await,
                None => Vec::new(),
            }
        };
        let (mut troubles, more) = futures_util::join!(self.tasks.stop_all(which), children);
        troubles.extend(more);
        for trouble in troubles {
            tracing::error!(%trouble, "did not end well");
        }
    }

    /// Whether a node is run as a child; one that registered itself is looked after like one.
    fn is_child(&self, node: &Node) -> bool {
        let isolation = match node {
            Node::Worker(_) => self.workers,
            Node::Producer(_) => self.producers,
            Node::Server => return false,
        };
        isolation == Isolation::Process && self.processes.is_some()
    }

    async fn ask(&mut self, node: &Node, ask: Ask) -> Result<(), Trouble> {
        if *node == Node::Server {
            return self.power(ask).await;
        }
        let is_child = self.is_child(node);
        match &mut self.processes {
            Some(processes) if is_child => processes.ask(node, ask).await,
            _ => self.tasks.ask(node, ask).await,
        }
    }

    async fn power(&mut self, ask: Ask) -> Result<(), Trouble> {
        let power = match ask {
            Ask::Start => Power::Start,
            Ask::Stop(_) => Power::Stop,
            Ask::Kill => Power::Kill,
            Ask::Pause | Ask::Resume | Ask::Network(_) | Ask::Slow(_) => {
                return Err(trouble(&Node::Server, "can only be started, stopped and killed"));
            }
        };
        let done = self.connector.server(power).await;
        self.server_up = matches!(power, Power::Start) && done.is_ok();
        done.map_err(|why| trouble(&Node::Server, why))
    }
}

fn trouble(node: &Node, why: impl Into<String>) -> Trouble {
    Trouble { node: node.clone(), why: why.into() }
}

fn absent(node: &Node) -> Trouble {
    trouble(node, "does not run")
}

impl<C: Connector> Fleet for Crew<C> {
    fn running(&self) -> Vec<Node> {
        let mut running = self.tasks.running();
        running.extend(self.processes.iter().flat_map(Processes::running));
        running.extend(self.server_up.then_some(Node::Server));
        running.sort();
        running
    }

    fn new_worker(&mut self) -> MemberId {
        self.next_worker += 1;
        Setup::worker_id(self.next_worker - 1)
    }

    async fn start(&mut self, node: &Node) -> Result<(), Trouble> {
        self.ask(node, Ask::Start).await
    }

    async fn kill(&mut self, node: &Node) -> Result<(), Trouble> {
        self.ask(node, Ask::Kill).await
    }

    async fn stop(&mut self, node: &Node, manner: Manner) -> Result<(), Trouble> {
        self.ask(node, Ask::Stop(manner)).await
    }

    async fn pause(&mut self, node: &Node) -> Result<(), Trouble> {
        self.ask(node, Ask::Pause).await
    }

    async fn resume(&mut self, node: &Node) -> Result<(), Trouble> {
        self.ask(node, Ask::Resume).await
    }

    async fn network(&mut self, node: &Node, network: Network) -> Result<(), Trouble> {
        self.ask(node, Ask::Network(network)).await
    }

    async fn slow(&mut self, worker: &Node, factor: f64) -> Result<(), Trouble> {
        self.ask(worker, Ask::Slow(factor)).await
    }
}
