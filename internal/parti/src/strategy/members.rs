//! The live members in sorted order, so that strategies count seats instead of comparing names.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use crate::MemberId;

/// The place of a member among the sorted [`Members`]. As wide as a `u32`, as an `Option` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat(NonZeroU32);

impl Seat {
    pub(super) fn new(index: usize) -> Self {
        let index = u32::try_from(index).expect("a group has fewer than 2^32 members");
        Self(NonZeroU32::MIN.saturating_add(index))
    }

    /// Counted from zero.
    pub fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// The live members of a group: sorted, without repeats, cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members(Arc<[MemberId]>);

impl Members {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a member sits, or `None` if it is not alive.
    pub fn seat(&self, member: &MemberId) -> Option<Seat> {
        self.0.binary_search(member).ok().map(Seat::new)
    }

    /// Who sits there.
    ///
    /// # Panics
    ///
    /// If the seat belongs to other, more numerous members.
    pub fn at(&self, seat: Seat) -> &MemberId {
        &self.0[seat.index()]
    }

    /// Every member in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Seat, &MemberId)> {
        self.0.iter().enumerate().map(|(index, member)| (Seat::new(index), member))
    }

    /// Every seat in order.
    pub(super) fn seats(&self) -> impl ExactSizeIterator<Item = Seat> + use<> {
        (0..self.len()).map(Seat::new)
    }
}

impl FromIterator<MemberId> for Members {
    fn from_iter<I: IntoIterator<Item = MemberId>>(members: I) -> Self {
        let sorted: BTreeSet<MemberId> = members.into_iter().collect();
        Self(sorted.into_iter().collect())
    }
}

impl From<&BTreeSet<MemberId>> for Members {
    fn from(members: &BTreeSet<MemberId>) -> Self {
        Self(members.iter().cloned().collect())
    }
}

impl From<&Members> for Members {
    fn from(members: &Members) -> Self {
        members.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_follow_the_sorted_names() {
        let id = |name: &str| MemberId::new(name).unwrap();
        let members: Members = ["c", "a", "b", "a"].into_iter().map(id).collect();
        let names: Vec<_> = members.iter().map(|(seat, m)| (seat.index(), m.as_str())).collect();
        assert_eq!(names, [(0, "a"), (1, "b"), (2, "c")]);
        assert_eq!(members.seat(&id("b")).map(|seat| members.at(seat)), Some(&id("b")));
        assert_eq!(members.seat(&id("d")), None);
        assert_eq!(size_of::<Option<Seat>>(), 4);
    }
}
