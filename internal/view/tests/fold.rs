//! What happened, folded: who is how, who owns what, and that a reader is told only what changed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::time::Duration;

use broker::Seq;
use coordinator::{Event, Ownership, Progress, Rebalance, Totals, Verdict};
use model::{PartitionId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, Session, Term};
use reports::{Fault, FaultKind};
use view::{Held, Member, MemberState, ProducerState, Run, Seat, Shown, View};

fn second(seconds: i64) -> Timestamp {
    Timestamp(1_000_000_000 + seconds * 1_000_000)
}

fn id(name: &str) -> MemberId {
    MemberId::new(name).unwrap()
}

/// Four partitions that weigh 1, 2, 3 and 4.
fn run() -> View {
    View::new(Run {
        seed: 7,
        commit: "c0ffee".into(),
        reproduce: "simulation --seed 7".into(),
        started_at: second(0),
        duration_seconds: 60.0,
        weights: vec![1, 2, 3, 4],
        load_bound: 1.25,
        producers: 2,
        is_virtual: false,
    })
}

fn joined(name: &str, session: u64, at: i64) -> Event {
    Event::Joined { at: second(at), member: id(name), session: Session(session), acked: Epoch(0) }
}

fn record(name: &str, partition: u32, ledger: u64, at: i64, released: bool) -> Event {
    let holder =
        Holder { term: Term(1), epoch: Epoch(ledger), session: Session(1), member: id(name) };
    let (partition, ledger) = (PartitionId(partition), Seq(ledger));
    let at = second(at);
    Event::Ownership(Ownership { at, partition, ledger, holder, released, unowned_seconds: 0.0 })
}

fn claimed(name: &str, partition: u32, ledger: u64, at: i64) -> Event {
    record(name, partition, ledger, at, false)
}

fn fault(id: u64, event: &str, kind: FaultKind, target: &str, at: i64, end: Option<i64>) -> Event {
    Event::Fault(Fault {
        id,
        at: second(at),
        event: event.into(),
        kind,
        target: target.into(),
        duration: None,
        ended_at: end.map(second),
        effect: String::new(),
    })
}

fn plan(epoch: u64, seconds: Option<f64>) -> Rebalance {
    Rebalance {
        at: second(1),
        term: Term(1),
        epoch: Epoch(epoch),
        leader: id("w-0"),
        cause: "joined".into(),
        members: 2,
        moved: 2,
        voluntary: 0,
        needed: 2,
        planned_moved: 2,
        planned_needed: 2,
        seconds,
    }
}

fn progress(seconds: u64, sent: u64) -> Progress {
    let totals = Totals { sent, received: sent / 2, in_flight: sent % 7, ..Totals::default() };
    Progress { elapsed: Duration::from_secs(seconds), totals, ..Progress::default() }
}

fn fold(events: impl IntoIterator<Item = Event>) -> View {
    let mut view = run();
    events.into_iter().for_each(|event| view.happened(&event));
    view
}

fn member(view: &View, name: &str) -> Member {
    view.since(0).members.into_iter().find(|member| member.id == name).unwrap()
}

/// Partitions that ever had an owner, each with the name of it.
fn owners(shown: &Shown) -> Vec<String> {
    let name = |owner: i64| {
        let owner = shown.members.iter().find(|member| i64::from(member.n) == owner);
        owner.map_or("-".to_owned(), |member| member.id.clone())
    };
    shown.seats.iter().map(|Seat(n, owner, _, _)| format!("{n} {}", name(*owner))).collect()
}

#[test]
fn claims_make_owners_and_their_loads() {
    let view = fold([
        joined("w-0", 1, 0),
        joined("w-1", 2, 0),
        claimed("w-0", 0, 1, 1),
        claimed("w-0", 3, 2, 1),
        claimed("w-1", 1, 3, 1),
        claimed("w-1", 0, 4, 5),
        record("w-1", 1, 5, 6, true),
    ]);
    let shown = view.since(0);
    assert_eq!(owners(&shown), ["0 w-1", "1 -", "3 w-0"]);
    let loads = |name| (member(&view, name).owned, member(&view, name).load);
    assert_eq!((loads("w-0"), loads("w-1")), ((1, 4), (1, 1)));
    assert_eq!(shown.seats[0], Seat(0, 1, 5.0, 4));
    // 10 shared by two, a quarter more, rounded down.
    assert_eq!(shown.now.load_bound, 6.0);
}

