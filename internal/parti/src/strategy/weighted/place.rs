//! A new owner for every orphan. Nothing else moves.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use model::PartitionId;

use super::state::State;
use crate::strategy::Seat;
use crate::strategy::share::Share;
use crate::strategy::sweep::ring_owners;

/// Heaviest first: to the ring's owner if the load stays within the cap, else to the least loaded.
/// Among equally heavy ones, the ring comes first for all of them.
///
/// With joiners, the ring is theirs and the cap is the fair share, so that orphans fill them before
/// anybody else has to give. Without, everybody is on the ring and the cap is the bound.
pub(super) fn place_orphans(
    state: &mut State<'_>,
    joiners: &[Seat],
    share: Share,
    virtual_nodes: u32,
) {
    let members = state.input.members();
    let everyone: Vec<_> = members.seats().collect();
    let (candidates, cap) =
        if joiners.is_empty() { (&everyone[..], share.bound) } else { (joiners, share.level) };
    let orphans = state.orphans();
    let favourites = ring_owners(&orphans, members, candidates, virtual_nodes);
    let mut queue: Vec<_> = orphans.into_iter().zip(favourites).collect();
    queue.sort_by_key(|&(orphan, _)| Reverse(state.input.load_of(orphan)));
    let mut least_loaded = LeastLoaded::new(state, &everyone);
    let input = state.input;
    for equals in queue.chunk_by_mut(|a, b| input.load_of(a.0) == input.load_of(b.0)) {
        let refused = place_by_ring(state, equals, cap);
        for &(orphan, _) in &equals[..refused] {
            state.give(orphan, least_loaded.pick(state));
        }
    }
}

/// Gives equally heavy orphans to their favourites; those that do not fit are left in front, and
/// counted.
fn place_by_ring(state: &mut State<'_>, orphans: &mut [(PartitionId, Seat)], cap: u64) -> usize {
    let mut refused = 0;
    for index in 0..orphans.len() {
        let (orphan, favourite) = orphans[index];
        if state.load(favourite) + state.input.load_of(orphan) <= cap {
            state.give(orphan, favourite);
        } else {
            orphans[refused] = orphans[index];
            refused += 1;
        }
    }
    refused
}

/// Finds the least loaded member, the first one of equals, while loads only rise.
struct LeastLoaded(BinaryHeap<Reverse<(u64, Seat)>>);

impl LeastLoaded {
    fn new(state: &State<'_>, seats: &[Seat]) -> Self {
        Self(seats.iter().map(|&seat| Reverse((state.load(seat), seat))).collect())
    }

    /// An entry that lags behind is brought up to date when it comes up.
    fn pick(&mut self, state: &State<'_>) -> Seat {
        loop {
            let mut top = self.0.peek_mut().expect("there are members");
            let Reverse((noted, seat)) = *top;
            let load = state.load(seat);
            debug_assert!(noted <= load, "loads only rise while orphans are placed");
            if noted == load {
                return seat;
            }
            *top = Reverse((load, seat));
            drop(top);
        }
    }
}
