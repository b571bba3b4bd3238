//! Anomalies with their evidence: all counted, the first ones kept.

use broker::Seq;
use model::{PartitionId, ProducerId, Timestamp};
use parti::MemberId;
use parti::records::{Holder, Session};
use serde::{Deserialize, Serialize};

use crate::{Anomalies, Class, Range, Rule};

/// Who is to be looked at first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Culprit {
    /// The broker.
    Broker,
    /// A producer.
    Producer(ProducerId),
    /// A member, in one of its lives.
    Member {
        /// The member.
        member: MemberId,
        /// The life.
        session: Session,
    },
    /// The leader of a term.
    Leader(MemberId),
    /// Nobody ever owned the partition, or nobody knows.
    Nobody,
}

/// One record that speaks for a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it shows.
    pub what: String,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Timestamp>,
    /// Its sequence in the ledger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ledger: Option<Seq>,
    /// Its sequence in the stream of messages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<Seq>,
    /// Who wrote it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub holder: Option<Holder>,
}

/// Something that went wrong, and how one can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub class: Class,
    /// Which check found it.
    pub rule: Rule,
    /// How often: messages, or partitions, or records.
    pub count: u64,
    /// The partition, if it is about one.
    pub partition: Option<PartitionId>,
    /// The partition's sequences it is about (the first ones, if there are very many).
    pub sequences: Vec<Range>,
    /// When it happened, as far as that is known.
    pub at: Timestamp,
    /// When it began, or the earliest time at which it can have happened.
    pub since: Timestamp,
    /// Who is to be looked at first.
    pub culprit: Culprit,
    /// In words.
    pub detail: String,
    /// The records that show it.
    pub evidence: Vec<Evidence>,
    /// Faults that were open at some time of `since..=at`, or over for no longer than a lease: it takes
    /// the group so long to notice (the newest ones, if there are many).
    pub faults: Vec<String>,
}

/// Findings that are kept with their evidence.
const KEPT_MAX: usize = 1_000;
/// Of every class at least this many are kept, even if others filled the list before.
const KEPT_OF_CLASS: u64 = 10;

/// All findings: counted, the first ones kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    of_class: std::collections::BTreeMap<Class, u64>,
    anomalies: Anomalies,
}

impl Findings {
    /// Counts a finding, and keeps it if there is room; says whether it was kept.
    pub fn record(&mut self, finding: Finding) -> bool {
        self.anomalies.add(finding.class, finding.count);
        let seen = self.of_class.entry(finding.class).or_default();
        *seen += 1;
        let keep = self.kept.len() < KEPT_MAX || *seen <= KEPT_OF_CLASS;
        if keep {
            self.kept.push(finding);
        }
        keep
    }

    pub fn anomalies(&self) -> Anomalies {
        self.anomalies
    }

    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }
}
