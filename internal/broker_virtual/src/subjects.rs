//! The subjects of a stream: each is looked up by its text once for an append, and by its number
//! from then on.

use std::collections::{BTreeMap, VecDeque};
use std::hash::Hasher;

use broker::{Seq, Subject};
use siphasher::sip::SipHasher13;

use crate::filter::Filters;

/// Numbers the subjects of a stream, in the order of their first records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubjectId(pub(crate) usize);

/// A subject, and the records that it has.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) subject: Subject,
    pub(crate) seqs: VecDeque<Seq>,
}

fn hash(subject: &Subject) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(subject.as_str().as_bytes());
    hasher.finish()
}

/// Every subject that ever had a record.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    /// By the hash of its text: texts that begin alike are slow to compare.
    ids: BTreeMap<u64, Vec<SubjectId>>,
    all: Vec<Held>,
}

impl Subjects {
    pub(crate) fn id(&self, subject: &Subject) -> Option<SubjectId> {
        let alike = self.ids.get(&hash(subject))?;
        alike.iter().copied().find(|id| self.at(*id).subject == *subject)
    }

    /// Numbers a subject that has none.
    pub(crate) fn add(&mut self, subject: &Subject) -> SubjectId {
        let id = SubjectId(self.all.len());
        self.ids.entry(hash(subject)).or_default().push(id);
        self.all.push(Held { subject: subject.clone(), seqs: VecDeque::new() });
        id
    }

    pub(crate) fn at(&self, id: SubjectId) -> &Held {
        &self.all[id.0]
    }

    pub(crate) fn at_mut(&mut self, id: SubjectId) -> &mut Held {
        &mut self.all[id.0]
    }

    pub(crate) fn get(&self, subject: &Subject) -> Option<&Held> {
        self.id(subject).map(|id| self.at(id))
    }

    /// Those that `filters` take.
    pub(crate) fn taken<'a>(&'a self, filters: &'a Filters) -> impl Iterator<Item = &'a Held> {
        let named = filters.plain().filter_map(|subject| self.get(subject));
        // What no pattern can take is not looked at.
        let all = self.all.iter().filter(|_| filters.has_patterns());
        named.chain(all.filter(|held| filters.pattern_takes(&held.subject)))
    }
}
