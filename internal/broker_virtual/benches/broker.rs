//! What the broker in memory costs: a thousand appends to a hundred subjects, the same under an
//! expectation, and reading them on. The way to the broker and back is included; its time is virtual.

#[path = "../tests/common/mod.rs"]
mod common;

use broker::{Admin, Append, Log, Reader, Seq, Start};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use common::{spec, stream, subject};
use cpu::CpuTime;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use model::Seed;
use tokio::runtime::{Builder, Runtime};

const RECORDS: u64 = 1_000;
const SUBJECTS: u64 = 100;

/// As large as the effect of a few messages.
const PAYLOAD: &[u8] = &[b'x'; 150];

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("there is a clock")
}

async fn client() -> VirtualLog {
    let client = VirtualBroker::new(Options::new(Seed(1))).client("bench");
    client.ensure(&spec()).await.expect("the stream is made");
    client
}

fn append(n: u64) -> Append {
    Append::new(stream(), subject(&format!("s.{}", n % SUBJECTS)), PAYLOAD)
}

async fn fill(client: VirtualLog) -> VirtualLog {
    for n in 0..RECORDS {
        client.append(append(n)).await.expect("it is stored");
    }
    client
}

/// Each record of a subject is appended after the one before it.
async fn chain(client: VirtualLog) -> VirtualLog {
    let mut last = [Seq::NONE; SUBJECTS as usize];
    for n in 0..RECORDS {
        let before = &mut last[(n % SUBJECTS) as usize];
        *before = client.append(append(n).after(*before)).await.expect("it is stored");
    }
    client
}

async fn read_on(client: VirtualLog) -> VirtualLog {
    let reading = client.read(&stream(), vec![subject("s.>")], Start::At(Seq(1)));
    let mut reader = reading.await.expect("there is a reader");
    for _ in 0..RECORDS {
        reader.next().await.expect("there is one more");
    }
    client
}

fn broker(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("virtual broker");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(30);
    let runtime = runtime();
    let empty = || runtime.block_on(client());
    let full = || runtime.block_on(async { fill(client().await).await });
    let size = BatchSize::SmallInput;
    group.bench_function("append", |bencher| {
        bencher.iter_batched(empty, |client| runtime.block_on(fill(client)), size);
    });
    group.bench_function("append after the last", |bencher| {
        bencher.iter_batched(empty, |client| runtime.block_on(chain(client)), size);
    });
    group.bench_function("read on", |bencher| {
        bencher.iter_batched(full, |client| runtime.block_on(read_on(client)), size);
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = broker
}
criterion_main!(benches);
