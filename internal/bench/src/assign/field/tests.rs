//! The others are what they are called.

use model::Weights;
use parti::MemberId;
use parti::strategy::{Input, Members};

use super::jump::jump;
use super::*;

fn members(numbers: impl IntoIterator<Item = u32>) -> Members {
    numbers.into_iter().map(|n| MemberId::new(format!("m-{n:03}")).unwrap()).collect()
}

/// What moves from `before` to `after`, and how much had to.
fn moved(strategy: &dyn Strategy, before: &Members, after: &Members) -> (u64, u64) {
    let weights = Weights::uniform(2000);
    let first = strategy.assign(&Input::fresh(&weights, before));
    let change = Input::following(&weights, after, &first);
    let orphans = change.owners().iter().filter(|owner| owner.is_none()).count();
    (change.moves_to(&strategy.assign(&change)).partitions, orphans as u64)
}

#[test]
fn jumps_are_those_that_were_published() {
    // Guava's tests hold these.
    let known = [0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83];
    let ours: Vec<_> = (0..20).map(|key| jump(key, 100)).collect();
    assert_eq!(ours, known);
    assert_eq!(jump(7, 1), 0);
    for key in 0..1000_u64 {
        let (few, more) = (jump(key, 10), jump(key, 11));
        assert!(few == more || more == 10, "only the new bucket takes: {few} to {more}");
    }
}

#[test]
fn whoever_leaves_a_rendezvous_moves_its_own_partitions_only() {
    let all = members(0..20);
    let (moved, orphans) = moved(&Rendezvous, &all, &members((0..20).filter(|n| *n != 7)));
    assert!(moved == orphans && orphans > 50, "{moved} of {orphans}");
}

#[test]
fn the_last_leaves_a_jump_hash_alone_and_any_other_does_not() {
    let all = members(0..20);
    let (last, orphans) = moved(&JumpHash, &all, &members(0..19));
    assert_eq!(last, orphans);
    let (middle, orphans) = moved(&JumpHash, &all, &members((0..20).filter(|n| *n != 7)));
    assert!(middle > orphans * 5, "{middle} of {orphans}");
}

#[test]
fn bounded_loads_are_bounded_and_move_more_than_orphans() {
    let weights = Weights::uniform(2000);
    let answer = BoundedLoads::default().assign(&Input::fresh(&weights, members(0..20)));
    let loads = answer.loads(&weights);
    assert_eq!(loads.as_slice().iter().sum::<u64>(), 2000);
    assert_eq!(loads.max(), 105, "the ring alone goes beyond, so some are at the bound");
    let all = members(0..20);
    let (moved, orphans) =
        moved(&BoundedLoads::default(), &all, &members((0..20).filter(|n| *n != 7)));
    assert!(moved > orphans, "{moved} of {orphans}");
}

#[test]
fn everybody_gives_each_partition_one_owner() {
    let weights = Weights::uniform(500);
    for contestant in field() {
        let answer = contestant.strategy.assign(&Input::fresh(&weights, members(0..7)));
        assert_eq!(answer.iter().count(), 500, "{}", contestant.strategy.name());
        assert!(answer.loads(&weights).min() > 0, "{}", contestant.strategy.name());
    }
}
