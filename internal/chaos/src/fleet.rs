//! What chaos acts on: the nodes of a run, each of which can be started, stopped, killed, paused,
//! slowed and cut off. How that is done (tasks, child processes, proxies) is the fleet's own
//! matter; the director only says what.

use std::fmt;
use std::future::Future;

use model::{Network, ProducerId};
use parti::MemberId;

/// A part of a run that can be broken on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// A worker, by the name that outlives its lives.
    Worker(MemberId),
    /// A producer.
    Producer(ProducerId),
    /// The server that the run brought up.
    Server,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker(member) => f.pad(member.as_str()),
            Self::Producer(producer) => f.pad(&producer.0),
            Self::Server => f.pad("nats-server"),
        }
    }
}

/// How a node is asked to stop. It is done with what it began either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// For good: a worker leaves its group, and its partitions go to others at once.
    Leave,
    /// To come back under its name within its lease: a worker keeps its seat, and nothing moves.
    KeepSeat,
}

/// Why something could not be done to a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{node}: {why}")]
pub struct Trouble {
    /// The node that it was to be done to.
    pub node: Node,
    /// What happened instead, and what to do about it.
    pub why: String,
}

/// The nodes of a run.
///
/// One call is made at a time and is given a bounded time; a call that is given up is dropped. What
/// is asked for twice is done once: killing the dead, starting or resuming the running and clearing
/// the clear are no trouble, so that a call whose outcome is not known can be mended by another.
pub trait Fleet: Send {
    /// The nodes that are alive and not paused, in order. The server is among them if the run
    /// brought it up, so that it can be broken.
    fn running(&self) -> Vec<Node>;

    /// A name for a worker that was never used before. Nothing runs under it yet.
    fn new_worker(&mut self) -> MemberId;

    /// Starts a node, with a clear network and at its usual speed; done when it is
    /// ready. The server comes back with what it stored.
    fn start(&mut self, node: &Node) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Kills a node in the middle of whatever it does, as SIGKILL would, paused ones, too.
    fn kill(&mut self, node: &Node) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Asks a node to stop, and waits until it has.
    fn stop(
        &mut self,
        node: &Node,
        manner: Manner,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Freezes a node, as SIGSTOP would: it stays alive, does nothing, and does not know of it.
    fn pause(&mut self, node: &Node) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Lets a frozen node go on from where it was.
    fn resume(&mut self, node: &Node) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Changes what lies between a node and the broker.
    fn network(
        &mut self,
        node: &Node,
        network: Network,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;

    /// Makes a worker take `factor` times as long for its work; 1.0 is as usual.
    fn slow(
        &mut self,
        worker: &Node,
        factor: f64,
    ) -> impl Future<Output = Result<(), Trouble>> + Send;
}
