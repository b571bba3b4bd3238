//! How many records the judge takes in within a second of one core.
//!
//! A record is one [`Entry`]: a message of the stream, or an effect in the ledger, decoded, as the
//! streams hand them in. Everything that the judge makes of it is included, and so is dropping it;
//! decoding is not. CPU time is measured, so that what else the machine does counts less.
//!
//! 100 partitions, each with the claim of one owner. An effect names one message or twenty. With
//! disorder, one message of a hundred is stored up to 1,000 records later than its place, which its
//! producer is charged with, and so is its effect.

use std::hint::black_box;

use broker::Seq;
use coordinator::{Entry, Judge, JudgeSettings, OfMember, OfPartition, Output, Promise, Stored};
use cpu::CpuTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use model::{PartitionId, PartitionSeq, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, LedgerRecord, MemberRecord, Session, Term};

const PARTITIONS: u32 = 100;
/// Records that are measured at once.
const RECORDS: usize = 200_000;
/// How far a record is displaced at most.
const WINDOW: usize = 1_000;

fn settings() -> JudgeSettings {
    let second = std::time::Duration::from_secs(1);
    JudgeSettings {
        partitions: PARTITIONS,
        weights: None,
        lease: second * 3,
        unowned_bound: second * 8,
        startup_bound: second * 20,
        stall: second * 15,
        processing_min: std::time::Duration::ZERO,
        promise: Promise::ExactlyOnce,
        sticky: true,
        required: vec![],
        started_at: Timestamp(0),
    }
}

fn owner() -> MemberId {
    MemberId::new("worker-0").expect("it is a name")
}

/// A judge that knows who owns everything.
fn judge() -> Judge {
    let mut judge = Judge::new(settings());
    let record = MemberRecord::Joined { acked: Epoch(1), seat: None };
    judge.take(Entry::Member(OfMember { member: owner(), pos: Seq(1), at: Timestamp(0), record }));
    for partition in (0..PARTITIONS).map(PartitionId) {
        let record = LedgerRecord::Claim { holder: holder(), through: Seq::NONE };
        let pos = Seq(u64::from(partition.0) + 1);
        judge.take(Entry::Ledger(OfPartition { partition, pos, at: Timestamp(1), record }));
    }
    judge
}

fn holder() -> Holder {
    Holder { term: Term(1), epoch: Epoch(1), session: Session(1), member: owner() }
}

/// Which message comes next: its partition and its place there.
type Next = (PartitionId, u64);

/// Messages of all partitions in turn, one of a hundred of them late.
fn messages(disorder: bool) -> Vec<Next> {
    let partitions = u64::from(PARTITIONS);
    let mut all: Vec<(u64, Next)> = (0..RECORDS as u64)
        .map(|n| {
            let late = if disorder && n % 100 == 7 { n * 7919 % WINDOW as u64 } else { 0 };
            (n + late, (PartitionId((n % partitions) as u32), n / partitions + 1))
        })
        .collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, next)| next).collect()
}

/// The records: messages, each batch of a partition followed by its effect.
fn records(messages: &[Next], batch: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut open: Vec<Vec<Output>> = vec![Vec::new(); PARTITIONS as usize];
    let mut ledger = u64::from(PARTITIONS);
    for (n, (partition, seq)) in messages.iter().enumerate() {
        let (partition, seq, pos, at) =
            (*partition, *seq, Seq(n as u64 + 1), Timestamp(n as i64 * 10 + 10));
        let producer = ProducerId("producer-0".into());
        entries.push(Entry::Stored(Stored { partition, pos, at, seq, producer, of: None }));
        let done = &mut open[partition.0 as usize];
        done.push(Output::Done(PartitionSeq(seq)));
        if done.len() == batch {
            let outputs = std::mem::take(done);
            let claim = Seq(u64::from(partition.0) + 1);
            let record = LedgerRecord::Effect { holder: holder(), claim, through: pos, outputs };
            ledger += 1;
            entries.push(Entry::Ledger(OfPartition { partition, pos: Seq(ledger), at, record }));
        }
        if entries.len() >= RECORDS {
            break;
        }
    }
    entries
}

fn ledger(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("ledger");
    for (name, disorder, batch) in [
        ("in order, an effect for each message", false, 1),
        ("in order, an effect for twenty messages", false, 20),
        ("1 % disorder, an effect for each message", true, 1),
        ("1 % disorder, an effect for twenty messages", true, 20),
    ] {
        let records = records(&messages(disorder), batch);
        group.throughput(Throughput::Elements(records.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || (judge(), records.clone()),
                |(mut judge, records)| {
                    records.into_iter().for_each(|record| judge.take(record));
                    black_box(judge)
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = ledger
}
criterion_main!(benches);
