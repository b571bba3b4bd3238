//! Durations such as `500ms`, `10s`, `5m`, `1h30m`.
//!
//! A unit is always written: a bare `10` could mean anything. Milliseconds are the finest grain and
//! a year the longest span, so that no sum or timer downstream can overflow.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{ValueError, schema_of, serde_as_text};

/// A duration in whole milliseconds, at most 365 days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(u64);

/// Units with their milliseconds, longest first. Days are read but never printed.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

const LONGEST: u64 = 365 * 86_400_000;

const RIGHT: &str = "use whole numbers with a unit ms, s, m, h or d, such as 500ms, 10s or 1h30m";

impl Millis {
    /// So many milliseconds; 365 days if that is more.
    pub const fn new(millis: u64) -> Self {
        Self(if millis < LONGEST { millis } else { LONGEST })
    }

    /// So many seconds; 365 days if that is more.
    pub const fn from_secs(secs: u64) -> Self {
        Self::new(secs.saturating_mul(1_000))
    }

    /// Milliseconds.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The same as std has it.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }

    /// Seconds, with a fraction.
    pub fn as_secs_f64(self) -> f64 {
        self.duration().as_secs_f64()
    }
}

impl From<Millis> for Duration {
    fn from(millis: Millis) -> Duration {
        millis.duration()
    }
}

impl FromStr for Millis {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::new(format!("{text:?} is not a duration"), RIGHT);
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let right = format!("add one of ms, s, m, h, d, such as {text}s");
            return Err(ValueError::new(format!("{text} has no unit"), right));
        }
        let (mut rest, mut total) = (text, 0_u64);
        while !rest.is_empty() || text.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let (number, tail) = rest.split_at(digits);
            let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
            let (unit, tail) = tail.split_at(letters);
            let number: u64 = number.parse().map_err(|_| wrong())?;
            let &(_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            total = total.saturating_add(number.saturating_mul(scale));
            rest = tail;
        }
        if total > LONGEST {
            return Err(ValueError::new(format!("{text:?} is too long"), "use at most 365d"));
        }
        Ok(Self(total))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, scale) in &UNITS[1..] {
            if rest >= *scale {
                write!(f, "{}{unit}", rest / scale)?;
                rest %= scale;
            }
        }
        Ok(())
    }
}

serde_as_text!(Millis);
schema_of!(Millis, "Duration", {
    "type": "string",
    "pattern": r"^([0-9]+(ms|s|m|h|d))+$",
    "x-kind": "duration",
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_and_printed() {
        for (text, millis, printed) in [
            ("500ms", 500, "500ms"),
            ("1h", 3_600_000, "1h"),
            ("1h30m", 5_400_000, "1h30m"),
            ("90m", 5_400_000, "1h30m"),
            ("3d", 259_200_000, "72h"),
            ("1s500ms", 1_500, "1s500ms"),
            ("0ms", 0, "0s"),
        ] {
            let read: Millis = text.parse().unwrap();
            assert_eq!((read.get(), read.to_string().as_str()), (millis, printed), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_what_would_be() {
        for (text, message) in [
            ("5 parsecs", format!("\"5 parsecs\" is not a duration; {RIGHT}")),
            ("1.5h", format!("\"1.5h\" is not a duration; {RIGHT}")),
            ("-5s", format!("\"-5s\" is not a duration; {RIGHT}")),
            ("1h30", format!("\"1h30\" is not a duration; {RIGHT}")),
            ("", format!("\"\" is not a duration; {RIGHT}")),
            ("10", "10 has no unit; add one of ms, s, m, h, d, such as 10s".into()),
            ("366d", "\"366d\" is too long; use at most 365d".into()),
            ("99999999999999999h", "\"99999999999999999h\" is too long; use at most 365d".into()),
        ] {
            assert_eq!(text.parse::<Millis>().unwrap_err().to_string(), message);
        }
    }

    proptest! {
        #[test]
        fn every_duration_survives_its_text(millis in 0..=LONGEST) {
            prop_assert_eq!(Millis::new(millis).to_string().parse(), Ok(Millis(millis)));
        }
    }
}
