//! A set of sequences that is small while it has no gaps.
//!
//! Sequences nearly always arrive one after the other, so the newest run of neighbours is kept
//! apart: extending it is one comparison. Older runs, if a gap separates them, go to a range set.
//! Memory grows with the number of gaps, never with the number of sequences.

use rangemap::RangeInclusiveSet;
use reports::Range;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A set of sequences, each below `u64::MAX`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Runs before the newest one; none touches another or the newest.
    older: RangeInclusiveSet<u64>,
    /// The run that holds the greatest sequence.
    newest: Option<Range>,
    count: u64,
}

impl Seen {
    /// Adds one sequence; says whether it is new.
    pub fn insert(&mut self, seq: u64) -> bool {
        match &mut self.newest {
            Some(run) if seq == run.1 + 1 => run.1 = seq,
            Some(run) if (run.0..=run.1).contains(&seq) => return false,
            None => self.newest = Some(Range(seq, seq)),
            Some(_) => return self.insert_range(Range(seq, seq)) == 1,
        }
        self.count += 1;
        true
    }

    /// Adds every sequence of `range`; says how many are new.
    pub fn insert_range(&mut self, range: Range) -> u64 {
        if range.0 > range.1 {
            return 0;
        }
        let Some(run) = self.newest else {
            self.newest = Some(range);
            self.count += range.count();
            return range.count();
        };
        if range.0 > run.1 + 1 {
            self.older.insert(run.0..=run.1);
            self.newest = Some(range);
            self.count += range.count();
            return range.count();
        }
        let added = self.missing(range);
        if range.1 + 1 >= run.0 {
            self.newest = Some(Range(run.0.min(range.0), run.1.max(range.1)));
        } else {
            self.older.insert(range.0..=range.1);
        }
        self.join();
        self.count += added;
        added
    }

    /// Whether `seq` is in the set.
    pub fn contains(&self, seq: u64) -> bool {
        match self.newest {
            Some(run) if seq >= run.0 => seq <= run.1,
            _ => self.older.contains(&seq),
        }
    }

    /// Removes one sequence; says whether it was there.
    pub fn remove(&mut self, seq: u64) -> bool {
        if !self.contains(seq) {
            return false;
        }
        if let Some(run) = self.newest.take() {
            self.older.insert(run.0..=run.1);
        }
        self.older.remove(seq..=seq);
        if let Some(last) = self.older.last().cloned() {
            self.older.remove(last.clone());
            self.newest = Some(Range(*last.start(), *last.end()));
        }
        self.count -= 1;
        true
    }

    /// How many sequences are in the set.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many runs of neighbours there are: what memory grows with.
    pub fn runs(&self) -> usize {
        self.older.len() + usize::from(self.newest.is_some())
    }

    /// The least sequence.
    pub fn first(&self) -> Option<u64> {
        self.older.first().map(|run| *run.start()).or(self.newest.map(|run| run.0))
    }

    /// The greatest sequence.
    pub fn last(&self) -> Option<u64> {
        self.newest.map(|run| run.1)
    }

    /// The runs, in order.
    pub fn ranges(&self) -> impl Iterator<Item = Range> + '_ {
        self.older.iter().map(|run| Range(*run.start(), *run.end())).chain(self.newest)
    }

    /// What is in this set and not in `other`, in order.
    pub fn minus(&self, other: &Seen) -> Vec<Range> {
        let mut left = Vec::new();
        let mut others = other.ranges().peekable();
        for Range(mut from, to) in self.ranges() {
            while from <= to {
                while others.next_if(|run| run.1 < from).is_some() {}
                match others.peek() {
                    Some(run) if run.0 <= from => from = run.1 + 1,
                    Some(run) if run.0 <= to => {
                        left.push(Range(from, run.0 - 1));
                        from = run.1 + 1;
                    }
                    _ => {
                        left.push(Range(from, to));
                        break;
                    }
                }
            }
        }
        left
    }

    /// How many sequences of `range` are not in the set.
    fn missing(&self, range: Range) -> u64 {
        let shared = |run: Range| Range(run.0.max(range.0), run.1.min(range.1));
        let held: u64 = self
            .older
            .overlapping(range.0..=range.1)
            .map(|run| shared(Range(*run.start(), *run.end())).count())
            .sum();
        let newest = self.newest.map(shared).filter(|run| run.0 <= run.1).map_or(0, Range::count);
        range.count() - held - newest
    }

    /// Lets the newest run swallow the older runs that it now overlaps or touches.
    fn join(&mut self) {
        while let (Some(run), Some(last)) = (self.newest, self.older.last().cloned()) {
            if *last.end() + 1 < run.0 {
                return;
            }
            self.newest = Some(Range(run.0.min(*last.start()), run.1.max(*last.end())));
            self.older.remove(last);
        }
    }
}

