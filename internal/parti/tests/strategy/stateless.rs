//! Round robin and plain consistent hashing know no owners.

use model::Weights;
use parti::strategy::{ConsistentHash, Input, RoundRobin, Strategy};
use proptest::prelude::*;

use super::support::{equal, members, moved, name, orphans};

const RING: ConsistentHash = ConsistentHash { virtual_nodes: 20 };

proptest! {
    #[test]
    fn leaving_the_ring_moves_exactly_the_orphans(
        count in 0u32..300,
        group in prop::collection::btree_set(0u32..30, 2..20),
        leaving in 0usize..19,
    ) {
        let weights = Weights::uniform(count);
        let before = RING.assign(&Input::fresh(&weights, members(group.clone())));
        let gone = *group.iter().nth(leaving % group.len()).unwrap();
        let left = members(group.into_iter().filter(|&number| number != gone));
        let input = Input::following(&weights, &left, &before);
        prop_assert_eq!(moved(&input, &RING.assign(&input)), orphans(&input));
    }

    #[test]
    fn joining_the_ring_moves_only_to_the_joiner(count in 0u32..300, group in 1u32..20) {
        let weights = Weights::uniform(count);
        let before = RING.assign(&Input::fresh(&weights, members(0..group)));
        let input = Input::following(&weights, members(0..=group), &before);
        let after = RING.assign(&input);
        for partition in moved(&input, &after) {
            prop_assert_eq!(after.owner(partition), Some(&name(group)));
        }
        let fresh = RING.assign(&Input::fresh(&weights, members((0..=group).rev())));
        prop_assert_eq!(fresh, after);
    }

    #[test]
    fn round_robin_deals_evenly_and_remembers_nothing(count in 0u32..300, group in 1u32..20) {
        let weights = Weights::uniform(count);
        let before = RING.assign(&Input::fresh(&weights, members(0..group)));
        let input = Input::following(&weights, members((0..group).rev()), &before);
        let after = RoundRobin.assign(&input);
        let loads = after.loads(&weights);
        prop_assert!(loads.max() - loads.min() <= 1);
        prop_assert_eq!(after, RoundRobin.assign(&Input::fresh(&weights, members(0..group))));
    }
}

/// Why nobody should choose it for a group that changes.
#[test]
fn round_robin_moves_nearly_everything() {
    let weights = equal(1000, 1);
    let before = RoundRobin.assign(&Input::fresh(&weights, members(0..10)));
    let input = Input::following(&weights, members(0..11), &before);
    assert!(moved(&input, &RoundRobin.assign(&input)).len() > 800);
}
