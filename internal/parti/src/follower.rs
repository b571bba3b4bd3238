//! A member's eyes: follows the leader and its own grant, and stands for election when nobody leads.

use std::sync::Arc;

use broker::{Append, AppendError, Backoff, BrokerError, Log, Reader, Record, Seq, Start};
use model::{Seed, watch};
use rand::RngExt;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::context::Context;
use crate::election::View;
use crate::event::Event;
use crate::grants::newest_grant;
use crate::leader::{ReignEnd, lead};
use crate::names::GroupSubject;
use crate::records::{self, Grant, LeaderBeat, LeaderRecord, Session, Term};

/// Follows the group for one life of a member.
pub(crate) struct Follower<B> {
    pub(crate) context: Arc<Context<B>>,
    pub(crate) session: Session,
    /// The first life in our seat: what was given to earlier lives is not ours.
    pub(crate) seat: Session,
    /// The newest grant of this member, for the one who carries it out.
    pub(crate) grant: watch::Sender<Grant>,
    /// The term that this member leads, for the one who must resign it.
    pub(crate) leading: watch::Sender<Option<Term>>,
}

struct State {
    view: View,
    reign: JoinSet<ReignEnd>,
    jitter: model::Rng,
    /// When a challenge falls due, and when, a little later, we stand.
    stand: Option<(Instant, Instant)>,
}

impl<B: Log> Follower<B> {
    /// Follows until the group's stream cannot be used any more.
    pub(crate) async fn run(self) -> BrokerError {
        let jitter = Seed(self.session.0).rng(self.context.me.as_str());
        let view = View::of(None, Instant::now());
        let mut state = State { view, reign: JoinSet::new(), jitter, stand: None };
        let mut backoff = Backoff::default();
        loop {
            let outcome = match self.open(&mut state).await {
                Ok(reader) => self.follow(reader, &mut state).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(Stale) => {
                    tracing::debug!(member = %self.context.me, "stale watch; reading again")
                }
                Err(BrokerError::Unavailable(_)) => backoff.wait().await,
                Err(error) => return error,
            }
        }
    }

    async fn open(&self, state: &mut State) -> Result<B::Reader, BrokerError> {
        let names = &self.context.names;
        self.look(state).await?;
        let filters = vec![names.leader(), names.leader_beat(), names.grant(&self.context.me)];
        let reader = self.context.broker.read(&names.group, filters, Start::LastPerSubject).await?;
        let newest = newest_grant(&self.context, &self.context.me).await?;
        self.receive(newest);
        Ok(reader)
    }

    /// Asks who leads, of the broker itself.
    async fn look(&self, state: &mut State) -> Result<(), BrokerError> {
        let names = &self.context.names;
        let newest = self.context.broker.last(&names.group, &names.leader()).await?;
        let known = state.view.newest();
        match newest {
            Some(record) if record.seq > known => self.observe_leader(state, &record),
            _ => {}
        }
        Ok(())
    }

    async fn follow(&self, mut reader: B::Reader, state: &mut State) -> Result<Stale, BrokerError> {
        // One timer that is put off is cheaper than a new one for each sign of life.
        let stand = tokio::time::sleep_until(Instant::now());
        tokio::pin!(stand);
        loop {
            self.reconcile(state);
            if let Some((_, at)) = state.stand
                && at != stand.deadline()
            {
                stand.as_mut().reset(at);
            }
            tokio::select! {
                biased;
                record = reader.next() => self.observe(state, &record?),
                Some(ended) = state.reign.join_next() => self.deposed(state, ended).await?,
                () = &mut stand, if state.stand.is_some() => {
                    state.stand = None;
                    if self.challenge(state).await?.is_some() {
                        return Ok(Stale);
                    }
                }
            }
        }
    }

    /// Brings the date of the next challenge, and the reign itself, in line with the view.
    fn reconcile(&self, state: &mut State) {
        let leads = state.view.is_led_by(&self.context.me, self.session);
        if let Some(term) = leads
            && state.reign.is_empty()
            && *self.leading.borrow() != Some(term)
        {
            self.leading.send_replace(Some(term));
            state.reign.spawn(lead(self.context.clone(), term));
        }
        let lease = self.context.timing.lease;
        let due = state.view.challenge_at(&self.context.me, self.session, lease);
        if due != state.stand.map(|(due, _)| due) {
            // Challengers of one fleet do not stand in the same instant.
            let jitter = (lease / 50).mul_f64(state.jitter.random());
            state.stand = due.map(|due| (due, due.max(Instant::now()) + jitter));
        }
    }

