//! Every call to the fleet is given a bounded time: a node that does not answer is trouble, and no
//! reason to stop the run.

use std::future::Future;
use std::time::Duration;

use crate::Network;
use crate::book::Mend;
use crate::fleet::{Fleet, Manner, Node, Trouble};
use crate::planned::How;

/// For what only needs a signal.
const SIGNAL_MAX: Duration = Duration::from_secs(10);
/// For what a node has to do itself: to finish what it began, or to get ready.
const NODE_MAX: Duration = Duration::from_secs(30);

async fn bounded(
    node: &Node,
    within: Duration,
    call: impl Future<Output = Result<(), Trouble>>,
) -> Result<(), Trouble> {
    match tokio::time::timeout(within, call).await {
        Ok(done) => done,
        Err(_) => {
            let why = format!("not done within {} s, and given up", within.as_secs());
            Err(Trouble { node: node.clone(), why })
        }
    }
}

/// Breaks a node for some time. Nothing else but that is done here: restarts and changes of scale
/// are several calls.
pub(crate) async fn strike<F: Fleet>(fleet: &mut F, node: &Node, how: &How) -> Result<(), Trouble> {
    match how {
        How::Crash { .. } | How::Broker { kill: true, .. } => {
            bounded(node, SIGNAL_MAX, fleet.kill(node)).await
        }
        How::Broker { kill: false, .. } => stop(fleet, node, Manner::Leave).await,
        How::Pause { .. } => bounded(node, SIGNAL_MAX, fleet.pause(node)).await,
        How::Network { network, .. } => {
            bounded(node, SIGNAL_MAX, fleet.network(node, *network)).await
        }
        How::Slow { factor, .. } => bounded(node, SIGNAL_MAX, fleet.slow(node, *factor)).await,
        How::Restart {} | How::Join { .. } | How::Leave { .. } | How::Roll { .. } => Ok(()),
    }
}

/// Ends what [`strike`] began.
pub(crate) async fn mend<F: Fleet>(fleet: &mut F, node: &Node, mend: Mend) -> Result<(), Trouble> {
    match mend {
        Mend::Start => start(fleet, node).await,
        Mend::Resume => bounded(node, SIGNAL_MAX, fleet.resume(node)).await,
        Mend::Clear => bounded(node, SIGNAL_MAX, fleet.network(node, Network::Clear)).await,
        Mend::Speed => bounded(node, SIGNAL_MAX, fleet.slow(node, 1.0)).await,
    }
}

pub(crate) async fn start<F: Fleet>(fleet: &mut F, node: &Node) -> Result<(), Trouble> {
    bounded(node, NODE_MAX, fleet.start(node)).await
}

pub(crate) async fn stop<F: Fleet>(
    fleet: &mut F,
    node: &Node,
    manner: Manner,
) -> Result<(), Trouble> {
    bounded(node, NODE_MAX, fleet.stop(node, manner)).await
}
