//! (c) Orphans: to their ring owner within the bound, else to the least loaded, heaviest first.

use std::cmp::Reverse;

use model::{PartitionId, Weights};
use parti::MemberId;
use parti::strategy::{ConsistentHash, Input, Members, Strategy};
use proptest::prelude::*;

use super::support::{any_weights, history, members, name, orphans, replay, weighted};

proptest! {
    #[test]
    fn orphans_go_where_the_rule_says(
        weights in any_weights(1..60),
        before in history(12, 4),
        leaving in prop::collection::vec(0u32..12, 1..6),
    ) {
        let settled = replay(&weights, &before);
        let left = settled.by_member().into_iter().filter(|(_, owned)| !owned.is_empty());
        let left: Members =
            left.map(|(m, _)| m).filter(|m| !leaving.iter().any(|&l| name(l) == *m)).collect();
        prop_assume!(!left.is_empty());
        let input = Input::following(&weights, &left, &settled);
        let answer = weighted().assign(&input);
        for (partition, owner) in by_the_book(&weights, &input) {
            prop_assert_eq!(answer.owner(partition), Some(&owner), "partition {}", partition);
        }
    }

    #[test]
    fn a_fresh_start_deals_equal_partitions_evenly(
        count in 0u32..300,
        weight in 1u32..5,
        group in 1u32..40,
    ) {
        let weights = super::support::equal(count, weight);
        let loads = replay(&weights, &[members(0..group)]).loads(&weights);
        prop_assert!(loads.max() - loads.min() <= u64::from(weight), "{:?}", loads);
    }
}

/// The rule written down as slowly and plainly as possible.
fn by_the_book(weights: &Weights, input: &Input<'_>) -> Vec<(PartitionId, MemberId)> {
    let load_of = |p: PartitionId| u64::from(weights.get(p).map_or(1, |weight| weight.0.max(1)));
    let total: u64 = weights.iter().map(|(p, _)| load_of(p)).sum();
    let heaviest = weights.iter().map(|(p, _)| load_of(p)).max().unwrap_or(0);
    let bound = (1.05 * total as f64 / input.members().len() as f64).max(heaviest as f64);
    let mut loads = vec![0; input.members().len()];
    for ((p, _), owner) in weights.iter().zip(input.owners()) {
        if let Some(seat) = owner {
            loads[seat.index()] += load_of(p);
        }
    }
    let ring = ConsistentHash { virtual_nodes: weighted().virtual_nodes }.assign(input);
    let mut queue = orphans(input);
    queue.sort_by_key(|&p| Reverse(load_of(p)));
    let mut owners = Vec::new();
    for equals in queue.chunk_by(|&a, &b| load_of(a) == load_of(b)) {
        let mut refused = Vec::new();
        for &p in equals {
            let favourite = ring.seats()[p.0 as usize].expect("the ring has members").index();
            if (loads[favourite] + load_of(p)) as f64 <= bound {
                loads[favourite] += load_of(p);
                owners.push((p, favourite));
            } else {
                refused.push(p);
            }
        }
        for p in refused {
            let least =
                (0..loads.len()).min_by_key(|&seat| loads[seat]).expect("there are members");
            loads[least] += load_of(p);
            owners.push((p, least));
        }
    }
    let names: Vec<_> = input.members().iter().map(|(_, member)| member.clone()).collect();
    owners.into_iter().map(|(p, seat)| (p, names[seat].clone())).collect()
}
