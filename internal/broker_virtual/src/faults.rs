//! What may happen to a client's requests on their way.

use std::time::Duration;

use broker::Subject;

use crate::filter::Filters;

/// What happens to an append. The client learns nothing in any case: it is in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is stored (or refused), and the answer is lost.
    AnswerLost,
    /// It never arrives.
    RequestLost,
    /// It arrives only after this time, when the client has long given it up.
    Delayed(Duration),
}

/// The same fate for the next appends of some subjects.
#[derive(Clone, Debug)]
pub struct Fault {
    filter: Filters,
    fate: Fate,
    left: u64,
}

impl Fault {
    /// `fate` for the next `count` appends whose subject matches `filter`.
    pub fn new(fate: Fate, filter: Subject, count: u64) -> Self {
        Self { filter: Filters::new([filter]), fate, left: count }
    }
}

/// The faults of one client that have not struck yet.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fate of an append under `subject`; `None` if all goes well.
    pub(crate) fn strike(&mut self, subject: &Subject) -> Option<Fate> {
        let fault = self.0.iter_mut().find(|fault| fault.left > 0 && fault.filter.take(subject))?;
        fault.left -= 1;
        Some(fault.fate)
    }
}
