//! What the report says of a fault: its kind, and its effect in words.

use std::time::Duration;

use reports::FaultKind;

use crate::Network;
use crate::book::Mend;
use crate::fleet::Node;
use crate::planned::How;

/// What the fault is to ownership. A delayed or lossy network may keep a member from being heard
/// for longer than its lease, so it is a silence, too.
pub(crate) fn kind(how: &How, node: &Node) -> FaultKind {
    match (node, how) {
        (Node::Server, _) => FaultKind::Broker,
        (Node::Producer(_), _) => FaultKind::Other,
        (_, How::Crash { .. }) => FaultKind::Crash,
        (_, How::Restart {} | How::Roll { .. }) => FaultKind::Restart,
        (_, How::Leave { .. }) => FaultKind::Stop,
        (_, How::Pause { .. } | How::Network { .. }) => FaultKind::Silence,
        (_, How::Join { .. } | How::Slow { .. } | How::Broker { .. }) => FaultKind::Other,
    }
}

/// What a fault is to ownership if it is not known whether it happened: it may keep the node from
/// being heard until it is mended.
pub(crate) fn kind_in_doubt(kind: FaultKind) -> FaultKind {
    match kind {
        FaultKind::Crash | FaultKind::Silence => FaultKind::Silence,
        kind => kind,
    }
}

/// What the fault does.
pub(crate) fn effect(how: &How) -> String {
    match how {
        How::Crash { restart_after: None } => "killed without a word, for good".into(),
        How::Crash { .. } => "killed without a word".into(),
        How::Restart {} | How::Roll { .. } => "stopped in good order, keeping its seat".into(),
        How::Pause { .. } => "frozen".into(),
        How::Join { .. } => "joined".into(),
        How::Leave { .. } => "left in good order, for good".into(),
        How::Broker { kill: true, .. } => "killed, its store kept".into(),
        How::Broker { kill: false, .. } => "stopped in good order, its store kept".into(),
        How::Slow { factor, .. } => format!("takes {factor} times as long for its work"),
        How::Network { network, .. } => match network {
            Network::Clear => "nothing lies between it and the broker".into(),
            Network::Cut => "cut off: its connections break".into(),
            Network::HalfOpen => "cut off: its connections stay open and carry nothing".into(),
            Network::Delayed { delay, jitter } => {
                let (delay, jitter) = (delay.as_millis(), jitter.as_millis());
                format!("everything arrives {delay} ± {jitter} ms later")
            }
            Network::Lossy { loss } => format!("{:.1} % of segments are lost", loss * 100.0),
        },
    }
}

/// How the fault ended.
pub(crate) fn ending(mend: Mend, after: Duration) -> String {
    let what = match mend {
        Mend::Start => "came back",
        Mend::Resume => "went on",
        Mend::Clear => "connected as usual",
        Mend::Speed => "as fast as usual",
    };
    format!("{what} after {:.3} s", after.as_secs_f64())
}
