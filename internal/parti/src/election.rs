//! Who leads, as a member sees it: a pure state machine over the leader's records.

use std::time::Duration;

use broker::Seq;
use tokio::time::Instant;

use crate::MemberId;
use crate::lease::Observed;
use crate::records::{LeaderRecord, Session, Term};

/// Who leads, as far as this member knows.
#[derive(Clone, Debug)]
pub(crate) enum View {
    /// Nobody does; the newest record of the leader's subject, if there is one.
    Vacant { newest: Seq, since: Instant },
    /// Somebody does, or did until it fell silent.
    Led { term: Term, member: MemberId, session: Session, seen: Observed },
}

impl View {
    /// What the newest record of the leader's subject says; `now` begins the leader's lease.
    pub(crate) fn of(newest: Option<(Seq, LeaderRecord)>, now: Instant) -> Self {
        match newest {
            Some((seq, LeaderRecord::Elected { member, session })) => {
                View::Led { term: Term(seq.0), member, session, seen: Observed::new(seq, now) }
            }
            Some((seq, LeaderRecord::Vacant { .. })) => View::Vacant { newest: seq, since: now },
            None => View::Vacant { newest: Seq::NONE, since: now },
        }
    }

    /// The newest record of the leader's subject: what a challenger must have seen.
    pub(crate) fn newest(&self) -> Seq {
        match self {
            View::Vacant { newest, .. } => *newest,
            View::Led { term, .. } => Seq(term.0),
        }
    }

    /// A sign of life of the leader of `term`.
    pub(crate) fn beat(&mut self, of: Term, seq: Seq, now: Instant) {
        if let View::Led { term, seen, .. } = self
            && *term == of
        {
            seen.renew(seq, now);
        }
    }

    /// Whether the life `session` of `me` leads.
    pub(crate) fn is_led_by(&self, me: &MemberId, session: Session) -> Option<Term> {
        match self {
            View::Led { term, member, session: life, .. } if member == me && *life == session => {
                Some(*term)
            }
            _ => None,
        }
    }

    /// When this member may stand for election: at once if nobody leads or an earlier life of its
    /// own does; when the lease has run out otherwise. Never while it leads itself.
    pub(crate) fn challenge_at(
        &self,
        me: &MemberId,
        session: Session,
        lease: Duration,
    ) -> Option<Instant> {
        match self {
            View::Vacant { since, .. } => Some(*since),
            View::Led { member, session: life, seen, .. } if member == me => {
                (*life != session).then(|| seen.expires_at(Duration::ZERO))
            }
            View::Led { seen, .. } => Some(seen.expires_at(lease)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(3);

    fn elected(name: &str, session: u64) -> LeaderRecord {
        LeaderRecord::Elected { member: MemberId::new(name).unwrap(), session: Session(session) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_leader_is_challenged_only_when_its_lease_ran_out() {
        let (me, start) = (MemberId::new("me").unwrap(), Instant::now());
        let mut view = View::of(Some((Seq(7), elected("other", 1))), start);
        assert_eq!(view.challenge_at(&me, Session(2), LEASE), Some(start + LEASE));
        let later = start + Duration::from_secs(2);
        view.beat(Term(6), Seq(8), later);
        assert_eq!(view.challenge_at(&me, Session(2), LEASE), Some(start + LEASE), "another term");
        view.beat(Term(7), Seq(9), later);
        assert_eq!(view.challenge_at(&me, Session(2), LEASE), Some(later + LEASE));
        assert_eq!(view.newest(), Seq(7), "signs of life are not elections");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_and_an_earlier_life_are_challenged_at_once() {
        let (me, now) = (MemberId::new("me").unwrap(), Instant::now());
        for newest in [
            None,
            Some((Seq(4), LeaderRecord::Vacant { term: Term(2) })),
            Some((Seq(4), elected("me", 1))),
        ] {
            let view = View::of(newest, now);
            assert_eq!(view.challenge_at(&me, Session(2), LEASE), Some(now));
        }
        let view = View::of(Some((Seq(4), elected("me", 2))), now);
        assert_eq!(view.challenge_at(&me, Session(2), LEASE), None, "we lead");
        assert_eq!(view.is_led_by(&me, Session(2)), Some(Term(4)));
    }
}
