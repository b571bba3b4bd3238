//! What comes into the way of a rebalance.

use parti::records::Session;
use probes::Probe;

use crate::Case;

pub const CASES: &[Case] = &[
    (
        Probe::JoinInRebalance,
        |h| h.handing_over().join("d"),
        |h| h.handing_over().claim("b", 1).join("d"),
    ),
    (Probe::JoinInRebalance, |h| h.revoking().join("d"), |h| h.revoking().rejoin("c")),
    // Taken and given again before the member looked: it has nothing to claim.
    (
        Probe::JoinInRebalance,
        |h| h.handing_over().sign("b", 1, 1).join("d"),
        |h| h.settled().grant("a", "").grant("a", "0").ack("a", 1).join("d"),
    ),
    (
        Probe::JoinInRebalance,
        |h| h.handing_over().leave("b").join("d"),
        |h| h.handing_over().leave("b").grant("b", "").join("d"),
    ),
    (
        Probe::LeaveInRebalance,
        |h| h.handing_over().leave("c"),
        |h| h.handing_over().claim("b", 1).leave("c"),
    ),
    (
        Probe::LeaveInRebalance,
        |h| h.settled().rejoin("a").leave("c"),
        |h| h.settled().rejoin("a").claim("a", 0).leave("c"),
    ),
    (
        Probe::LeaveInRebalance,
        |h| h.handing_over().expire("b").leave("c"),
        |h| h.handing_over().expire("b").join("b").leave("c"),
    ),
    (Probe::LeaveInRebalance, |h| h.revoking().leave("c"), |h| h.revoking().expire("a").leave("c")),
    (Probe::ExpiryInRebalance, |h| h.handing_over().expire("c"), |h| h.handing_over().expire("b")),
    (
        Probe::JoinPlannedInRevocation,
        |h| h.revoking().plan(&["d"], 1),
        |h| h.revoking().plan(&[], 1).ack("a", 0).plan(&["d"], 1),
    ),
    (
        Probe::MemberLostInRevocation,
        |h| h.revoking().beat("a").expire("a"),
        |h| h.revoking().ack("a", 0).expire("a"),
    ),
    (
        Probe::MemberLostInHandover,
        |h| h.handing_over().expire("b"),
        |h| h.handing_over().claim("b", 1).expire("b"),
    ),
    // What an earlier seat had is new to this one.
    (
        Probe::MemberLostInHandover,
        |h| h.settled().expire("a").join("a").grant("a", "0").expire("a"),
        |h| h.settled().expire("a").join("a").expire("a"),
    ),
    (
        Probe::GrantTakenBack,
        |h| h.handing_over().grant("b", ""),
        |h| h.handing_over().grant("b", "0-1").claim("b", 1).grant("b", "1"),
    ),
    (
        Probe::GrantToTheDead,
        |h| h.settled().leave("c").grant("c", "1"),
        |h| h.settled().leave("c").grant("c", "").grant("b", "1"),
    ),
    (
        Probe::GrantToTheDead,
        |h| h.settled().leave("c").join("c").grant_to("c", Session(3), "1"),
        |h| h.settled().rejoin("c").grant("c", "1"),
    ),
    (
        Probe::GrantRepeated,
        |h| h.settled().grant("b", "1").repeat(),
        |h| h.settled().grant("b", "1").grant("b", "1"),
    ),
    (
        Probe::PartitionMovedTwice,
        |h| h.settled().claim("b", 0).wait(1999).claim("a", 0),
        |h| h.settled().claim("b", 0).wait(2000).claim("a", 0).wait(1).claim("a", 0),
    ),
];
