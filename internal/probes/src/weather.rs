//! Networks and the broker itself: what is broken, and what is broken at once.

use std::collections::BTreeMap;

use model::Network;
use parti::MemberId;

use crate::member::Gap;
use crate::{Probe, Watch};

/// What is between the clients and the broker.
#[derive(Debug)]
pub(crate) struct Weather {
    pub(crate) up: bool,
    /// Of every client whose network is not clear.
    networks: BTreeMap<String, Network>,
}

impl Default for Weather {
    fn default() -> Self {
        Self { up: true, networks: BTreeMap::new() }
    }
}

impl Weather {
    /// Whether nothing of a client arrives.
    pub(crate) fn is_cut_off(&self, client: &str) -> bool {
        matches!(self.networks.get(client), Some(Network::Cut | Network::HalfOpen))
    }
}

impl Watch {
    pub(crate) fn connected(&mut self, client: &str) {
        if let Some(member) = member_of(client).and_then(|name| self.members.get_mut(&name)) {
            member.reconnected = true;
        }
    }

    pub(crate) fn network(&mut self, client: &str, network: Network) {
        let networks = &mut self.weather.networks;
        let broken = network != Network::Clear;
        let was_broken = match broken {
            true => networks.insert(client.to_owned(), network).is_some(),
            false => networks.remove(client).is_some(),
        };
        if broken && !was_broken {
            self.hits.add_if(networks.len() > 1, Probe::TwoNetworkFaults);
            self.hits.add_if(!self.weather.up, Probe::BrokerDownWithNetworkFault);
        }
        self.gap(client, network);
    }

    fn gap(&mut self, client: &str, network: Network) {
        let Some(member) = member_of(client).and_then(|name| self.members.get_mut(&name)) else {
            return;
        };
        let cut_off = matches!(network, Network::Cut | Network::HalfOpen);
        if cut_off {
            let half_open = network == Network::HalfOpen;
            member.gap = Some(Gap { half_open, crossed: false, mended: false });
        } else if let Some(gap) = &mut member.gap {
            gap.mended = true;
        }
    }

    pub(crate) fn up(&mut self, up: bool) {
        if self.weather.up && !up {
            self.hits.add_if(self.is_rebalancing(), Probe::BrokerDownInRebalance);
            self.hits.add_if(self.is_leaderless(), Probe::BrokerDownWithoutLeader);
            let broken = !self.weather.networks.is_empty();
            self.hits.add_if(broken, Probe::BrokerDownWithNetworkFault);
        }
        self.weather.up = up;
    }

    /// Whether nothing of `member` arrives, while all others who live are heard.
    pub(crate) fn is_cut_off_alone(&self, member: &MemberId) -> bool {
        let cut_off = |name: &MemberId| self.weather.is_cut_off(name.as_str());
        let mut others =
            self.members.iter().filter(|(name, other)| *name != member && other.lives());
        cut_off(member) && !others.any(|(name, _)| cut_off(name))
    }
}

/// A member's connection has the member's name.
fn member_of(client: &str) -> Option<MemberId> {
    MemberId::new(client).ok()
}
