//! Consistent hashing that remembers, and keeps loads even.

mod grow;
mod hoards;
mod market;
mod place;
mod state;

use self::state::State;
use super::share::Share;
use super::{Assignment, Input, Strategy, VIRTUAL_NODES};

/// Keeps what is owned, and moves only what a change asks for.
///
/// - Nothing changed: nothing moves.
/// - Members left: exactly their partitions (*orphans*) move, heaviest first. An orphan goes to its
///   owner on the hash ring if that member's load stays within the bound
///   `max(load_bound × mean, heaviest partition)`, else to the least loaded member.
/// - Members joined (they own nothing, while somebody owns several partitions): orphans go to them
///   first, up to the fair share; then the most loaded members give, until the joiners are near
///   that share. No move makes the receiver as loaded as the giver was. Besides the orphans, all of
///   it weighs at most 1.2 times what the joiners lacked, or others had above the bound; only a
///   joiner that would be left with nothing may cost more.
///
/// A fresh start ends within the bound, or within what the fullest member must own in any
/// assignment. Growth from there does too, but for hot partitions that are now and then packed a
/// little worse than is possible. Removals can exceed the bound, as nothing but orphans may move;
/// joiners work that off, as far as the 1.2 allows.
///
/// *Fair share* is the mean load, not counting partitions so heavy that one alone exceeds it. On a
/// fresh start everybody is a joiner: members fill up to the fair share by the ring, the rest goes
/// to the least loaded, so that equal partitions end within one of each other.
///
/// Ties are decided by the sorted order of members and partitions; no order of input matters.
#[derive(Clone, Copy, Debug)]
pub struct WeightedConsistentHash {
    /// Points on the ring for every member; 0 counts as 1.
    pub virtual_nodes: u32,
    /// How far above the mean the ring may load a member: 1.05 is 5 %. Below 1 the ring is hardly
    /// asked.
    pub load_bound: f64,
}

impl Default for WeightedConsistentHash {
    fn default() -> Self {
        Self { virtual_nodes: VIRTUAL_NODES, load_bound: 1.05 }
    }
}

impl Strategy for WeightedConsistentHash {
    fn name(&self) -> &'static str {
        "WeightedConsistentHash"
    }

    fn assign(&self, input: &Input<'_>) -> Assignment {
        if input.members().is_empty() {
            return Assignment::new(input.members().clone(), input.owners().to_vec());
        }
        let share = Share::of(input, self.load_bound);
        let mut state = State::new(input);
        let (joiners, growing) = (state.joiners(), state.is_growing());
        place::place_orphans(&mut state, &joiners, share, self.virtual_nodes);
        if growing {
            grow::fill_joiners(&mut state, &joiners, share);
        }
        Assignment::new(input.members().clone(), state.into_owners())
    }
}
