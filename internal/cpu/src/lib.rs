//! The time that a thread has really worked: what else the machine does counts less.

#[cfg(feature = "criterion")]
mod criterion;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

#[cfg(feature = "criterion")]
pub use crate::criterion::CpuTime;

/// The CPU time of this thread so far.
pub fn worked() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("nobody works a negative time")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let begun = worked();
        while worked() == begun {
            std::hint::spin_loop();
        }
        assert!(worked() > begun);
    }
}
