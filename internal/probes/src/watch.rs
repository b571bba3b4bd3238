//! Takes what happens at the broker to whom it concerns. Most of it is messages, effects and signs of
//! life, so a subject is looked at before a payload, and a payload only where it can say something.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Append, AppendError, Seq, Subject};
use broker_virtual::{Happening, Observer};
use bytes::Bytes;
use model::{PartitionId, Timestamp};
use parti::records::Term;
use parti::{GroupSubject, MemberId, Names};

use crate::chain::Chain;
use crate::leader::Reign;
use crate::member::Member;
use crate::weather::Weather;
use crate::{Hits, Probe};

/// Looks on at a virtual broker. Members must connect under their own names.
#[derive(Debug)]
pub struct Watch {
    pub(crate) names: Names,
    pub(crate) lease: Duration,
    pub(crate) hits: Hits,
    pub(crate) now: Timestamp,
    pub(crate) members: BTreeMap<MemberId, Member>,
    pub(crate) reign: Reign,
    pub(crate) chains: BTreeMap<PartitionId, Chain>,
    pub(crate) weather: Weather,
    /// The last append of each subject that did not arrive in time: it may yet.
    pub(crate) lost: BTreeMap<Subject, Bytes>,
}

impl Watch {
    /// Watches the group `names`, whose lease is `lease`.
    pub fn new(names: Names, lease: Duration) -> Self {
        Self {
            names,
            lease,
            hits: Hits::none(),
            now: Timestamp::default(),
            members: BTreeMap::new(),
            reign: Reign::default(),
            chains: BTreeMap::new(),
            weather: Weather::default(),
            lost: BTreeMap::new(),
        }
    }

    /// Where it counts; to be read when the watch itself has been given away.
    pub fn hits(&self) -> Hits {
        self.hits.clone()
    }

    fn stored(&mut self, append: &Append, seq: Seq) {
        if append.stream == self.names.messages {
            self.message_stored(append, seq);
        } else if append.stream == self.names.ledger {
            self.ledger_stored(append, seq);
        } else if append.stream == self.names.group {
            self.group_stored(append, seq);
        }
    }

    fn group_stored(&mut self, append: &Append, seq: Seq) {
        let Append { subject, payload, .. } = append;
        match self.names.group_subject(subject) {
            Some(GroupSubject::Member(name)) => self.member_stored(name, payload, seq),
            Some(GroupSubject::LeaderBeat) => self.leader_wrote(),
            Some(GroupSubject::Leader) => self.leader_stored(payload, Term(seq.0)),
            Some(GroupSubject::Plan) => self.plan_stored(payload),
            Some(GroupSubject::Grant(name)) => self.grant_stored(name, payload),
            Some(GroupSubject::Settings) | None => {}
        }
    }

    fn refused(&mut self, append: &Append) {
        if append.stream == self.names.ledger {
            return self.ledger_refused(append);
        }
        match self.names.group_subject(&append.subject) {
            Some(GroupSubject::Member(name)) => self.member_refused(&name, &append.payload),
            Some(GroupSubject::Leader) => self.leader_refused(&append.payload),
            Some(GroupSubject::LeaderBeat) => self.deposed(append, Probe::DeposedBeatRefused),
            Some(GroupSubject::Plan | GroupSubject::Grant(_)) => {
                self.deposed(append, Probe::DeposedGrantRefused);
            }
            Some(GroupSubject::Settings) | None => {}
        }
    }
}

impl Observer for Watch {
    fn observe(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>) {
        self.now = at;
        match happening {
            Happening::Appended { append, outcome: Ok(seq) } => self.stored(append, *seq),
            Happening::Appended { append, outcome: Err(AppendError::Refused(_)) } => {
                self.refused(append);
            }
            Happening::Unheard { append, stored } => self.unheard(append, *stored),
            Happening::Lost { append } => self.lost(append),
            Happening::Connected(_) => self.connected(client),
            Happening::Network(network) => self.network(client, *network),
            Happening::Up(up) => self.up(*up),
            Happening::Trimmed { stream, subject, .. } if **stream == self.names.messages => {
                self.trimmed(subject);
            }
            Happening::Appended { .. }
            | Happening::Stalled
            | Happening::Reads { .. }
            | Happening::Trimmed { .. } => {}
        }
    }
}
