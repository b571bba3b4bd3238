//! How large a checkpoint is, and how long it takes: 1500 partitions after ten million messages.

#![allow(clippy::unwrap_used, reason = "a soak that cannot be made is a broken test")]

mod soak;

use std::path::Path;
use std::sync::Arc;

use checkpoint::{Checkpoints, Expected, Place, RunKeeper};
use coordinator::Keeper;
use model::Seed;
use soak::Soak;

const PARTITIONS: u32 = 1_500;

fn keeper(dir: &Path) -> Arc<dyn Keeper> {
    Arc::new(RunKeeper {
        place: Place::among(Checkpoints::open(dir, 3).unwrap()),
        seed: Seed(7),
        commit: "abc".into(),
        configuration: "simulation:\n  duration: 3d\n".into(),
        run_directory: "runs/1-7".into(),
    })
}

/// The size follows the partitions and what is on its way, not the messages that were: what is kept
/// of each partition is full after some hundred of them.
#[test]
fn a_checkpoint_of_1500_partitions_is_under_a_megabyte() {
    let dir = tempfile::tempdir().unwrap();
    let (keeper, mut soak) = (keeper(dir.path()), Soak::new(PARTITIONS, 10_000_000 - 750_000));
    soak.run(250);
    let early = keeper.keep(&soak.state()).unwrap().bytes;
    soak.run(250);
    assert!(soak.state().judge.totals().in_flight > 1_000, "something is on its way");
    let state = soak.state();
    let kept = keeper.keep(&state).unwrap();
    println!("{} bytes; half way {early}", kept.bytes);
    assert!(kept.bytes < 1_000_000, "{} bytes", kept.bytes);
    assert!(kept.bytes < early + early / 4, "{} bytes, and half way {early}", kept.bytes);
    let read = Checkpoints::load(Path::new(&kept.place), &Expected::default()).unwrap();
    let text = |judge| serde_json::to_string(judge).unwrap();
    assert!(text(&read.state.judge) == text(&state.judge), "it is what was written");
}

/// `cargo test --release -p checkpoint --test size -- --ignored --nocapture` prints the figures.
#[test]
#[ignore = "prints figures of this machine"]
#[expect(clippy::disallowed_methods, reason = "it measures this machine")]
fn figures() {
    let mut soak = Soak::new(PARTITIONS, 0);
    soak.run(6_667);
    let dir = tempfile::tempdir().unwrap();
    let keeper = keeper(dir.path());
    println!("messages {}", soak.state().judge.totals().stored);
    for _ in 0..5 {
        let began = std::time::Instant::now();
        let state = soak.state();
        let copied = began.elapsed();
        let kept = keeper.keep(&state).unwrap();
        let kept_after = began.elapsed() - copied;
        println!("copied in {copied:?}, written in {kept_after:?}: {} bytes", kept.bytes);
    }
}
