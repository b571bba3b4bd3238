//! How long a message takes to become bytes, and to be read from them, its checksum included.

use std::hint::black_box;

use cpu::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{Message, PartitionId, PartitionSeq, ProducerId, ProducerSeq, Timestamp, Weight};

fn message() -> Message {
    Message {
        partition: PartitionId(1042),
        partition_seq: PartitionSeq(123_456),
        producer: ProducerId("producer-7".into()),
        producer_seq: ProducerSeq(98_765_432),
        sent_at: Timestamp(1_700_000_000_000_000),
        weight: Weight(100),
    }
}

fn codec(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("message");
    group.throughput(Throughput::Elements(1));
    let message = message();
    let bytes = message.encode();
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&message).encode()));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| Message::decode(black_box(&bytes)).expect("it is one of ours"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = codec
}
criterion_main!(benches);
