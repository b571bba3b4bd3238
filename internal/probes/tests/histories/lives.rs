//! Members that come back, and members that were nearly gone.

use model::Network;
use probes::Probe;

use crate::Case;
use crate::weather::DELAYED;

pub const CASES: &[Case] = &[
    (
        Probe::RestartWithinLease,
        |h| h.settled().rejoin("a").claim("a", 0).claim("a", 0),
        |h| h.settled().expire("a").join("a").claim("a", 0),
    ),
    (
        Probe::RestartWithinLease,
        |h| h.settled().effect("a", &[1]).rejoin("a").claim("a", 0),
        |h| h.settled().release("a").rejoin("a").claim("a", 0),
    ),
    (
        Probe::StepAsideRestart,
        |h| h.settled().release("a").rejoin("a").claim("a", 0),
        |h| h.settled().release("a").leave("a").join("a").claim("a", 0),
    ),
    (
        Probe::RestartAfterLease,
        |h| h.settled().expire("a").connect("a").join("a"),
        |h| h.settled().connect("a").rejoin("a").expire("a").join("a"),
    ),
    (
        Probe::ExpiredMemberReturns,
        |h| h.settled().expire("a").join("a").rejoin("a"),
        |h| h.settled().expire("a").connect("a").join("a").leave("b").join("b"),
    ),
    (
        Probe::ExpiryRefused,
        |h| h.settled().expire_refused("b"),
        |h| h.settled().expire("b").expire_refused("b"),
    ),
    (
        Probe::GapAcrossEpoch,
        |h| {
            h.settled().network("b", Network::Cut).plan(&[], 0);
            h.network("b", Network::Clear).beat("b").beat("b")
        },
        |h| {
            h.settled().network("b", Network::Cut).network("b", Network::Clear);
            h.plan(&[], 0).beat("b")
        },
    ),
    (
        Probe::GapAcrossEpoch,
        |h| {
            h.settled().beat("b").network("b", Network::HalfOpen).grant("c", "1");
            h.network("b", Network::Clear).beat("b")
        },
        |h| {
            h.settled().network("b", Network::HalfOpen).plan(&[], 0).expire("b");
            h.network("b", Network::Clear).join("b").beat("b")
        },
    ),
    (
        Probe::HalfOpenSurvived,
        |h| h.settled().network("b", Network::HalfOpen).network("b", Network::Clear).beat("b"),
        |h| h.settled().network("b", Network::HalfOpen).beat("b"),
    ),
    (
        Probe::HalfOpenSurvived,
        |h| h.settled().network("b", Network::HalfOpen).network("b", DELAYED).beat("b"),
        |h| {
            h.settled().network("b", Network::HalfOpen).network("b", Network::Clear);
            h.rejoin("b").beat("b")
        },
    ),
    (
        Probe::HalfOpenSurvived,
        |h| {
            h.settled().beat("b").network("b", Network::HalfOpen);
            h.network("b", Network::Clear).beat("b").beat("b")
        },
        |h| h.settled().network("b", Network::Cut).network("b", Network::Clear).beat("b"),
    ),
    (
        Probe::HalfOpenSurvived,
        |h| {
            h.settled().network("b", Network::HalfOpen);
            h.network("b", Network::Clear).beat("b")
        },
        |h| {
            h.settled().network("b", Network::HalfOpen).expire("b");
            h.network("b", Network::Clear).join("b").beat("b")
        },
    ),
];
