//! What is broken while something else is.

use std::time::Duration;

use model::Network;
use probes::Probe;

use crate::Case;

pub const DELAYED: Network =
    Network::Delayed { delay: Duration::from_millis(100), jitter: Duration::ZERO };

pub const CASES: &[Case] = &[
    (
        Probe::BrokerDownInRebalance,
        |h| h.handing_over().up(false).up(true),
        |h| h.handing_over().claim("b", 1).up(false).up(true),
    ),
    (
        Probe::BrokerDownInRebalance,
        |h| h.revoking().up(false),
        |h| h.revoking().beat("a").ack("a", 0).up(false),
    ),
    (Probe::BrokerDownWithoutLeader, |h| h.settled().resign().up(false), |h| h.join("a").up(false)),
    (
        Probe::BrokerDownWithoutLeader,
        |h| h.settled().wait(500).up(false).up(true),
        |h| h.settled().wait(499).up(false),
    ),
    (
        Probe::BrokerDownWithNetworkFault,
        |h| h.network("a", DELAYED).up(false),
        |h| h.network("a", DELAYED).network("a", Network::Clear).up(false),
    ),
    (
        Probe::BrokerDownWithNetworkFault,
        |h| h.up(false).network("a", DELAYED).network("a", Network::Clear),
        |h| h.up(false).up(true).network("a", DELAYED),
    ),
    (
        Probe::TwoNetworkFaults,
        |h| h.network("a", DELAYED).network("producer-0", Network::Cut),
        |h| h.network("a", DELAYED).network("a", Network::Cut),
    ),
    (
        Probe::TwoNetworkFaults,
        |h| h.network("a", DELAYED).network("b", Network::Cut).network("b", Network::HalfOpen),
        |h| h.network("a", DELAYED).network("a", Network::Clear).network("b", Network::Cut),
    ),
];
