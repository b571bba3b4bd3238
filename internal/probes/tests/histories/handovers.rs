//! Claims, and what is refused because of them.

use model::Network;
use probes::Probe;

use crate::Case;

pub const CASES: &[Case] = &[
    (
        Probe::BacklogHandedOver,
        |h| h.settled().publish(0).claim("b", 0).effect("b", &[1]).effect("b", &[2]),
        |h| h.settled().claim("b", 0).publish(0).effect("b", &[1]),
    ),
    (
        Probe::BacklogHandedOver,
        |h| h.settled().publish(0).publish(1).claim("b", 1).effect("b", &[1]),
        |h| h.settled().publish(0).claim("a", 0).effect("a", &[1]),
    ),
    (
        Probe::IdleHandedOver,
        |h| h.settled().publish(0).claim("b", 1),
        |h| h.settled().publish(0).claim("b", 0).claim("b", 1),
    ),
    (
        Probe::ClaimOverUnreleased,
        |h| h.settled().effect("a", &[1]).claim("b", 0),
        |h| h.settled().release("a").claim("b", 0).claim("b", 0),
    ),
    (
        Probe::OwnerCutOffReplaced,
        |h| h.settled().network("a", Network::HalfOpen).claim("b", 0),
        |h| h.settled().network("a", Network::Cut).network("a", Network::Clear).claim("b", 0),
    ),
    (
        Probe::ClaimRace,
        |h| h.handing_over().claim("b", 0).effect("b", &[1]).claim_refused("c", 9, 2),
        |h| h.handing_over().claim("b", 0).effect("b", &[1]).claim_refused("c", 9, 3),
    ),
    (
        Probe::ClaimRace,
        |h| h.handing_over().claim("b", 0).claim_refused("c", 1, 2),
        |h| h.handing_over().claim("b", 0).claim_refused("b", 3, 2),
    ),
    (
        Probe::ClaimOvertaken,
        |h| h.handing_over().claim_refused("c", 9, 1),
        |h| h.handing_over().claim("b", 0).claim_refused("c", 9, 2),
    ),
    (
        Probe::ZombieClaimRefused,
        |h| h.handing_over().claim("b", 0).claim_refused("c", 1, 2),
        |h| h.handing_over().claim("b", 0).claim_refused("c", 9, 2),
    ),
    (
        Probe::ZombieClaimRefused,
        |h| h.handing_over().claim("b", 0).claim_refused("c", 1, 2),
        |h| h.handing_over().claim("b", 0).effect("b", &[1]).claim_refused("c", 1, 3),
    ),
    (
        Probe::ZombieEffectRefused,
        |h| h.settled().claim("b", 0).effect_refused("a"),
        |h| h.settled().claim("b", 0).effect_refused("b"),
    ),
    (
        Probe::BatchEffect,
        |h| h.settled().effect("a", &[4, 5]),
        |h| h.settled().effect("a", &[45]).effect("a", &[]),
    ),
    (
        Probe::TrimWithoutOwner,
        |h| h.settled().rejoin("a").trim(),
        |h| h.settled().rejoin("a").claim("a", 0).trim(),
    ),
    (
        Probe::TrimWithoutOwner,
        |h| h.settled().release("a").trim(),
        |h| h.settled().release("a").claim("b", 0).trim(),
    ),
    (
        Probe::TrimWithoutOwner,
        |h| h.settled().expire("a").trim(),
        |h| h.settled().expire("b").trim(),
    ),
];
