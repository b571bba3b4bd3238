//! Which seeds a campaign runs: one, or a range as in `0..1000`, its end left out.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// The seeds of a campaign, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(Range<u64>);

/// Why a text does not say which seeds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; use A..B for the seeds from A to B - 1, such as 0..1000, or one seed, such as 7")]
pub struct SeedsError(String);

impl Seeds {
    /// All of them, in order.
    pub fn range(&self) -> Range<u64> {
        self.0.clone()
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.end - self.0.start
    }
}

impl FromStr for Seeds {
    type Err = SeedsError;

    fn from_str(text: &str) -> Result<Self, SeedsError> {
        let number = |part: &str| {
            part.trim().parse::<u64>().map_err(|_| SeedsError(format!("{part:?} is not a number")))
        };
        let (from, to) = match text.split_once("..") {
            Some((from, to)) => (number(from)?, number(to)?),
            None => {
                let only = number(text)?;
                let next = only.checked_add(1);
                (only, next.ok_or_else(|| SeedsError(format!("{only} is too large")))?)
            }
        };
        match from.cmp(&to) {
            std::cmp::Ordering::Less => Ok(Self(from..to)),
            std::cmp::Ordering::Equal => Err(SeedsError(format!("{text} holds no seed"))),
            std::cmp::Ordering::Greater => {
                Err(SeedsError(format!("{text} runs backwards: {from} is above {to}")))
            }
        }
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.0.start, self.0.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_or_a_range_whose_end_is_left_out() {
        for (text, seeds) in [("0..1000", 0..1000), ("7", 7..8), ("3..4", 3..4), (" 5 .. 9 ", 5..9)]
        {
            let read: Seeds = text.parse().unwrap();
            assert_eq!((read.range(), read.count()), (seeds.clone(), seeds.end - seeds.start));
            assert_eq!(read.to_string().parse(), Ok(read));
        }
    }

    #[test]
    fn what_is_no_range_says_what_would_be() {
        for (text, says) in [
            ("5..5", "5..5 holds no seed; use A..B"),
            ("9..3", "9..3 runs backwards: 9 is above 3"),
            ("a..3", "\"a\" is not a number"),
            ("1..", "\"\" is not a number"),
            ("1..=3", "\"=3\" is not a number"),
            ("", "\"\" is not a number"),
            ("-1..3", "\"-1\" is not a number"),
            ("18446744073709551615", "18446744073709551615 is too large"),
        ] {
            let error = text.parse::<Seeds>().unwrap_err().to_string();
            assert!(error.starts_with(says) && error.contains("such as 0..1000"), "{error}");
        }
    }
}
