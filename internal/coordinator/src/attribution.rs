//! For which faults something is counted: the rule stands in `impact.rs`. Called in order of time.

use std::collections::BTreeSet;
use std::time::Duration;

use model::Timestamp;
use parti::MemberId;

use crate::aftermath::{Known, is_skipped, targets};
use crate::faults::Faults;
use crate::{Fault, FaultKind};

/// Targets whose newest fault is remembered.
const TARGETS_MAX: usize = 8_192;

impl Faults {
    /// A fault begins; returns it.
    pub fn begin(&mut self, id: u64) -> Option<Fault> {
        let fault = self.kept.get(&id)?.fault.clone();
        if is_skipped(&fault) {
            return None;
        }
        self.recent.insert(id);
        for target in targets(&fault) {
            self.newest.insert(target.to_owned(), id);
        }
        if self.newest.len() > TARGETS_MAX {
            self.newest.retain(|_, id| *id > self.dropped_through);
        }
        Some(fault)
    }

    /// A member begins a new life: if it was killed, its fault is open again.
    pub fn returned(&mut self, member: &MemberId, at: Timestamp) {
        let id = self.newest.get(member.as_str());
        if let Some((id, known)) = id.and_then(|id| Some((*id, self.kept.get_mut(id)?)))
            && known.fault.kind == FaultKind::Crash
            && known.returned_at.is_none()
        {
            known.returned_at = Some(at);
            known.closed_at = None;
            self.recent.insert(id);
        }
    }

    /// Closes what is over: everything is stable since `stable`, and it is `now`. With `at_once` no
    /// lease has to pass before.
    pub fn close(&mut self, stable: Timestamp, now: Timestamp, lease: Duration, at_once: bool) {
        let wait = if at_once { Duration::ZERO } else { lease };
        let kept = &mut self.kept;
        self.recent.retain(|id| {
            let Some(known) = kept.get_mut(id) else { return false };
            let over = known.over().map(|over| over + wait).filter(|over| *over <= now);
            if let Some(over) = over.filter(|_| known.closed_at.is_none()) {
                known.close(stable, over);
            }
            known.closed_at.is_none_or(|closed| closed + lease >= now)
        });
    }

    /// For which faults that is counted which is about `members`: see `impact.rs`.
    pub fn concerning<'a>(&self, members: impl IntoIterator<Item = &'a MemberId>) -> Vec<u64> {
        let named = members.into_iter().flat_map(|member| self.concerning_only(member));
        let named: BTreeSet<u64> = named.collect();
        if !named.is_empty() {
            return named.into_iter().collect();
        }
        let is_open = |id: &&u64| self.kept.get(id).is_some_and(|known| known.closed_at.is_none());
        self.recent.iter().filter(is_open).copied().collect()
    }

    /// The faults for which that is counted which is about `member` alone; none if chaos did not
    /// touch it lately.
    pub fn concerning_only(&self, member: &MemberId) -> Vec<u64> {
        let newest = self.newest.get(member.as_str()).filter(|id| self.recent.contains(id));
        newest.copied().into_iter().collect()
    }

    /// For which faults that is counted which is about `member` for as long as nothing else happens
    /// to it.
    pub fn lasting_on(&self, member: &MemberId) -> Vec<u64> {
        let newest = self.newest.get(member.as_str()).filter(|id| self.kept.contains_key(id));
        newest.map_or_else(|| self.concerning([member]), |id| vec![*id])
    }

    /// The fault by which `member` stops in good order.
    pub fn stopping(&self, member: &MemberId) -> Option<&Fault> {
        let stops = self.concerning([member]).into_iter().rev();
        let mut stops = stops.filter_map(|id| self.kept.get(&id)).map(|known| &known.fault);
        stops.find(|fault| matches!(fault.kind, FaultKind::Stop | FaultKind::Restart))
    }

    /// Counts something for each of `ids`.
    pub fn count_for(&mut self, ids: &[u64], count: impl Fn(&mut Known)) {
        for id in ids {
            if let Some(known) = self.kept.get_mut(id) {
                count(known);
                known.share(ids);
            }
        }
    }
}
