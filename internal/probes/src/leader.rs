//! Reigns: who leads, what a reign left undone, and who wrote after its end.

use broker::Append;
use model::Timestamp;
use parti::MemberId;
use parti::records::{LeaderRecord, Session, Term};

use crate::{Probe, Watch};

/// What is known of who leads.
#[derive(Debug, Default)]
pub(crate) struct Reign {
    /// Nobody, if the last one stepped down.
    pub(crate) leader: Option<(MemberId, Session)>,
    pub(crate) term: Term,
    elected_at: Option<Timestamp>,
    /// When it last wrote.
    pub(crate) wrote_at: Timestamp,
    /// A revocation was unacknowledged when it did.
    revoking: bool,
    /// It wrote a plan that moves something, and no grant since.
    pub(crate) planned: bool,
}

impl Watch {
    pub(crate) fn leader_stored(&mut self, payload: &[u8], term: Term) {
        match serde_json::from_slice(payload) {
            Ok(LeaderRecord::Elected { member, session }) => self.elected(member, session, term),
            Ok(LeaderRecord::Vacant { .. }) => {
                self.hits.add(Probe::LeaderResigned);
                self.reign_ended();
                self.reign.leader = None;
            }
            Err(_) => {}
        }
    }

    fn elected(&mut self, member: MemberId, session: Session, term: Term) {
        if let Some((before, _)) = self.reign.leader.take() {
            self.hits.add_if(before == member, Probe::LeaderElectedAgain);
            let alone = self.is_cut_off_alone(&before);
            self.hits.add_if(before != member && alone, Probe::LeaderCutOff);
            self.reign_ended();
        }
        let revoking = self.is_revoking();
        self.hits.add_if(revoking, Probe::RevocationInherited);
        let soon = self.reign.elected_at.is_some_and(|at| self.now.since(at) < self.lease);
        self.hits.add_if(soon, Probe::TwoLeadersWithinALease);
        self.reign = Reign {
            leader: Some((member, session)),
            term,
            elected_at: Some(self.now),
            wrote_at: self.now,
            revoking,
            planned: false,
        };
    }

    /// The leader showed that it lives.
    pub(crate) fn leader_wrote(&mut self) {
        self.reign.wrote_at = self.now;
        self.reign.revoking = self.is_revoking();
    }

    fn reign_ended(&mut self) {
        self.hits.add_if(self.reign.revoking, Probe::LeaderLostInRevocation);
        self.hits.add_if(self.reign.planned, Probe::LeaderLostAfterPlan);
    }

    pub(crate) fn leader_refused(&mut self, payload: &[u8]) {
        let Ok(LeaderRecord::Elected { member, .. }) = serde_json::from_slice(payload) else {
            return;
        };
        let other = self.reign.leader.as_ref().is_some_and(|(leader, _)| *leader != member);
        self.hits.add_if(other, Probe::ElectionRefused);
    }

    /// A leader's write was refused: it was made under a term that is over.
    pub(crate) fn deposed(&mut self, append: &Append, probe: Probe) {
        let older = |seq: broker::Seq| Term(seq.0) < self.reign.term;
        let outdated = append.expect.as_ref().is_some_and(|expect| older(expect.seq));
        self.hits.add_if(outdated, probe);
    }

    /// Whether nobody leads, or whoever does has been silent for half a lease.
    pub(crate) fn is_leaderless(&self) -> bool {
        let silent = self.now.since(self.reign.wrote_at) >= self.lease / 2;
        self.reign.elected_at.is_some() && (self.reign.leader.is_none() || silent)
    }
}
