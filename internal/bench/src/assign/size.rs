//! How large a group is, as it is written on a command line: `1500x100`.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// Partitions, and members that share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Size {
    /// How many partitions.
    pub partitions: u32,
    /// How many members, at least two: one of them leaves.
    pub members: u32,
}

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no size: give partitions and members, such as 1500x100, \
     with 1 to {PARTITIONS_MAX} partitions and 2 to {MEMBERS_MAX} members"
)]
pub struct InvalidSize(String);

const PARTITIONS_MAX: u32 = 2_000_000;
const MEMBERS_MAX: u32 = 20_000;

impl FromStr for Size {
    type Err = InvalidSize;

    fn from_str(text: &str) -> Result<Self, InvalidSize> {
        let invalid = || InvalidSize(text.to_owned());
        let number = |part: &str| part.trim().parse().map_err(|_| invalid());
        let (partitions, members) = text.split_once(['x', '×']).ok_or_else(invalid)?;
        let size = Self { partitions: number(partitions)?, members: number(members)? };
        let fits = (1..=PARTITIONS_MAX).contains(&size.partitions)
            && (2..=MEMBERS_MAX).contains(&size.members);
        fits.then_some(size).ok_or_else(invalid)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", grouped(u64::from(self.partitions)), grouped(u64::from(self.members)))
    }
}

/// A number with commas: `1,000,000`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_shown() {
        let size: Size = "100000x1000".parse().unwrap();
        assert_eq!(size, Size { partitions: 100_000, members: 1000 });
        assert_eq!(size.to_string(), "100,000 × 1,000");
        assert_eq!("7×2".parse(), Ok(Size { partitions: 7, members: 2 }));
        for bad in ["", "10", "x", "0x2", "5x1", "5x-1", "ax2", "5x2x2", "3000000x9", "9x30000"] {
            assert_eq!(bad.parse::<Size>(), Err(InvalidSize(bad.into())));
        }
    }
}
