//! Judges the group's stream: no partition in two grants, no word of a term after the next.

use std::collections::BTreeMap;

use broker::Record;
use model::PartitionId;
use parti::records::{Grant, LeaderBeat, LeaderRecord, Plan, Term, decode};
use parti::{GroupSubject, MemberId, Names};

/// What the group's stream has said, read live (it keeps only few records per subject).
#[derive(Debug, Default)]
pub struct Story {
    /// The elections, in order.
    pub leaders: Vec<(MemberId, Term)>,
    /// The plans, in order.
    pub plans: Vec<Plan>,
    /// Every grant, in order.
    pub grants: Vec<(MemberId, Grant)>,
}

/// Reads the records and holds them to the invariants.
pub fn story(names: &Names, records: &[Record]) -> Story {
    let mut story = Story::default();
    let mut holders = BTreeMap::<MemberId, Grant>::new();
    for record in records {
        let newest = story.leaders.last().map_or(Term(0), |(_, term)| *term);
        match names.group_subject(&record.subject) {
            Some(GroupSubject::Leader) => {
                if let Ok(LeaderRecord::Elected { member, .. }) = decode(record) {
                    story.leaders.push((member, Term(record.seq.0)));
                }
            }
            Some(GroupSubject::LeaderBeat) => {
                if let Ok(beat) = decode::<LeaderBeat>(record) {
                    assert_eq!(beat.term, newest, "a deposed leader's beat");
                }
            }
            Some(GroupSubject::Plan) => {
                if let Ok(plan) = decode::<Plan>(record) {
                    assert_eq!(plan.term, newest, "a deposed leader's plan");
                    story.plans.push(plan);
                }
            }
            Some(GroupSubject::Grant(member)) => {
                if let Ok(grant) = decode::<Grant>(record) {
                    assert_eq!(grant.term, newest, "a deposed leader's grant");
                    story.grants.push((member.clone(), grant.clone()));
                    fold(&mut holders, member, grant);
                }
            }
            _ => {}
        }
    }
    story
}

/// A late copy of an older grant counts as little here as it does for members.
fn fold(holders: &mut BTreeMap<MemberId, Grant>, member: MemberId, grant: Grant) {
    let newer = |old: &Grant| (old.term, old.epoch) < (grant.term, grant.epoch);
    if !holders.get(&member).is_none_or(newer) {
        return;
    }
    holders.insert(member, grant);
    let mut held = BTreeMap::<PartitionId, &MemberId>::new();
    for (member, grant) in &*holders {
        for partition in &grant.partitions.0 {
            let other = held.insert(*partition, member);
            assert!(other.is_none(), "{partition} is granted to {member} and {other:?}: {grant:?}");
        }
    }
}
