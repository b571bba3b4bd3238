//! A set of partitions that travels as text, such as `0-3,7,12-14`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use model::PartitionId;
use serde::{Deserialize, Serialize};

/// A set of partitions. On the wire it is a list of ranges, both ends included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PartitionSet(pub BTreeSet<PartitionId>);

/// Why a text is no set of partitions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no list of partitions: use numbers and ranges such as 0-3,7")]
pub struct InvalidPartitions(String);

/// More partitions than any group has; a range beyond it is refused before it is spelled out.
const COUNT_MAX: u32 = 4_000_000;

impl fmt::Display for PartitionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.iter().map(|partition| partition.0).peekable();
        let mut separator = "";
        while let Some(first) = rest.next() {
            let mut last = first;
            while rest.next_if_eq(&(last + 1)).is_some() {
                last += 1;
            }
            match last - first {
                0 => write!(f, "{separator}{first}")?,
                _ => write!(f, "{separator}{first}-{last}")?,
            }
            separator = ",";
        }
        Ok(())
    }
}

impl FromStr for PartitionSet {
    type Err = InvalidPartitions;

    fn from_str(text: &str) -> Result<Self, InvalidPartitions> {
        let invalid = || InvalidPartitions(text.to_owned());
        let number = |part: &str| match part.parse::<u32>() {
            Ok(number) if number < COUNT_MAX => Ok(number),
            _ => Err(invalid()),
        };
        let mut set = BTreeSet::new();
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let range = number(first)?..=number(last)?;
            if range.is_empty() {
                return Err(invalid());
            }
            set.extend(range.map(PartitionId));
        }
        Ok(Self(set))
    }
}

impl TryFrom<String> for PartitionSet {
    type Error = InvalidPartitions;

    fn try_from(text: String) -> Result<Self, InvalidPartitions> {
        text.parse()
    }
}

impl From<PartitionSet> for String {
    fn from(set: PartitionSet) -> String {
        set.to_string()
    }
}

impl FromIterator<PartitionId> for PartitionSet {
    fn from_iter<I: IntoIterator<Item = PartitionId>>(partitions: I) -> Self {
        Self(partitions.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_are_spelled_short() {
        let set: PartitionSet = [3, 0, 1, 2, 7, 9, 10].into_iter().map(PartitionId).collect();
        assert_eq!(set.to_string(), "0-3,7,9-10");
        assert_eq!(PartitionSet::default().to_string(), "");
        assert_eq!("".parse(), Ok(PartitionSet::default()));
        for bad in [",", "3-1", "a", "1-", "0-99999999", "1,,2"] {
            assert!(bad.parse::<PartitionSet>().is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn every_set_survives_the_wire(numbers in prop::collection::btree_set(0u32..500, 0..80)) {
            let set: PartitionSet = numbers.into_iter().map(PartitionId).collect();
            prop_assert_eq!(set.to_string().parse(), Ok(set));
        }
    }
}
