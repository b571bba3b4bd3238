//! How long something takes: the median of several repeats, in CPU time of this thread.

use std::hint::black_box;
use std::time::Duration;

use cpu::worked;

use crate::median;

/// Repeats, if they are quick enough.
const REPEATS_MAX: usize = 11;
/// Repeats, however slow they are.
const REPEATS_MIN: usize = 3;
/// After so long no further repeat begins.
const LIMIT: Duration = Duration::from_millis(1500);

/// The median time of `work`, from 3 to 11 repeats.
pub(crate) fn median_time<T>(mut work: impl FnMut() -> T) -> Duration {
    let (begun, mut times) = (worked(), Vec::with_capacity(REPEATS_MAX));
    while times.len() < REPEATS_MIN || (times.len() < REPEATS_MAX && worked() - begun < LIMIT) {
        let start = worked();
        let done = black_box(work());
        times.push(worked() - start);
        drop(done);
    }
    median(times, Duration::cmp).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_work_is_repeated_often() {
        let mut repeats = 0;
        median_time(|| repeats += 1);
        assert_eq!(repeats, REPEATS_MAX);
    }
}