#[test]
fn a_release_by_whoever_was_taken_over_from_frees_nothing() {
    let view =
        fold([claimed("w-0", 0, 1, 1), claimed("w-1", 0, 2, 2), record("w-0", 0, 3, 3, true)]);
    assert_eq!(owners(&view.since(0))[0], "0 w-1");
}

#[test]
fn what_is_told_again_changes_nothing() {
    let events = [claimed("w-0", 0, 1, 1), claimed("w-1", 0, 2, 2)];
    let once = fold(events.clone());
    let twice = fold(events.iter().chain(&events).cloned());
    assert_eq!(once.ownerships(), twice.ownerships());
    assert_eq!(owners(&twice.since(0))[0], "0 w-1");
    assert_eq!(member(&twice, "w-1").owned, 1);
}

#[test]
fn members_are_as_their_lives_and_faults_say() {
    use FaultKind::{Crash, Other, Silence};
    use MemberState::{Crashed, Cut, Expired, Left, Live, Paused, Slow};
    let gone = |left: bool, session: u64, at: i64| {
        let (at, member, session) = (second(at), id("w-0"), Session(session));
        if left {
            Event::Left { at, member, session }
        } else {
            Event::Expired { at, member, session }
        }
    };
    let steps = [
        (joined("w-0", 1, 0), Live, false),
        (fault(1, "slow_worker", Other, "w-0", 1, None), Slow, false),
        (fault(1, "slow_worker", Other, "w-0", 1, Some(2)), Live, false),
        (fault(2, "worker_pause", Silence, "w-0", 3, None), Paused, false),
        (gone(false, 1, 5), Paused, true),
        (fault(2, "worker_pause", Silence, "w-0", 3, Some(6)), Expired, true),
        (joined("w-0", 9, 7), Live, false),
        (gone(false, 1, 8), Live, false),
        (fault(3, "network_disconnect", Silence, "w-0", 9, None), Cut, false),
        (fault(3, "network_disconnect", Silence, "w-0", 9, Some(10)), Live, false),
        (fault(4, "worker_crash", Crash, "w-0", 11, Some(11)), Crashed, false),
        (gone(false, 9, 14), Crashed, false),
        (joined("w-0", 20, 15), Live, false),
        // That the killed one came back is told after the new life has begun.
        (fault(4, "worker_crash", Crash, "w-0", 11, Some(11)), Live, false),
        (gone(true, 20, 16), Left, false),
    ];
    let mut view = run();
    for (place, (event, state, declared_dead)) in steps.into_iter().enumerate() {
        view.happened(&event);
        let member = member(&view, "w-0");
        assert_eq!((member.state, member.declared_dead), (state, declared_dead), "step {place}");
    }
}

#[test]
fn an_event_that_was_skipped_hits_nobody() {
    let skipped = match fault(1, "worker_pause", FaultKind::Other, "w-0", 1, None) {
        Event::Fault(fault) => {
            Event::Fault(Fault { effect: "skipped: too few are left".into(), ..fault })
        }
        other => other,
    };
    let view = fold([joined("w-0", 1, 0), skipped]);
    assert_eq!(member(&view, "w-0").state, MemberState::Live);
    assert_eq!(view.since(0).faults.len(), 1);
}

#[test]
fn producers_and_broker_go_and_come_back() {
    let mut view = fold([
        fault(1, "producer_crash", FaultKind::Other, "producer-1", 1, None),
        fault(2, "broker_restart", FaultKind::Broker, "nats-server", 2, None),
    ]);
    let states = |view: &View| {
        let shown = view.since(0);
        let states: Vec<_> = shown.producers.iter().map(|producer| producer.state).collect();
        (states, shown.now.broker)
    };
    let (live, crashed) = (ProducerState::Live, ProducerState::Crashed);
    assert_eq!(states(&view), (vec![live, crashed], Held::Down));
    view.happened(&fault(1, "producer_crash", FaultKind::Other, "producer-1", 1, Some(4)));
    view.happened(&fault(2, "broker_restart", FaultKind::Broker, "nats-server", 2, Some(4)));
    assert_eq!(states(&view), (vec![live, live], Held::Up));
}

#[test]
fn the_leader_is_who_was_elected_last() {
    let elected =
        |name: &str, term| Event::Elected { at: second(1), member: id(name), term: Term(term) };
    let mut view = fold([joined("w-0", 1, 0), joined("w-1", 2, 0), elected("w-1", 3)]);
    assert_eq!(view.since(0).now.leader, 1);
    view.happened(&Event::Vacant { at: second(2), term: Term(3) });
    assert_eq!(view.since(0).now.leader, -1);
    view.happened(&elected("w-0", 4));
    assert_eq!(view.since(0).now.leader, 0);
}

