//! Intervals such as `10m-30m` from which a waiting time is drawn.

use std::fmt;
use std::str::FromStr;

use super::{Millis, ValueError, schema_of, serde_as_text};

/// Any duration from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// The shortest.
    pub min: Millis,
    /// The longest.
    pub max: Millis,
}

const RIGHT: &str = "use a duration or a range, such as 5m, 10m-30m or 10-30m";

impl Interval {
    /// The middle, in seconds: the mean of what is drawn evenly from the interval.
    pub fn mean_secs(&self) -> f64 {
        (self.min.as_secs_f64() + self.max.as_secs_f64()) / 2.0
    }
}

impl FromStr for Interval {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let Some((low, high)) = text.split_once('-') else {
            let only = text.parse().map_err(|error: ValueError| match error.what.as_str() {
                what if what.ends_with("not a duration") => {
                    ValueError::new(format!("{text:?} is not an interval"), RIGHT)
                }
                _ => error,
            })?;
            return Ok(Self { min: only, max: only });
        };
        let wrong = |_| ValueError::new(format!("{text:?} is not an interval"), RIGHT);
        let (low, high) = (low.trim_end(), high.trim_start());
        let max: Millis = high.parse().map_err(wrong)?;
        let min: Millis = if low.bytes().all(|byte| byte.is_ascii_digit()) {
            // `10-30m`: the unit of the upper end counts for both, if there is just one.
            let unit = high.trim_start_matches(|c: char| c.is_ascii_digit());
            let only = if unit.bytes().any(|byte| byte.is_ascii_digit()) { "" } else { unit };
            format!("{low}{only}").parse().map_err(wrong)?
        } else {
            low.parse().map_err(wrong)?
        };
        if min > max {
            let right = format!("put the shorter one first: {max}-{min}");
            return Err(ValueError::new(format!("{min} is longer than {max}"), right));
        }
        Ok(Self { min, max })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.min == self.max {
            return write!(f, "{}", self.min);
        }
        write!(f, "{}-{}", self.min, self.max)
    }
}

serde_as_text!(Interval);
/// A number and a number with a unit, or one or two durations.
const PATTERN: &str = concat!(
    "^([0-9]+ *- *[0-9]+(ms|s|m|h|d)",
    "|([0-9]+(ms|s|m|h|d))+( *- *([0-9]+(ms|s|m|h|d))+)?)$"
);

schema_of!(Interval, "Interval", {
    "type": "string",
    "pattern": PATTERN,
    "x-kind": "interval",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_read_in_every_form() {
        for (text, min, max, printed) in [
            ("10m-30m", 600_000, 1_800_000, "10m-30m"),
            ("10-30m", 600_000, 1_800_000, "10m-30m"),
            ("10 - 50ms", 10, 50, "10ms-50ms"),
            ("5m", 300_000, 300_000, "5m"),
            ("90s-1h30m", 90_000, 5_400_000, "1m30s-1h30m"),
        ] {
            let read: Interval = text.parse().unwrap();
            assert_eq!((read.min.get(), read.max.get()), (min, max), "{text}");
            assert_eq!(read.to_string(), printed);
        }
    }

    #[test]
    fn what_is_no_interval_says_what_would_be() {
        for (text, message) in [
            ("soon", format!("\"soon\" is not an interval; {RIGHT}")),
            ("10m-", format!("\"10m-\" is not an interval; {RIGHT}")),
            ("-10m", format!("\"-10m\" is not an interval; {RIGHT}")),
            ("10-30", format!("\"10-30\" is not an interval; {RIGHT}")),
            ("10-1h30m", format!("\"10-1h30m\" is not an interval; {RIGHT}")),
            ("10", "10 has no unit; add one of ms, s, m, h, d, such as 10s".into()),
            ("30m-10m", "30m is longer than 10m; put the shorter one first: 10m-30m".into()),
        ] {
            assert_eq!(text.parse::<Interval>().unwrap_err().to_string(), message);
        }
    }
}
