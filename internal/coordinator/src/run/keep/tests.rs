//! When a checkpoint that was written counts as written, in time that stands still meanwhile.

use std::sync::Barrier;

use tokio::time::sleep;

use super::*;
use crate::{Cause, Judge, JudgeSettings, Progress};

/// A disk that takes as long as the test wants.
#[derive(Debug)]
struct Slow(Barrier);

impl Keeper for Slow {
    fn keep(&self, _: &RunState) -> Result<Kept, String> {
        self.0.wait();
        Ok(Kept { place: "nowhere".into(), bytes: 7 })
    }
}

fn state() -> RunState {
    let second = Duration::from_secs(1);
    let judge = Judge::new(JudgeSettings {
        partitions: 1,
        weights: None,
        lease: second,
        unowned_bound: second,
        startup_bound: second,
        processing_min: Duration::ZERO,
        stall: second,
        promise: crate::Promise::ExactlyOnce,
        sticky: true,
        required: vec![],
        started_at: Timestamp(0),
    });
    let (cause, progress) = (Cause::Interval, Progress::default());
    RunState { at: Timestamp(0), cause, progress, chaos: None, judge, told: 0 }
}

#[tokio::test(start_paused = true)]
async fn it_is_noticed_when_time_has_gone_on_however_fast_it_was() {
    let disk = Arc::new(Slow(Barrier::new(2)));
    let every = Duration::from_secs(10);
    let plan = CheckpointPlan { every, keeper: disk.clone(), chaos: None };
    let mut keeping = Keeping::new(Some(plan), Read::default());
    for written in 1..=3 {
        sleep(every).await;
        assert!(keeping.is_due());
        keeping.begin(state(), Duration::ZERO);
        disk.0.wait();
        // Long enough for the thread to end.
        for _ in 0..10_000 {
            keeping.look();
            assert_eq!(keeping.figures.written, written - 1, "not in the same instant");
            tokio::task::yield_now().await;
        }
        // Time goes on when it has been written, and not before.
        sleep(Duration::from_millis(1)).await;
        keeping.look();
        assert_eq!((keeping.figures.written, keeping.figures.bytes), (written, 7));
    }
}
