//! Memory does not grow with the messages of a healthy run.

#![allow(clippy::unwrap_used, reason = "a name that does not parse is a broken test")]

mod script;

use broker::Seq;
use coordinator::{
    End, Judge, Output, PartitionSent, ProducerReport, Range, RunInfo, Sent, Verdict,
};
use model::{PartitionId, PartitionSeq, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, LedgerRecord, MemberRecord, Session, Term};

const PARTITIONS: u32 = 10;
/// Messages of one effect.
const BATCH: u64 = 20;

fn holder() -> Holder {
    let member = MemberId::new("a").unwrap();
    Holder { term: Term(1), epoch: Epoch(1), session: Session(1), member }
}

fn message(partition: PartitionId, seq: u64) -> Sent {
    Sent { partition, seq, producer: ProducerId("producer-1".into()) }
}

/// A healthy run of `rounds` times 20 messages of each partition; the judge's size, now and then.
fn run(rounds: u64) -> (Judge, Vec<usize>) {
    let mut settings = script::settings(vec![]);
    settings.partitions = PARTITIONS;
    let mut judge = Judge::new(settings);
    let joined = MemberRecord::Joined { acked: Epoch(1), seat: None };
    judge.member(MemberId::new("a").unwrap(), Seq(1), Timestamp(0), joined);
    let (mut pos, mut seq, mut sizes) = (0, 0, Vec::new());
    for partition in (0..PARTITIONS).map(PartitionId) {
        seq += 1;
        let claim = LedgerRecord::Claim { holder: holder(), through: Seq::NONE };
        judge.ledger(partition, Seq(seq), Timestamp(1), claim);
    }
    for round in 0..rounds {
        let at = Timestamp((round as i64 + 1) * 1_000);
        for partition in (0..PARTITIONS).map(PartitionId) {
            for number in round * BATCH + 1..=(round + 1) * BATCH {
                pos += 1;
                judge.stored(partition, Seq(pos), at, message(partition, number));
            }
            seq += 1;
            let numbers = round * BATCH + 1..=(round + 1) * BATCH;
            let outputs = numbers.map(|number| Output::Done(PartitionSeq(number))).collect();
            let (holder, claim) = (holder(), Seq(u64::from(partition.0) + 1));
            let effect = LedgerRecord::Effect { holder, claim, through: Seq(pos), outputs };
            judge.ledger(partition, Seq(seq), at, effect);
        }
        let alive = MemberRecord::Alive {
            session: Session(1),
            seat: Session(1),
            acked: Epoch(1),
            owned: PARTITIONS,
        };
        judge.member(MemberId::new("a").unwrap(), Seq(round + 2), at, alive);
        judge.producer_report(acked(at, (round + 1) * BATCH));
        if round % (rounds / 10) == 0 {
            judge.drain_events();
            sizes.push(judge.entries());
        }
    }
    (judge, sizes)
}

fn acked(at: Timestamp, to: u64) -> ProducerReport {
    let sent = PartitionSent { acked: vec![Range(1, to)], in_doubt: vec![] };
    ProducerReport {
        producer: ProducerId("producer-1".into()),
        session: 1,
        at,
        partitions: (0..PARTITIONS).map(|p| (PartitionId(p), sent.clone())).collect(),
        retries: 0,
        rejected: 0,
        recovered: 0,
        shed: 0,
        publishing: None,
        finished: false,
    }
}

fn end(judge: &mut Judge, rounds: u64) -> Verdict {
    let end = End {
        at: Timestamp(rounds as i64 * 1_000 + 1),
        drained_within: true,
        broker_reachable: true,
        interrupted: false,
        resources: Default::default(),
    };
    judge.finish(end, &RunInfo::default()).verdict
}

#[test]
fn memory_does_not_grow_with_the_messages() {
    let rounds = 5_000;
    let (mut judge, sizes) = run(rounds);
    assert_eq!(judge.totals().received, 1_000_000);
    println!("entries: {sizes:?}");
    let (early, late) = (sizes[1], sizes[sizes.len() - 1]);
    assert!(late <= early, "{sizes:?}");
    assert!(late < 1_000, "{sizes:?}");
    assert_eq!(end(&mut judge, rounds), Verdict::Pass);
}

#[test]
fn memory_does_not_grow_with_the_losses() {
    let mut settings = script::settings(vec![]);
    settings.partitions = 1;
    let mut judge = Judge::new(settings);
    let (partition, at, to) = (PartitionId(0), Timestamp(1), 40_000);
    let claim = LedgerRecord::Claim { holder: holder(), through: Seq::NONE };
    judge.ledger(partition, Seq(1), at, claim);
    for number in 1..=to {
        // Of every four messages one is lost by the broker and one in delivery.
        if number % 4 == 0 {
            continue;
        }
        judge.stored(partition, Seq(number), at, message(partition, number));
        if number % 4 == 2 {
            continue;
        }
        let outputs = vec![Output::Done(PartitionSeq(number))];
        let (holder, through) = (holder(), Seq(number));
        let effect = LedgerRecord::Effect { holder, claim: Seq(1), through, outputs };
        judge.ledger(partition, Seq(number + 1), at, effect);
        if number % 99 == 0 {
            let mut report = acked(at, number);
            report.partitions.retain(|p, _| p.0 == 0);
            judge.producer_report(report);
        }
        assert!(judge.entries() < 10_000, "{} entries after {number}", judge.entries());
    }
    judge.producer_report(acked(at, to));
    judge = script::put_away(&judge);
    end(&mut judge, 1);
    let anomalies = judge.totals().anomalies;
    assert_eq!(anomalies.lost_in_delivery, to / 4);
    assert_eq!(anomalies.lost_by_broker, to / 4);
    assert_eq!((anomalies.duplicate, anomalies.out_of_order, anomalies.unexpected), (0, 0, 0));
}
