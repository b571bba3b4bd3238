//! Workers and producers as processes: children of this one, and others that registered themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use chaos::{Manner, Network, Node, Trouble};
use futures_util::future::join_all;
use processes::{Exit, Manager, Process, Signal, State};

use super::{Ask, Launcher, Registry, absent, trouble};
use crate::proxies::Addresses;

/// How long a process may take to start its work.
const START_MAX: Duration = Duration::from_secs(30);
/// How long a process that was asked to stop may take before it is killed: its own bounds are below.
const STOP_MAX: Duration = Duration::from_secs(60);

/// Everybody who is a process.
pub struct Processes {
    manager: Manager,
    launcher: Launcher,
    addresses: Arc<Addresses>,
    running: BTreeMap<Node, Process>,
    registry: Registry,
    /// Those of the running that somebody else started.
    adopted: BTreeSet<Node>,
}

impl Processes {
    /// Nobody yet. Whoever registers with `registry` is looked after, too.
    pub fn new(
        manager: Manager,
        launcher: Launcher,
        addresses: Arc<Addresses>,
        registry: Registry,
    ) -> Self {
        let (running, adopted) = (BTreeMap::new(), BTreeSet::new());
        Self { manager, launcher, addresses, running, registry, adopted }
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
        let own = self.running.iter().filter(|(_, process)| process.state() == State::Running);
        let own = own.map(|(node, _)| node.clone());
        let others = self.registry.running().into_iter();
        own.chain(others.filter(|node| !self.running.contains_key(node))).collect()
    }

    /// Stops some of them gracefully, side by side; says who did not end well.
    pub(super) async fn stop_all(&mut self, which: fn(&Node) -> bool) -> Vec<Trouble> {
        let running = std::mem::take(&mut self.running).into_iter();
        let (stopping, others): (BTreeMap<_, _>, _) = running.partition(|(node, _)| which(node));
        self.running = others;
        let ended = stopping.iter().map(|(node, process)| end(node, process, Manner::Leave));
        join_all(ended).await.into_iter().filter_map(Result::err).collect()
    }

    /// Lets go of those that somebody else started.
    pub(super) fn forget_registered(&mut self) {
        let adopted = std::mem::take(&mut self.adopted);
        self.running.retain(|node, _| !adopted.contains(node));
    }

    pub(super) async fn ask(&mut self, node: &Node, ask: Ask) -> Result<(), Trouble> {
        self.take_registered(node);
        match ask {
            Ask::Start => {
                if self.running.get(node).is_some_and(|process| is_alive(process.state())) {
                    return Ok(());
                }
                // What was never broken is clear.
                let _ = self.network(node, Network::Clear);
                let process = self.begin(node).await?;
                self.adopted.remove(node);
                self.running.insert(node.clone(), process);
                Ok(())
            }
            Ask::Kill => {
                if let Some(process) = self.running.remove(node) {
                    let exit = process.kill().await;
                    tracing::debug!(%node, ?exit, "killed");
                }
                Ok(())
            }
            Ask::Stop(manner) => match self.running.remove(node) {
                Some(process) => end(node, &process, manner).await,
                None => Ok(()),
            },
            Ask::Pause => self.process(node)?.pause().map_err(|e| trouble(node, e.to_string())),
            Ask::Resume => self.process(node)?.resume().map_err(|e| trouble(node, e.to_string())),
            Ask::Slow(factor) => {
                self.process(node)?.slow(factor);
                Ok(())
            }
            Ask::Network(network) => self.network(node, network),
        }
    }

    fn network(&self, node: &Node, network: Network) -> Result<(), Trouble> {
        self.addresses.set(&node.to_string(), network).map_err(|why| trouble(node, why))
    }

    fn process(&self, node: &Node) -> Result<&Process, Trouble> {
        self.running.get(node).ok_or_else(|| absent(node))
    }

    /// A process that registered under a name takes the place of one that has ended.
    fn take_registered(&mut self, node: &Node) {
        let vacant = self.running.get(node).is_none_or(|process| !is_alive(process.state()));
        if let Some(process) = vacant.then(|| self.registry.take(node)).flatten() {
            self.adopted.insert(node.clone());
            self.running.insert(node.clone(), process);
        }
    }

    async fn begin(&self, node: &Node) -> Result<Process, Trouble> {
        let failed = |why: String| trouble(node, why);
        let name = node.to_string();
        let url =
            self.addresses.of(&name).await.map_err(|error| failed(error.to_string()))?.join(",");
        let launch = self.launcher.launch(node, &url);
        self.manager.spawn(&name, &launch, START_MAX).await.map_err(|e| failed(e.to_string()))
    }
}

/// SIGTERM asks a process to end for good, SIGHUP to make way for its successor.
async fn end(node: &Node, process: &Process, manner: Manner) -> Result<(), Trouble> {
    let signal = match (manner, node) {
        (Manner::KeepSeat, Node::Worker(_)) => Signal::HUP,
        _ => Signal::TERM,
    };
    match process.stop(signal, STOP_MAX).await {
        // How a process of others ended is theirs to know.
        Exit { code: Some(0) | None } => Ok(()),
        exit => Err(trouble(node, format!("was asked to stop and {exit}; see its log"))),
    }
}

fn is_alive(state: State) -> bool {
    matches!(state, State::Starting | State::Running | State::Paused)
}
