//! The subjects of a stream: each is looked up by its text once for an append, and by its number
//! from then on.

use std::collections::{BTreeMap, VecDeque};

use broker::{Seq, Subject};

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

/// Every subject that ever had a record.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    ids: BTreeMap<Subject, SubjectId>,
    all: Vec<Held>,
}

impl Subjects {
    pub(crate) fn id(&self, subject: &Subject) -> Option<SubjectId> {
        self.ids.get(subject).copied()
    }

    /// Numbers a subject that has none.
    pub(crate) fn add(&mut self, subject: &Subject) -> SubjectId {
        let id = SubjectId(self.all.len());
        self.ids.insert(subject.clone(), id);
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
