//! The newest entries of a list that is told again when one of them changes.

use std::collections::VecDeque;

/// The newest entries, each with the version in which it changed last.
#[derive(Clone, Debug)]
pub(crate) struct Newest<T> {
    entries: VecDeque<(u64, T)>,
    most: usize,
    /// Entries that there ever were.
    pub count: u64,
}

impl<T: Clone> Newest<T> {
    pub fn new(most: usize) -> Self {
        Self { entries: VecDeque::new(), most, count: 0 }
    }

    /// Takes `entry` in, in the place of the one that is the same, if there is one.
    pub fn put(&mut self, entry: T, version: u64, same: impl Fn(&T, &T) -> bool) {
        let known = self.entries.iter_mut().rev().find(|(_, known)| same(known, &entry));
        if let Some(known) = known {
            *known = (version, entry);
            return;
        }
        if self.entries.len() == self.most {
            self.entries.pop_front();
        }
        self.count += 1;
        self.entries.push_back((version, entry));
    }

    /// What changed after `version`, in the order in which it came.
    pub fn since(&self, version: u64) -> Vec<T> {
        let changed = self.entries.iter().filter(|(changed, _)| *changed > version);
        changed.map(|(_, entry)| entry.clone()).collect()
    }
}