/// The runs, in order: `[[1,900],[902,950]]`.
impl Serialize for Seen {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.ranges())
    }
}

impl<'de> Deserialize<'de> for Seen {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut seen = Seen::default();
        for run in Vec::<Range>::deserialize(from)? {
            let apart = seen.newest.is_none_or(|before| before.1.saturating_add(1) < run.0);
            if run.0 > run.1 || run.1 == u64::MAX || !apart {
                return Err(D::Error::custom(format!("{run:?} is no run of sequences here")));
            }
            seen.insert_range(run);
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn spelled(seen: &Seen) -> BTreeSet<u64> {
        seen.ranges().flat_map(|run| run.0..=run.1).collect()
    }

    fn from(numbers: &BTreeSet<u64>) -> Seen {
        let mut seen = Seen::default();
        numbers.iter().for_each(|number| assert!(seen.insert(*number)));
        seen
    }

    #[test]
    fn sequences_in_order_are_one_run() {
        let mut seen = Seen::default();
        assert!((1..=1000).all(|seq| seen.insert(seq)));
        assert!((1..=1000).all(|seq| !seen.insert(seq)));
        assert_eq!((seen.count(), seen.runs(), seen.last()), (1000, 1, Some(1000)));
    }

    #[test]
    fn a_lost_beginning_stays_fast_and_small() {
        let mut seen = Seen::default();
        assert!((5..=1000).all(|seq| seen.insert(seq)));
        assert_eq!((seen.runs(), seen.first()), (1, Some(5)));
        assert!((1..5).all(|seq| seen.insert(seq)));
        assert_eq!((seen.runs(), seen.first()), (1, Some(1)));
    }

    #[test]
    fn runs_that_are_none_are_refused() {
        for bad in ["[[2,1]]", "[[1,2],[3,4]]", "[[5,6],[1,2]]", "[[1,18446744073709551615]]"] {
            assert!(serde_json::from_str::<Seen>(bad).is_err(), "{bad}");
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Range(u64, u64),
        Remove(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0u64..60).prop_map(Step::Insert),
            1 => (0u64..60, 0u64..20).prop_map(|(from, more)| Step::Range(from, from + more)),
            1 => (0u64..60).prop_map(Step::Remove),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec(step(), 0..200)) {
            let (mut seen, mut plain) = (Seen::default(), BTreeSet::new());
            for step in steps {
                match step {
                    Step::Insert(seq) => prop_assert_eq!(seen.insert(seq), plain.insert(seq)),
                    Step::Remove(seq) => prop_assert_eq!(seen.remove(seq), plain.remove(&seq)),
                    Step::Range(from, to) => {
                        let new = (from..=to).filter(|seq| plain.insert(*seq)).count() as u64;
                        prop_assert_eq!(seen.insert_range(Range(from, to)), new);
                    }
                }
                prop_assert_eq!(spelled(&seen), plain.clone());
                prop_assert_eq!(seen.count(), plain.len() as u64);
                prop_assert_eq!(seen.first(), plain.first().copied());
                prop_assert_eq!(seen.last(), plain.last().copied());
                let text = serde_json::to_string(&seen).unwrap();
                prop_assert_eq!(&serde_json::from_str::<Seen>(&text).unwrap(), &seen);
                let gaps = plain.iter().filter(|seq| !plain.contains(&(**seq + 1))).count();
                prop_assert_eq!(seen.runs(), gaps);
            }
        }

        #[test]
        fn what_is_left_is_what_the_other_has_not(
            one in prop::collection::btree_set(0u64..40, 0..30),
            other in prop::collection::btree_set(0u64..40, 0..30),
        ) {
            let left = from(&one).minus(&from(&other));
            let left: BTreeSet<u64> = left.iter().flat_map(|run| run.0..=run.1).collect();
            prop_assert_eq!(left, one.difference(&other).copied().collect());
        }
    }
}
