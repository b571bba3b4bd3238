//! How often each situation came about: written by the watch, read when the run is over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{CATALOGUE, Probe};

/// How often each situation came about. Clones share their counts.
#[derive(Clone, Debug)]
pub struct Hits(Arc<[AtomicU64]>);

impl Hits {
    pub(crate) fn none() -> Self {
        Self(CATALOGUE.iter().map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn add(&self, probe: Probe) {
        self.0[probe as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_if(&self, came_about: bool, probe: Probe) {
        if came_about {
            self.add(probe);
        }
    }

    /// How often `probe` did.
    pub fn of(&self, probe: Probe) -> u64 {
        self.0[probe as usize].load(Ordering::Relaxed)
    }

    /// Every name of the catalogue, also of situations that did not come about.
    pub fn by_name(&self) -> BTreeMap<String, u64> {
        CATALOGUE.iter().map(|probe| (probe.name().to_owned(), self.of(*probe))).collect()
    }

    /// The same, without those that are seen by claims and effects.
    pub fn by_name_without_claims(&self) -> BTreeMap<String, u64> {
        let probes = CATALOGUE.iter().filter(|probe| !probe.needs_claims());
        probes.map(|probe| (probe.name().to_owned(), self.of(*probe))).collect()
    }

    /// How many situations came about at all.
    pub fn reached(&self) -> usize {
        CATALOGUE.iter().filter(|probe| self.of(**probe) > 0).count()
    }
}
