//! Appends that nobody heard of again: stored and unheard, lost, or late.

use broker::Append;
use parti::GroupSubject;

use crate::chain::Kind;
use crate::{Probe, Watch};

impl Watch {
    /// Nobody heard what became of an append.
    pub(crate) fn unheard(&mut self, append: &Append, stored: bool) {
        if self.lost.get(&append.subject).is_some_and(|lost| *lost == append.payload) {
            self.lost.remove(&append.subject);
            self.hits.add(match stored {
                true => Probe::LateAppendStored,
                false => Probe::LateAppendRefused,
            });
        }
        if let Some(probe) = self.kind_unheard(append).filter(|_| stored) {
            self.hits.add(probe);
        }
        if append.stream == self.names.messages {
            self.message_in_doubt(append, stored);
        }
    }

    /// An append was lost, or has not arrived in time.
    pub(crate) fn lost(&mut self, append: &Append) {
        self.lost.insert(append.subject.clone(), append.payload.clone());
        if append.stream == self.names.messages {
            self.hits.add(Probe::PublishLost);
            self.message_in_doubt(append, false);
        } else if append.stream == self.names.ledger {
            match Kind::of(&append.payload) {
                Kind::Claim => self.hits.add(Probe::ClaimLost),
                Kind::Effect => self.hits.add(Probe::EffectLost),
                Kind::Release | Kind::Foreign => {}
            }
        }
    }

    fn message_in_doubt(&mut self, append: &Append, stored: bool) {
        let Some(partition) = self.names.partition_of(&append.subject) else { return };
        let down = !self.weather.up;
        let chain = self.chains.entry(partition).or_default();
        chain.unheard = stored.then_some(chain.message);
        chain.outage |= down;
    }

    fn kind_unheard(&self, append: &Append) -> Option<Probe> {
        let Append { stream, subject, payload, .. } = append;
        if *stream == self.names.messages {
            return Some(Probe::PublishUnheard);
        }
        if *stream == self.names.ledger {
            return match Kind::of(payload) {
                Kind::Claim => Some(Probe::ClaimUnheard),
                Kind::Effect => Some(Probe::EffectUnheard),
                Kind::Release => Some(Probe::ReleaseUnheard),
                Kind::Foreign => None,
            };
        }
        match self.names.group_subject(subject)? {
            GroupSubject::LeaderBeat => Some(Probe::LeaderBeatUnheard),
            GroupSubject::Grant(_) | GroupSubject::Plan => Some(Probe::GrantUnheard),
            GroupSubject::Member(_) if is_sign(payload) => None,
            GroupSubject::Member(_) | GroupSubject::Leader => Some(Probe::GroupChangeUnheard),
            GroupSubject::Settings => None,
        }
    }
}

/// Whether a member says no more than that it lives.
fn is_sign(payload: &[u8]) -> bool {
    payload.starts_with(b"{\"kind\":\"alive\"")
}
