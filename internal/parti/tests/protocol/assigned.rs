//! Members that only follow grants: a partition is nobody's before it is the next one's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use broker_virtual::VirtualLog;
use model::PartitionId;
use parti::records::Session;
use parti::{Assignment, Member};
use tokio::time::Instant;

use crate::support::{LEASE, List, World, id, ms, push, secs, sleep, take};

/// Who holds what, and whether two ever held the same.
type Held = Arc<Mutex<BTreeMap<PartitionId, String>>>;

struct Follower {
    member: Member,
    client: VirtualLog,
    told: List<(Instant, Assignment)>,
}

/// Joins; letting go takes a while, and nothing may be held by two.
async fn follow(world: &World, name: &'static str, held: &Held) -> Follower {
    let client = world.broker.client(name);
    let told: List<(Instant, Assignment)> = List::default();
    let (list, held) = (told.clone(), held.clone());
    let assignee = move |assignment: Assignment| {
        push(&list, (Instant::now(), assignment.clone()));
        let held = held.clone();
        async move {
            let own = |p: &PartitionId, owner: &String| {
                owner == name && !assignment.partitions.0.contains(p)
            };
            let goes = held.lock().expect("no test panics here").iter().any(|(p, o)| own(p, o));
            if goes {
                sleep(ms(300)).await;
            }
            let mut held = held.lock().expect("no test panics here");
            held.retain(|p, owner| !own(p, owner));
            for partition in assignment.partitions.0 {
                let other = held.insert(partition, name.to_owned());
                let own = other.as_deref().is_none_or(|other| other == name);
                assert!(own, "{partition} is given to {name} while {other:?} has it");
            }
        }
    };
    let member = world.builder(name, &client).follow(assignee).await.expect("it joins");
    Follower { member, client, told }
}

fn shares(held: &Held) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for owner in held.lock().expect("no test panics here").values() {
        *shares.entry(owner.clone()).or_default() += 1;
    }
    shares
}

fn expect(pairs: &[(&str, usize)]) -> BTreeMap<String, usize> {
    pairs.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_is_let_go_of_before_somebody_else_is_told() {
    let world = World::new(1, 12).await;
    let held = Held::default();
    let a = follow(&world, "a", &held).await;
    sleep(secs(3)).await;
    assert_eq!(shares(&held), expect(&[("a", 12)]));
    assert_eq!(a.member.status().owned, 12);
    let _b = follow(&world, "b", &held).await;
    let c = follow(&world, "c", &held).await;
    sleep(secs(5)).await;
    assert_eq!(shares(&held), expect(&[("a", 4), ("b", 4), ("c", 4)]));
    let told = take(&a.told).len();
    sleep(secs(60)).await;
    assert_eq!(take(&a.told).len(), told, "nobody is told what has not changed");
    c.member.leave().await.unwrap();
    assert_eq!(take(&c.told).last().unwrap().1.partitions, Default::default());
    sleep(secs(3)).await;
    assert_eq!(shares(&held), expect(&[("a", 6), ("b", 6)]));
    assert_eq!(world.claims(), 0, "nothing is claimed for them");
    world.story();
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_dead() {
    let world = World::new(2, 6).await;
    let held = Held::default();
    let a = follow(&world, "a", &held).await;
    let b = follow(&world, "b", &held).await;
    sleep(secs(4)).await;
    assert_eq!(shares(&held), expect(&[("a", 3), ("b", 3)]));
    drop(b);
    held.lock().expect("no test panics here").retain(|_, owner| owner != "b");
    let died = Instant::now();
    sleep(LEASE * 2).await;
    assert_eq!(shares(&held), expect(&[("a", 6)]));
    let after = take(&a.told).last().unwrap().0 - died;
    assert!(after >= LEASE / 2, "its lease was not over: {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_was_taken_for_dead_is_told_so_and_begins_anew() {
    let world = World::new(3, 6).await;
    let (mine, others) = (Held::default(), Held::default());
    let _a = follow(&world, "a", &others).await;
    let b = follow(&world, "b", &mine).await;
    sleep(secs(4)).await;
    let first = b.member.status().session.unwrap();
    b.client.cut();
    sleep(LEASE * 3).await;
    assert_eq!(shares(&others), expect(&[("a", 6)]));
    b.client.heal();
    sleep(secs(4)).await;
    let told: Vec<(Session, usize)> =
        take(&b.told).iter().map(|(_, told)| (told.session, told.partitions.0.len())).collect();
    let second = b.member.status().session.unwrap();
    assert_ne!(first, second);
    assert_eq!(told, [(first, 3), (first, 0), (second, 3)], "it let go before it began anew");
    assert_eq!(b.member.id(), &id("b"));
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_name_another_takes_is_told_to_let_go() {
    let world = World::new(4, 6).await;
    let (one, other) = (Held::default(), Held::default());
    let mut first = follow(&world, "a", &one).await;
    sleep(secs(3)).await;
    assert_eq!(shares(&one), expect(&[("a", 6)]));
    let _second = follow(&world, "a", &other).await;
    assert!(first.member.ended().await.is_err(), "its name is taken");
    sleep(secs(3)).await;
    assert_eq!(shares(&one), expect(&[]));
    assert_eq!(shares(&other), expect(&[("a", 6)]));
}
