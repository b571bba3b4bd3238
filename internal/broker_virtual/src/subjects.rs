//! The subjects of a stream: each is looked up by its text once for an append, and by its number
//! from then on.

use std::collections::VecDeque;
use std::hash::BuildHasherDefault;

use broker::{Seq, Subject};
use indexmap::IndexMap;
use twox_hash::XxHash64;

use crate::filter::Filters;
use crate::followers::FollowerId;

/// Numbers the subjects of a stream, in the order of their first records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SubjectId(pub(crate) usize);

/// A subject, and the records that it has.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) subject: Subject,
    pub(crate) seqs: VecDeque<Seq>,
    /// Who is to hear of further ones: an append touches nobody else.
    pub(crate) takers: Vec<FollowerId>,
}

/// Every subject that ever had a record, in the order of their numbers.
#[derive(Debug, Default)]
pub(crate) struct Subjects(IndexMap<Subject, Held, BuildHasherDefault<XxHash64>>);

impl Subjects {
    pub(crate) fn id(&self, subject: &Subject) -> Option<SubjectId> {
        self.0.get_index_of(subject).map(SubjectId)
    }

    /// Numbers a subject that has no number, and these followers.
    pub(crate) fn add(&mut self, subject: &Subject, takers: Vec<FollowerId>) -> SubjectId {
        let held = Held { subject: subject.clone(), seqs: VecDeque::new(), takers };
        SubjectId(self.0.insert_full(subject.clone(), held).0)
    }

    pub(crate) fn at(&self, id: SubjectId) -> &Held {
        &self.0[id.0]
    }

    pub(crate) fn at_mut(&mut self, id: SubjectId) -> &mut Held {
        &mut self.0[id.0]
    }

    pub(crate) fn get(&self, subject: &Subject) -> Option<&Held> {
        self.0.get(subject)
    }

    /// Those that `filters` take.
    pub(crate) fn taken<'a>(&'a self, filters: &'a Filters) -> impl Iterator<Item = &'a Held> {
        let named = filters.plain().filter_map(|subject| self.get(subject));
        // What no pattern can take is not looked at.
        let all = self.0.values().filter(|_| filters.has_patterns());
        named.chain(all.filter(|held| filters.pattern_takes(&held.subject)))
    }

    /// Does something to each of those that `filters` take.
    pub(crate) fn each_taken(&mut self, filters: &Filters, mut change: impl FnMut(&mut Held)) {
        for subject in filters.plain() {
            self.0.get_mut(subject).into_iter().for_each(&mut change);
        }
        if filters.has_patterns() {
            let all = self.0.values_mut();
            all.filter(|held| filters.pattern_takes(&held.subject)).for_each(change);
        }
    }
}
