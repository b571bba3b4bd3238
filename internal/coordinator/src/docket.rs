//! What every part of the judge writes to: findings and events; and what it looks up: the bounds and
//! the faults.

use std::sync::Arc;
use std::time::Duration;

use broker::Seq;
use model::{PartitionId, Timestamp};
use parti::records::Holder;
use serde::{Deserialize, Serialize};

use crate::event::Events;
use crate::faults::Faults;
use crate::finding::Findings;
use crate::{
    Class, Culprit, Event, Evidence, Fault, FaultKind, Finding, JudgeSettings, Range, Rule,
};

/// The ledger record that is being judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct By {
    pub ledger: Seq,
    pub at: Timestamp,
    pub holder: Arc<Holder>,
}

impl By {
    pub fn culprit(&self) -> Culprit {
        member(&self.holder)
    }

    /// The record as evidence.
    pub fn shows(&self, what: impl Into<String>) -> Evidence {
        Evidence {
            what: what.into(),
            at: Some(self.at),
            ledger: Some(self.ledger),
            message: None,
            holder: Some(Holder::clone(&self.holder)),
        }
    }
}

/// A holder as a culprit.
pub(crate) fn member(holder: &Holder) -> Culprit {
    Culprit::Member { member: holder.member.clone(), session: holder.session }
}

/// Evidence that is no ledger record.
pub(crate) fn note(what: impl Into<String>, at: Option<Timestamp>) -> Evidence {
    Evidence { what: what.into(), at, ledger: None, message: None, holder: None }
}

/// The time `span` before `at`.
pub(crate) fn before(at: Timestamp, span: Duration) -> Timestamp {
    let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    Timestamp(at.0.saturating_sub(micros))
}

/// A finding in the making.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Charge {
    pub class: Class,
    pub rule: Rule,
    pub count: u64,
    pub partition: Option<PartitionId>,
    pub sequences: Vec<Range>,
    pub at: Timestamp,
    pub culprit: Culprit,
    pub detail: String,
    pub evidence: Vec<Evidence>,
}

/// Ranges of sequences that one finding names.
const RANGES_MAX: usize = 32;

/// Where everything that the judge finds is written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Docket {
    pub settings: JudgeSettings,
    pub faults: Faults,
    pub findings: Findings,
    pub events: Events,
}

impl Docket {
    pub fn new(settings: JudgeSettings) -> Self {
        Self {
            settings,
            faults: Faults::default(),
            findings: Findings::default(),
            events: Events::default(),
        }
    }

    /// Writes a finding down, with the faults that were open when it happened.
    pub fn charge(&mut self, charge: Charge) {
        self.charge_since(charge.at, charge);
    }

    /// Writes down a finding about something that lasted, or that happened at a time which nobody
    /// knows exactly: any fault since `since` may be behind it.
    pub fn charge_since(&mut self, since: Timestamp, charge: Charge) {
        let mut sequences = charge.sequences;
        sequences.truncate(RANGES_MAX);
        let finding = Finding {
            class: charge.class,
            rule: charge.rule,
            count: charge.count,
            partition: charge.partition,
            sequences,
            at: charge.at,
            culprit: charge.culprit,
            detail: charge.detail,
            evidence: charge.evidence,
            since: since.min(charge.at),
            faults: self.open(charge.class, since.min(charge.at), charge.at),
        };
        if self.findings.record(finding.clone()) {
            self.events.push(Event::Finding(finding));
        }
    }

    /// The findings that are kept. A fault may be told later than what it did is found: they are
    /// looked up again.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.kept().to_vec();
        for finding in &mut findings {
            if self.faults.reach_back_to(finding.since) {
                finding.faults = self.open(finding.class, finding.since, finding.at);
            }
        }
        findings
    }

    /// The faults that may be behind something of `class`. When the broker lost a message nobody
    /// knows, and only a fault of its own explains it.
    fn open(&self, class: Class, since: Timestamp, at: Timestamp) -> Vec<String> {
        let behind =
            |fault: &Fault| class != Class::LostByBroker || fault.kind == FaultKind::Broker;
        self.faults.open(since, at, self.settings.lease, behind)
    }
}
