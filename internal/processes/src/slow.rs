//! The duty cycle of a process that is to be slow: frozen for a part of every period.

use std::time::Duration;

use tokio::time::sleep;

/// Short against a lease, long against a time slice of the kernel.
const PERIOD: Duration = Duration::from_millis(100);
/// Slower than that is a pause: the timer does not resolve shorter parts.
const SLOWEST: f64 = 100.0;

/// How long a process runs and is frozen, in turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duty {
    on: Duration,
    off: Duration,
}

impl Duty {
    /// A cycle that makes a process `factor` times as slow; `None` if that is not slower.
    pub(crate) fn of(factor: f64) -> Option<Self> {
        // Not a number is not slower either.
        if factor.is_nan() || factor <= 1.0 {
            return None;
        }
        let on = PERIOD.div_f64(factor.min(SLOWEST));
        Some(Self { on, off: PERIOD - on })
    }
}

/// Turns a process off and on, for as long as `turn` agrees.
pub(crate) async fn duty(duty: Duty, turn: impl Fn(bool) -> bool + Send) {
    loop {
        for (off, time) in [(true, duty.off), (false, duty.on)] {
            if !turn(off) {
                return;
            }
            sleep(time).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_from_the_factor() {
        let ms = Duration::from_millis;
        for (factor, on) in [(4.0, ms(25)), (2.0, ms(50)), (1e9, ms(1)), (f64::INFINITY, ms(1))] {
            assert_eq!(Duty::of(factor), Some(Duty { on, off: PERIOD - on }), "{factor}");
        }
        for factor in [1.0, 0.5, 0.0, -3.0, f64::NAN] {
            assert_eq!(Duty::of(factor), None, "{factor}");
        }
    }
}
