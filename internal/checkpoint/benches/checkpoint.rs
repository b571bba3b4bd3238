//! How long a checkpoint of 1500 partitions keeps a core busy: making and writing it, and reading one.
//! The state is that of the tests of its size. Waiting for the disk is not counted.

#[allow(clippy::unwrap_used, reason = "a soak that cannot be made is no benchmark")]
#[path = "../tests/size/soak.rs"]
mod soak;

use std::hint::black_box;
use std::path::Path;

use checkpoint::{Checkpoint, Checkpoints, Expected, Place, RunKeeper};
use coordinator::Keeper;
use cpu::CpuTime;
use criterion::{Criterion, criterion_group, criterion_main};
use model::Seed;
use soak::Soak;

const PARTITIONS: u32 = 1_500;
/// Messages of each partition.
const MESSAGES: u32 = 250;

fn keeper(dir: &Path) -> RunKeeper {
    RunKeeper {
        place: Place::among(Checkpoints::open(dir, 3).expect("it is a directory of ours")),
        seed: Seed(7),
        commit: "abc".into(),
        configuration: "simulation:\n  duration: 3d\n".into(),
        run_directory: "runs/1-7".into(),
    }
}

fn checkpoints(criterion: &mut Criterion<CpuTime>) {
    let dir = tempfile::tempdir().expect("there is a place for it");
    let (keeper, mut soak) = (keeper(dir.path()), Soak::new(PARTITIONS, 0));
    soak.run(MESSAGES);
    let state = soak.state();
    let kept = keeper.keep(&state).expect("it is written");
    let bytes = std::fs::read(&kept.place).expect("it was written");
    let mut group = criterion.benchmark_group("checkpoint");
    group.sample_size(20);
    group.bench_function("copy", |bencher| bencher.iter(|| black_box(&soak).state()));
    group.bench_function("keep", |bencher| {
        bencher.iter(|| keeper.keep(black_box(&state)).expect("it is written"));
    });
    group.bench_function("read", |bencher| {
        let any = Expected::default();
        bencher.iter(|| Checkpoint::decode(black_box(&bytes), &any).expect("it is whole"));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = checkpoints
}
criterion_main!(benches);
