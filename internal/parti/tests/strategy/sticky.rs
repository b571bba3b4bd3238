//! (a) Nothing moves when nothing changed, (b) exactly the orphans move when members leave, and
//! (e) the order of what comes in does not matter. After any history.

use std::collections::BTreeMap;

use model::{PartitionId, Weights};
use parti::MemberId;
use parti::strategy::{
    ConsistentHash, Input, Members, Moves, RoundRobin, Strategy, WeightedConsistentHash,
    unavoidable,
};
use proptest::prelude::*;
use proptest::strategy::Strategy as _;
use rand::seq::SliceRandom;

use super::support::{any_weights, history, members, moved, name, orphans, replay, weighted};

proptest! {
    #[test]
    fn every_partition_has_a_live_owner(
        weights in any_weights(0..60),
        before in history(30, 4),
        now in prop::collection::vec(0u32..60, 0..40).prop_map(members),
    ) {
        let input = Input::following(&weights, &now, &replay(&weights, &before));
        let few_points = ConsistentHash { virtual_nodes: 3 };
        let strategies: [&dyn Strategy; 3] = [&RoundRobin, &few_points, &weighted()];
        for strategy in strategies {
            let answer = strategy.assign(&input);
            prop_assert_eq!(answer.members(), &now);
            prop_assert_eq!(answer.seats().len(), weights.count() as usize);
            for (partition, _) in weights.iter() {
                let alive = answer.owner(partition).is_some_and(|owner| now.seat(owner).is_some());
                prop_assert_eq!(alive, !now.is_empty(), "{} {}", strategy.name(), partition);
            }
        }
    }

    #[test]
    fn nothing_moves_when_nothing_changed(
        weights in any_weights(0..80),
        history in history(25, 12),
    ) {
        let settled = replay(&weights, &history);
        let now = history.last().unwrap();
        let again = weighted().assign(&Input::following(&weights, now, &settled));
        prop_assert_eq!(again, settled);
    }

    #[test]
    fn a_removal_moves_exactly_the_orphans(
        weights in any_weights(0..80),
        history in history(25, 8),
        leaving in prop::collection::vec(0u32..25, 1..10),
    ) {
        let settled = replay(&weights, &history);
        let left = settled.members().iter().map(|(_, member)| member.clone());
        let left: Members = left.filter(|m| !leaving.iter().any(|&l| name(l) == *m)).collect();
        prop_assume!(!left.is_empty());
        let input = Input::following(&weights, &left, &settled);
        let answer = weighted().assign(&input);
        prop_assert_eq!(moved(&input, &answer), orphans(&input));
    }

    #[test]
    fn no_order_matters(
        weights in any_weights(1..80),
        before in prop::collection::vec(0u32..20, 1..20),
        mut now in prop::collection::vec(0u32..20, 1..20),
        seed in any::<u64>(),
    ) {
        let mut rng = model::Seed(seed).rng("shuffle");
        let earlier = replay(&weights, &[members(before)]);
        let owners: BTreeMap<PartitionId, MemberId> =
            earlier.iter().map(|(partition, member)| (partition, member.clone())).collect();
        let sorted = weighted().assign(&Input::following(&weights, members(now.clone()), &earlier));
        now.extend_from_within(..1);
        now.shuffle(&mut rng);
        let shuffled = weighted().assign(&Input::owned(&weights, members(now), &owners));
        prop_assert_eq!(shuffled, sorted);
    }
}

/// A bystander without partitions is no joiner when others leave.
#[test]
fn removals_among_more_members_than_partitions_move_only_orphans() {
    let weights: Weights = [10, 10, 1, 25, 10].into_iter().map(model::Weight).collect();
    let everyone = replay(&weights, &[members(0..6)]);
    for survivors in (1u32..1 << 6).map(|set| members((0..6).filter(|i| set & (1 << i) != 0))) {
        let input = Input::following(&weights, &survivors, &everyone);
        let answer = weighted().assign(&input);
        assert_eq!(moved(&input, &answer), orphans(&input), "{survivors:?}");
        let again = weighted().assign(&Input::following(&weights, &survivors, &answer));
        assert_eq!(again, answer, "{survivors:?}");
    }
}

#[test]
fn without_members_nobody_owns_and_nothing_moves() {
    let weights = Weights::uniform(10);
    let settled = replay(&weights, &[members(0..3)]);
    let input = Input::following(&weights, members([]), &settled);
    let answer = WeightedConsistentHash::default().assign(&input);
    assert_eq!(answer.iter().count(), 0);
    assert_eq!(input.moves_to(&answer), Moves::default());
    assert_eq!(unavoidable(&input, 1.05), Moves::default());
}

#[test]
fn one_member_owns_everything() {
    let weights = Weights::uniform(10);
    let answer = replay(&weights, &[members([7])]);
    assert_eq!(answer.by_member()[&name(7)].len(), 10);
}
