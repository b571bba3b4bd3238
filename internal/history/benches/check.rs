//! How many records a second `check` judges on one core, from the bytes of a history to the report:
//! decompressed, decoded, judged. 100 partitions; each message has an effect of its own, by an owner
//! with a claim, and every partition is owned all along.

use std::io::{Cursor, Write};

use broker::Seq;
use coordinator::{Entry, JudgeSettings, OfMember, OfPartition, Output, Promise, Stored, Verdict};
use cpu::CpuTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use history::{Header, Series, check};
use model::{PartitionId, PartitionSeq, ProducerId, Seed, Timestamp};
use parti::MemberId;
use parti::records::{Epoch, Holder, LedgerRecord, MemberRecord, Session, Term};

const PARTITIONS: u32 = 100;
/// Messages, and effects.
const MESSAGES: u64 = 50_000;

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
        started_at: Timestamp(1),
    }
}

fn ledger(partition: PartitionId, pos: u64, at: i64, record: LedgerRecord<Output>) -> Entry {
    Entry::Ledger(OfPartition { partition, pos: Seq(pos), at: Timestamp(at), record })
}

/// A history in plain text.
fn history() -> Vec<u8> {
    let member = MemberId::new("worker-0").expect("it is a name");
    let holder = Holder { term: Term(1), epoch: Epoch(1), session: Session(1), member };
    let mut text = serde_json::to_vec(&Header::new(settings(), Seed(1), "")).expect("it is JSON");
    let mut say = |entry: &Entry| {
        text.push(b'\n');
        serde_json::to_writer(&mut text, entry).expect("it is JSON");
    };
    let record = MemberRecord::Joined { acked: Epoch(1), seat: None };
    let (member, pos, at) = (holder.member.clone(), Seq(1), Timestamp(1));
    say(&Entry::Member(OfMember { member, pos, at, record }));
    for p in 0..PARTITIONS {
        let claim = LedgerRecord::Claim { holder: holder.clone(), through: Seq::NONE };
        say(&ledger(PartitionId(p), u64::from(p) + 1, 2, claim));
    }
    for n in 0..MESSAGES {
        let partition = PartitionId((n % u64::from(PARTITIONS)) as u32);
        let (pos, seq, at) = (Seq(n + 1), n / u64::from(PARTITIONS) + 1, n as i64 * 10 + 10);
        let producer = ProducerId("producer-0".into());
        say(&Entry::Stored(Stored { partition, pos, at: Timestamp(at), seq, producer, of: None }));
        let (claim, outputs) =
            (Seq(u64::from(partition.0) + 1), vec![Output::Done(PartitionSeq(seq))]);
        let effect = LedgerRecord::Effect { holder: holder.clone(), claim, through: pos, outputs };
        say(&ledger(partition, u64::from(PARTITIONS) + n + 1, at + 5, effect));
    }
    let end = MESSAGES * 10 + 20;
    text.extend(format!("\n{{\"kind\":\"end\",\"at\":{end}}}\n").into_bytes());
    text
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text).expect("memory takes it");
    gzip.finish().expect("memory takes it")
}

fn checks(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Elements(MESSAGES * 2));
    let text = history();
    for (name, bytes) in [("gzip", compressed(&text)), ("plain", text)] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || bytes.clone(),
                |bytes| {
                    let series = Series::read(name.into(), Cursor::new(bytes));
                    let checked = series.and_then(check).expect("it is a history");
                    assert_eq!(checked.report.verdict, Verdict::Pass);
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
    targets = checks
}
criterion_main!(benches);
