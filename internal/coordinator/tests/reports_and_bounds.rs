//! Reports that come late, twice or from an earlier life, and lists that must not grow for ever.

mod script;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::Seq;
use coordinator::{
    Class, Event, Fault, FaultKind, Judge, PartitionSent, ProducerReport, Range, RunInfo,
    WorkerReport,
};
use model::{PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::Session;

const P: PartitionId = PartitionId(0);

fn judge() -> Judge {
    Judge::new(script::settings(vec![]))
}

fn producer(session: u64, at: i64, acked: Range, retries: u64) -> ProducerReport {
    let in_doubt = vec![Range(90, 90 + retries)];
    ProducerReport {
        producer: ProducerId("producer-1".into()),
        session,
        at: Timestamp(at),
        partitions: BTreeMap::from([(P, PartitionSent { acked: vec![acked], in_doubt })]),
        retries,
        rejected: 0,
        recovered: 0,
        shed: 0,
        publishing: None,
        finished: session == 2,
    }
}

#[test]
fn a_producer_keeps_its_acknowledgements_and_counters_over_its_lives() {
    let mut judge = judge();
    judge.producer_report(producer(1, 1, Range(1, 3), 2));
    judge.producer_report(producer(1, 2, Range(1, 5), 3));
    judge.producer_report(producer(2, 9, Range(6, 8), 4));
    let expected = |judge: &Judge| {
        let totals = judge.totals();
        assert_eq!((totals.acked, totals.sent, totals.retries), (8, 8, 7));
        assert_eq!((totals.in_doubt, totals.producers, totals.producers_finished), (5, 1, 1));
    };
    expected(&judge);
    judge.producer_report(producer(1, 1, Range(1, 3), 2));
    judge.producer_report(producer(2, 8, Range(6, 7), 1));
    expected(&judge);
}

#[test]
fn a_worker_counts_by_life_and_an_older_report_changes_nothing() {
    let mut judge = judge();
    let report = |session, at, attempts| WorkerReport {
        member: MemberId::new("a").unwrap(),
        session: Session(session),
        at: Timestamp(at),
        attempts,
        failures: 1,
        fenced: 2,
        fenced_last: vec![],
        processing: Duration::ZERO,
        processing_max: Duration::ZERO,
        durations: None,
        finished: false,
    };
    for (session, at, attempts) in [(1, 1, 10), (1, 3, 30), (1, 2, 20), (7, 4, 5)] {
        judge.worker_report(report(session, at, attempts));
    }
    let totals = judge.totals();
    assert_eq!((totals.attempts, totals.failures, totals.fenced), (35, 2, 4));
}

#[test]
fn findings_are_all_counted_and_the_first_ones_kept() {
    let mut judge = judge();
    for pos in 1..=1_500 {
        judge.corrupt(P, Seq(pos), Timestamp(1), 1, 2);
    }
    for class in [Class::Duplicate, Class::Duplicate] {
        let again = script::History::parse("1 store 1 1,1").told;
        for (_, told) in &again {
            judge.take(told.clone());
        }
        assert!(judge.totals().anomalies.of(class) > 0);
    }
    let report = judge.interim(Timestamp(2), &RunInfo::default());
    assert_eq!(report.anomalies.corrupt, 1_500);
    let kept = |class| report.findings.iter().filter(|finding| finding.class == class).count();
    assert_eq!((kept(Class::Corrupt), kept(Class::Duplicate)), (1_000, 3));
}

#[test]
fn events_that_nobody_takes_are_dropped_and_counted() {
    let mut judge = judge();
    for id in 1..=25_000 {
        judge.fault(Fault {
            id,
            at: Timestamp(1),
            event: "scale_up".into(),
            kind: FaultKind::Other,
            target: "workers".into(),
            duration: None,
            ended_at: None,
            effect: String::new(),
        });
    }
    let events = judge.drain_events();
    assert_eq!(events.first(), Some(&Event::Dropped { count: 5_000 }));
    assert_eq!(events.len(), 20_001);
    assert!(judge.drain_events().is_empty());
    assert_eq!(judge.totals().faults, 25_000);
}

#[test]
fn a_fault_that_is_told_again_is_the_same_fault() {
    let report = script::History::parse("1 fault pause a for=5\n9 end").judge();
    let mut judge = judge();
    for ended_at in [None, Some(Timestamp(9))] {
        judge.fault(Fault { ended_at, ..report.faults[0].fault.clone() });
    }
    let report = judge.interim(Timestamp(9), &RunInfo::default());
    assert_eq!((report.faults.len(), report.totals.faults), (1, 1));
    assert_eq!(report.faults[0].fault.ended_at, Some(Timestamp(9)));
}

#[test]
fn many_numbers_that_nobody_used_are_counted() {
    // A producer that burns every second sequence, and a backlog behind it.
    let odd: Vec<String> = (0..2_500).map(|n| (2 * n + 1).to_string()).collect();
    let odd = odd.join(",");
    let script = format!(
        "0.1 join a
        0.2 claim a 0 1
        1 store 0 {odd}
        1 ack 0 {odd}
        2 effect a 0 {odd}
        3 end"
    );
    let report = script::History::parse(&script).judge_in_every_order();
    let burnt = BTreeMap::from([(Class::LostByProducer, 2_499)]);
    assert_eq!(script::found(&report), burnt, "{}", report.text());
    assert_eq!((report.totals.sent, report.totals.received), (2_500, 2_500));
}

#[test]
fn faults_that_are_told_in_any_order_are_counted_once() {
    let fault = |id: u64| coordinator::Fault {
        id,
        at: model::Timestamp(id as i64),
        event: "worker_crash".into(),
        kind: coordinator::FaultKind::Other,
        target: "a".into(),
        duration: None,
        ended_at: None,
        effect: String::new(),
    };
    let mut judge = coordinator::Judge::new(script::settings(vec![]));
    for id in [3, 1, 2, 3, 1, 5, 4, 5, 2] {
        judge.fault(fault(id));
    }
    assert_eq!(judge.totals().faults, 5);
    let report = judge.interim(model::Timestamp(9), &coordinator::RunInfo::default());
    let ids: Vec<_> = report.faults.iter().map(|entry| entry.fault.id).collect();
    assert_eq!(ids, [1, 2, 3, 4, 5]);
}

#[test]
fn lives_that_are_only_summed_up_survive_too() {
    let mut judge = coordinator::Judge::new(script::settings(vec![]));
    for life in 1..=1_100u64 {
        let at = model::Timestamp(life as i64);
        judge.producer_report(coordinator::ProducerReport {
            producer: model::ProducerId("producer-0".into()),
            session: life,
            at,
            partitions: Default::default(),
            retries: 1,
            rejected: 1,
            recovered: 1,
            shed: 0,
            publishing: None,
            finished: false,
        });
        judge.worker_report(coordinator::WorkerReport {
            member: parti::MemberId::new("a").unwrap(),
            session: parti::records::Session(life),
            at,
            attempts: 2,
            failures: 1,
            fenced: 1,
            fenced_last: vec![],
            processing: std::time::Duration::from_nanos(life),
            processing_max: std::time::Duration::ZERO,
            durations: None,
            finished: true,
        });
    }
    let totals = script::put_away(&judge).totals();
    assert_eq!((totals.attempts, totals.fenced, totals.retries), (2_200, 1_100, 1_100));
}
