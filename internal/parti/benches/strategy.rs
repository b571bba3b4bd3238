//! How long a strategy takes: from nothing, and when one of the members goes or one more comes. 5 % of
//! the partitions weigh 100, the others 1. `simulation bench assign` has larger groups, and the loads.

use cpu::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use model::{Seed, Weight, Weights};
use parti::MemberId;
use parti::strategy::{
    ConsistentHash, Input, Members, RoundRobin, Strategy, WeightedConsistentHash,
};

fn members(count: u32) -> Members {
    (0..count).map(|n| MemberId::new(format!("worker-{n:04}")).expect("a name")).collect()
}

fn strategies(criterion: &mut Criterion<CpuTime>) {
    let (ring, weighted) = (ConsistentHash::default(), WeightedConsistentHash::default());
    for (partitions, count) in [(1_500, 100), (100_000, 1_000)] {
        let mut group = criterion.benchmark_group(format!("assign {partitions} × {count}"));
        group.throughput(Throughput::Elements(u64::from(partitions))).sample_size(20);
        let weights = Weights::exponential(partitions, 0.05, Weight(100), Weight(1), Seed(1));
        let all = members(count);
        for strategy in [&RoundRobin as &dyn Strategy, &ring, &weighted] {
            group.bench_function(format!("{} from nothing", strategy.name()), |bencher| {
                bencher.iter(|| strategy.assign(&Input::fresh(&weights, &all)));
            });
        }
        let first = weighted.assign(&Input::fresh(&weights, &all));
        for (name, after) in [("one more", members(count + 1)), ("one less", members(count - 1))] {
            group.bench_function(format!("{} {name}", weighted.name()), |bencher| {
                bencher.iter(|| weighted.assign(&Input::following(&weights, &after, &first)));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = strategies
}
criterion_main!(benches);