    fn observe(&self, state: &mut State, record: &Record) {
        match self.context.names.group_subject(&record.subject) {
            Some(GroupSubject::Leader) => self.observe_leader(state, record),
            Some(GroupSubject::LeaderBeat) => {
                if let Ok(beat) = records::decode::<LeaderBeat>(record) {
                    state.view.beat(beat.term, record.seq, Instant::now());
                }
            }
            Some(GroupSubject::Grant(member)) if member == self.context.me => {
                match records::decode::<Grant>(record) {
                    Ok(grant) => self.receive(grant),
                    Err(error) => tracing::warn!(%error, "ignored"),
                }
            }
            _ => {}
        }
    }

    /// A grant to a life that left or was taken for dead comes from a leader that has not heard of
    /// that: it gives us nothing, and neither does one to a life that follows ours. Nothing is let go
    /// of by acknowledging it.
    fn receive(&self, mut grant: Grant) {
        if !(self.seat..=self.session).contains(&grant.session) {
            grant.partitions.0.clear();
        }
        self.take(grant);
    }

    /// A grant counts only if it is newer than the one we act on (I5).
    fn take(&self, grant: Grant) {
        self.grant.send_if_modified(|current| {
            let newer = grant.is_newer_than(current);
            if newer {
                *current = grant;
            }
            newer
        });
    }

    fn observe_leader(&self, state: &mut State, record: &Record) {
        if record.seq <= state.view.newest() {
            return;
        }
        // A foreign record ends the reign before it, whose fence no longer holds.
        let newest = records::decode::<LeaderRecord>(record).unwrap_or_else(|error| {
            tracing::warn!(%error, "taken for the end of the term");
            LeaderRecord::Vacant { term: Term(state.view.newest().0) }
        });
        let (leader, term) = match &newest {
            LeaderRecord::Elected { member, .. } => (Some(member.clone()), Term(record.seq.0)),
            LeaderRecord::Vacant { term } => (None, *term),
        };
        state.view = View::of(Some((record.seq, newest)), Instant::now());
        if state.view.is_led_by(&self.context.me, self.session).is_none() {
            state.reign.abort_all();
            self.leading.send_replace(None);
        }
        self.context.emit(Event::LeaderChanged { leader, term });
    }

    /// Our reign ended: the broker knows who follows.
    async fn deposed(
        &self,
        state: &mut State,
        ended: Result<ReignEnd, tokio::task::JoinError>,
    ) -> Result<(), BrokerError> {
        if let Ok(ReignEnd::Broker(error)) = ended {
            tracing::warn!(member = %self.context.me, %error, "cannot lead");
            tokio::time::sleep(self.context.timing.beat()).await;
        }
        self.leading.send_replace(None);
        self.look(state).await
    }

    /// Stands for election, unless the broker knows of signs of life that our watch missed: then
    /// the watch is stale.
    async fn challenge(&self, state: &mut State) -> Result<Option<Stale>, BrokerError> {
        let names = &self.context.names;
        let known = state.view.newest();
        self.look(state).await?;
        if state.view.newest() != known {
            return Ok(None);
        }
        let beat = self.context.broker.last(&names.group, &names.leader_beat()).await?;
        if let View::Led { term, seen, .. } = &mut state.view
            && let Some(record) = beat
            && record.seq > seen.seq()
            && records::decode::<LeaderBeat>(&record).is_ok_and(|beat| beat.term == *term)
        {
            seen.renew(record.seq, Instant::now());
            return Ok(Some(Stale));
        }
        self.stand_for_election(state, known).await;
        Ok(None)
    }

    async fn stand_for_election(&self, state: &mut State, known: Seq) {
        let names = &self.context.names;
        let record =
            LeaderRecord::Elected { member: self.context.me.clone(), session: self.session };
        let append =
            Append::new(names.group.clone(), names.leader(), records::encode(&record)).after(known);
        match self.context.broker.append(append).await {
            Ok(seq) => {
                state.view = View::of(Some((seq, record)), Instant::now());
                let leader = Some(self.context.me.clone());
                self.context.emit(Event::LeaderChanged { leader, term: Term(seq.0) });
            }
            // Somebody else was faster, or nobody knows: the next look tells.
            Err(AppendError::Refused(_) | AppendError::InDoubt(_)) => {
                let _ = self.look(state).await;
            }
            Err(AppendError::Rejected(why)) => tracing::warn!(why, "cannot stand for election"),
        }
    }
}

/// The watch missed something that the broker knows.
struct Stale;
