//! What happens to a run whose recoveries are measured, and when.

use std::fmt::Write;
use std::time::Duration;

/// Between what happens to one worker and to the next, beside what it takes by design.
const SPACE: Duration = Duration::from_millis(2_000);
/// From when a killed worker has been replaced until it comes back.
const BACK_AFTER: Duration = Duration::from_millis(1_250);
/// Between two leaves, joins or restarts.
const STEP: Duration = Duration::from_millis(750);
/// What one worker takes in a rolling restart, at most; it may take longer.
const ROLL: Duration = Duration::from_millis(150);
/// With more workers than this, not all of them are restarted.
const TOO_MANY: u32 = 100;

/// A script of chaos.
pub struct Script {
    /// As in `chaos.script`.
    pub events: String,
    /// How long the run lasts.
    pub lasting: Duration,
    /// When those who were killed come back: after they were replaced.
    pub restart_after: Duration,
}

impl Script {
    /// So many kills, kills of the leader, leaves and joins, and a rolling restart, of `workers` workers
    /// that own everything at `from`.
    pub fn new(tries: u32, workers: u32, lease: Duration, from: Duration) -> Self {
        let (mut events, mut at) = (String::from("["), from);
        let mut then = |what: &str, next: Duration| {
            // Writing to a string does not fail.
            let _ = write!(events, "{{at: {}ms, {what}}}, ", at.as_millis());
            at += next;
        };
        // Never two at once: what the one leaves behind would go to the other, and wait for two leases.
        let slot = lease + SPACE;
        for event in ["worker_crash", "leader_failure"] {
            for _ in 0..tries {
                then(&format!("event: {event}"), slot);
            }
        }
        for _ in 0..tries {
            then("event: scale_down, count: 1", STEP);
            then("event: scale_up, count: 1", STEP);
        }
        if workers <= TOO_MANY {
            then("event: rolling_restart, pause_between: 50ms", ROLL * workers);
        } else {
            for _ in 0..tries {
                then("event: worker_restart", STEP);
            }
        }
        let lasting = at + SPACE;
        Self { events: events + "]", lasting, restart_after: lease + BACK_AFTER }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_happens_as_often_as_it_is_tried_and_within_the_run() {
        let second = Duration::from_secs(1);
        for (workers, rolls, restarts) in [(3, 1, 0), (100, 1, 0), (500, 0, 7)] {
            let script = Script::new(7, workers, second * 2, second * 5);
            let count = |event: &str| script.events.matches(event).count();
            for event in ["worker_crash", "leader_failure", "scale_down", "scale_up"] {
                assert_eq!(count(event), 7, "{event}");
            }
            assert_eq!((count("rolling_restart"), count("worker_restart")), (rolls, restarts));
            let times = script.events.split("at: ").skip(1);
            let times: Vec<u128> =
                times.map(|rest| rest.split("ms").next().unwrap().parse().unwrap()).collect();
            assert!(times.is_sorted() && times[0] == 5_000, "{times:?}");
            let kills = times[..2 * 7].windows(2).map(|two| two[1] - two[0]);
            assert!(kills.min() > Some(script.restart_after.as_millis()), "one at a time");
            assert!(times[times.len() - 1] < script.lasting.as_millis());
            assert!(script.restart_after > second * 2, "who comes back at once was not replaced");
        }
    }
}