#[test]
fn a_reader_is_told_only_what_changed() {
    let mut view = fold([joined("w-0", 1, 0), joined("w-1", 2, 0), claimed("w-0", 0, 1, 1)]);
    view.progress(&progress(1, 10));
    view.happened(&Event::Planned(plan(1, None)));
    let first = view.since(0);
    assert!(first.run.is_some() && first.members.len() == 2 && first.seats.len() == 1);

    let nothing = view.since(first.version);
    assert!(nothing.run.is_none() && nothing.members.is_empty() && nothing.seats.is_empty());
    assert!(nothing.rebalances.is_empty() && nothing.faults.is_empty());
    assert!(nothing.series.points.is_empty() && nothing.producers.is_empty());

    view.happened(&claimed("w-1", 0, 2, 2));
    view.happened(&Event::Settled(plan(1, Some(0.5))));
    view.progress(&progress(2, 20));
    let second = view.since(first.version);
    assert_eq!(second.seats, [Seat(0, 1, 2.0, 2)]);
    assert_eq!(second.members.len(), 2, "one lost it, one won it");
    assert_eq!(second.rebalances.len(), 1);
    assert_eq!(second.rebalances[0].seconds, Some(0.5));
    assert_eq!((second.series.from, second.series.points.len()), (1, 1));
    assert_eq!(view.since(0).rebalances.len(), 1, "the same plan, not one more");
}

#[test]
fn a_reader_who_applies_what_changed_knows_the_curve() {
    let mut view = run();
    let (mut known, mut told) = (Vec::new(), 0);
    for second in 0..5_000 {
        view.progress(&progress(second, second * 3));
        if second % 7 == 0 {
            let shown = view.since(told);
            known.truncate(shown.series.from);
            known.extend(shown.series.points);
            told = shown.version;
            assert_eq!(known, view.since(0).series.points, "at {second} s");
        }
    }
    assert!((600..=1_200).contains(&known.len()), "{} points", known.len());
    assert!(known.windows(2).all(|pair| pair[0].t < pair[1].t && pair[0].sent <= pair[1].sent));
    assert!(known.iter().all(|point| point.sent == 3 * point.t as u64));
    // Of what comes and goes, the most is kept.
    assert!(known.iter().skip(1).all(|point| point.in_flight >= 3), "{known:?}");
}

#[test]
fn figures_from_before_are_left_out() {
    let mut view = run();
    view.progress(&progress(5, 50));
    view.progress(&progress(4, 40));
    let shown = view.since(0);
    assert_eq!((shown.now.totals.sent, shown.series.points.len()), (50, 1));
}

#[test]
fn everything_is_bounded() {
    let mut view = run();
    for n in 0..30_000_u64 {
        let name = format!("w-{}", n % 6_000);
        let at = n as i64;
        view.happened(&joined(&name, n + 1, at));
        // The last partition stays with whom it came to early.
        let partition = if n < 1_000 { n % 4 } else { n % 3 };
        view.happened(&claimed(&name, partition as u32, n + 1, at));
        view.happened(&Event::Left { at: second(at), member: id(&name), session: Session(n + 1) });
        view.happened(&Event::Planned(plan(n, None)));
        view.happened(&fault(n, "worker_pause", FaultKind::Silence, &name, at, None));
    }
    let shown = view.since(0);
    assert!(shown.members.len() <= 4_096, "{} members", shown.members.len());
    assert_eq!((shown.rebalances.len(), shown.faults.len()), (200, 500));
    let past = view.ownerships();
    assert_eq!(past.changes.len(), 20_000);
    assert!(past.from > 0.0 && past.from <= past.changes[0].0);
    // What the kept changes begin with, and they themselves, are what there is now.
    let mut owners = past.base.clone();
    past.changes.iter().for_each(|change| owners[change.1 as usize] = change.2);
    let now: Vec<_> = shown.seats.iter().map(|seat| seat.1).collect();
    assert_eq!(owners, now);
    assert!(serde_json::to_string(&shown).unwrap().len() < 2_000_000);
}

#[test]
fn the_verdict_ends_the_run() {
    let mut view = run();
    let before = view.since(0);
    assert_eq!(before.now.verdict, Verdict::Running);
    view.judged(Verdict::Pass, &Totals { sent: 9, ..Totals::default() });
    let after = view.since(before.version);
    assert_eq!((after.now.verdict, after.now.totals.sent), (Verdict::Pass, 9));
}
