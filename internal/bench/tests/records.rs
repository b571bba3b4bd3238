//! What a leader writes fits into the values of a server, and follows from what changed.

use bench::assign::{Change, PAYLOAD_MAX, Size, record_verdicts, written};
use model::{PartitionId, Weights};
use parti::records::{Epoch, Grant, Session, Term, encode};
use parti::strategy::{Input, Members, RoundRobin, Strategy, WeightedConsistentHash};
use parti::{MemberId, PartitionSet};

#[test]
fn one_member_more_or_less_costs_the_grants_that_it_changes() {
    let size = Size { partitions: 1500, members: 100 };
    let all = written(size).expect("the group comes to rest");
    let changes: Vec<_> = all.iter().map(|written| written.change).collect();
    let (more, less) = (Some(Change::OneMore), Some(Change::OneLess));
    assert_eq!(changes[..3], [None, more, less]);
    assert_eq!(all[0].moved, 1500, "everything finds an owner");
    assert!(all[0].records > 100, "a plan, and a grant for each: {:?}", all[0]);
    for one in &all {
        let mean = one.bytes / one.records;
        assert!((mean..one.bytes).contains(&one.largest), "the largest of several: {one:?}");
    }
    for verdict in record_verdicts(&all) {
        assert!(verdict.kept, "{verdict:?}");
    }
    for one in &all[1..3] {
        assert!(one.moved <= 15 && one.share() < 0.2, "{one:?}");
    }
}

/// The largest grant of an answer, as it is stored.
fn largest(strategy: &dyn Strategy, partitions: u32, count: u32) -> u64 {
    let weights = Weights::uniform(partitions);
    let name = |n| MemberId::new(format!("worker-{n:05}")).expect("a name");
    let members: Members = (0..count).map(name).collect();
    let answer = strategy.assign(&Input::fresh(&weights, members));
    let far = u64::MAX;
    let sizes = answer.by_member().into_values().map(|owned: Vec<PartitionId>| {
        let partitions: PartitionSet = owned.into_iter().collect();
        let (term, epoch, session) = (Term(far), Epoch(far), Session(far));
        encode(&Grant { term, epoch, session, partitions }).len() as u64
    });
    sizes.max().unwrap_or(0)
}

#[test]
fn every_grant_of_a_hundred_thousand_partitions_fits() {
    let of_many = largest(&WeightedConsistentHash::default(), 100_000, 1_000);
    assert!((100..1_000).contains(&of_many), "{of_many}");
    // Every second partition is the longest list that there is.
    let of_two = largest(&RoundRobin, 100_000, 2);
    assert!((200_000..PAYLOAD_MAX).contains(&of_two), "{of_two}");
}
