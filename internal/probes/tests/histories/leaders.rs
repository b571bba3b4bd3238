//! Reigns that end at the wrong moment.

use model::Network;
use probes::Probe;

use crate::Case;

pub const CASES: &[Case] = &[
    (
        Probe::LeaderLostInRevocation,
        |h| h.revoking().leader_beat().ack("a", 0).elect("b"),
        |h| h.revoking().ack("a", 0).leader_beat().elect("b"),
    ),
    (
        Probe::LeaderLostInRevocation,
        |h| h.revoking().resign().elect("b").ack("a", 0).leader_beat(),
        |h| h.settled().resign().elect("b"),
    ),
    (
        Probe::LeaderLostAfterPlan,
        |h| h.settled().plan(&["d"], 1).leader_beat().elect("b"),
        |h| h.settled().plan(&["d"], 1).grant("a", "0").elect("b"),
    ),
    (
        Probe::LeaderLostAfterPlan,
        |h| h.settled().plan(&["d"], 1).resign().elect("b"),
        |h| h.settled().plan(&["d"], 0).elect("b"),
    ),
    (
        Probe::RevocationInherited,
        |h| h.revoking().elect("b"),
        |h| h.revoking().ack("a", 0).elect("b"),
    ),
    (
        Probe::TwoLeadersWithinALease,
        |h| h.settled().elect("b").wait(999).elect("c"),
        |h| h.settled().elect("b").wait(1000).elect("c"),
    ),
    (
        Probe::ElectionRefused,
        |h| h.settled().elect("b").elect_refused("c"),
        |h| h.settled().elect("b").elect_refused("b"),
    ),
    (
        Probe::LeaderElectedAgain,
        |h| h.settled().rejoin("a").elect("a"),
        |h| h.settled().rejoin("a").resign().elect("a"),
    ),
    (
        Probe::LeaderElectedAgain,
        |h| h.settled().rejoin("a").elect("a").elect("b"),
        |h| h.settled().elect("b"),
    ),
    (Probe::LeaderResigned, |h| h.settled().resign(), |h| h.settled().elect("b")),
    (
        Probe::LeaderCutOff,
        |h| h.settled().network("a", Network::Cut).elect("b"),
        |h| h.settled().network("a", Network::Cut).network("c", Network::HalfOpen).elect("b"),
    ),
    (
        Probe::LeaderCutOff,
        |h| {
            h.settled().leave("c").network("c", Network::Cut);
            h.network("a", Network::HalfOpen).elect("b")
        },
        |h| h.settled().network("a", Network::Lossy { loss: 0.1 }).elect("b"),
    ),
    (
        Probe::DeposedBeatRefused,
        |h| h.settled().elect("b").leader_beat_refused(true),
        |h| h.settled().elect("b").leader_beat_refused(false),
    ),
    (
        Probe::DeposedGrantRefused,
        |h| h.settled().elect("b").grant_refused("c", true),
        |h| h.settled().elect("b").grant_refused("c", false),
    ),
];
