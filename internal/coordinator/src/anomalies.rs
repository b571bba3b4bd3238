//! How often each class of anomaly was found.

use serde::{Deserialize, Serialize};

use crate::Class;

/// How often each class was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anomalies {
    /// See [`Class::LostByBroker`].
    pub lost_by_broker: u64,
    /// See [`Class::LostByProducer`].
    #[serde(default)]
    pub lost_by_producer: u64,
    /// See [`Class::LostInDelivery`].
    pub lost_in_delivery: u64,
    /// See [`Class::Duplicate`].
    pub duplicate: u64,
    /// See [`Class::OutOfOrder`].
    pub out_of_order: u64,
    /// See [`Class::Unexpected`].
    pub unexpected: u64,
    /// See [`Class::Unprocessed`].
    #[serde(default)]
    pub unprocessed: u64,
    /// See [`Class::Corrupt`].
    pub corrupt: u64,
    /// See [`Class::TwoOwners`].
    pub two_owners: u64,
    /// See [`Class::StaleEpoch`].
    pub stale_epoch: u64,
    /// See [`Class::Unowned`].
    pub unowned: u64,
    /// See [`Class::NeedlessMove`].
    pub needless_move: u64,
    /// See [`Class::Undrained`].
    pub undrained: u64,
}

impl Anomalies {
    /// How often `class` was found.
    pub fn of(&self, class: Class) -> u64 {
        match class {
            Class::LostByBroker => self.lost_by_broker,
            Class::LostByProducer => self.lost_by_producer,
            Class::LostInDelivery => self.lost_in_delivery,
            Class::Duplicate => self.duplicate,
            Class::OutOfOrder => self.out_of_order,
            Class::Unexpected => self.unexpected,
            Class::Unprocessed => self.unprocessed,
            Class::Corrupt => self.corrupt,
            Class::TwoOwners => self.two_owners,
            Class::StaleEpoch => self.stale_epoch,
            Class::Unowned => self.unowned,
            Class::NeedlessMove => self.needless_move,
            Class::Undrained => self.undrained,
        }
    }

    /// The classes that were found, each with its count.
    pub fn found(&self) -> impl Iterator<Item = (Class, u64)> {
        let counts = *self;
        Class::ALL.into_iter().map(move |class| (class, counts.of(class))).filter(|(_, n)| *n > 0)
    }

    pub(crate) fn add(&mut self, class: Class, count: u64) {
        let slot = match class {
            Class::LostByBroker => &mut self.lost_by_broker,
            Class::LostByProducer => &mut self.lost_by_producer,
            Class::LostInDelivery => &mut self.lost_in_delivery,
            Class::Duplicate => &mut self.duplicate,
            Class::OutOfOrder => &mut self.out_of_order,
            Class::Unexpected => &mut self.unexpected,
            Class::Unprocessed => &mut self.unprocessed,
            Class::Corrupt => &mut self.corrupt,
            Class::TwoOwners => &mut self.two_owners,
            Class::StaleEpoch => &mut self.stale_epoch,
            Class::Unowned => &mut self.unowned,
            Class::NeedlessMove => &mut self.needless_move,
            Class::Undrained => &mut self.undrained,
        };
        *slot += count;
    }
}
