//! The leader's hands: reads the group, expires silent members, writes plans and grants.
//!
//! Every write is conditional on the leader's own term being the newest, so a deposed leader, however
//! late it wakes, changes nothing any more. (A member is expired on another condition: that it has
//! given no sign of life since the leader looked.)

use std::sync::Arc;
use std::time::Duration;

use broker::{Append, AppendError, Backoff, BrokerError, Log, Reader, Record, Seq, Subject};
use bugs::Bug;
use bytes::Bytes;
use futures_util::FutureExt;
use model::watch;
use tokio::time::Instant;

use crate::MemberId;
use crate::context::Context;
use crate::inheritance::{Inheritance, inherit};
use crate::names::GroupSubject;
use crate::rebalancer::Rebalancer;
use crate::records::{self, Grant, LeaderBeat, MemberRecord, Plan, Session, Signs, Term};
use crate::roster::Roster;

/// Records that are taken in before the leader acts on them, if so many have come.
const HEARD_MAX: usize = 1_000;

/// Why a reign ended.
#[derive(Debug)]
pub(crate) enum ReignEnd {
    /// Somebody else leads, or the term was given up.
    Deposed,
    /// The group's stream cannot be used any more.
    Broker(BrokerError),
}

/// Leads until deposed.
pub(crate) async fn lead<B: Log>(context: Arc<Context<B>>, term: Term) -> ReignEnd {
    let (told, contact) = watch::channel(Contact { answered_at: Instant::now(), cuts: 0 });
    tokio::select! {
        biased;
        end = beats(&context, term, told) => end,
        end = duties(&context, term, contact) => end,
    }
}

/// How the leader and the broker hear each other. Who is cut off can tell nothing of others.
#[derive(Clone, Copy, Debug)]
struct Contact {
    /// When the broker last answered a sign of life.
    answered_at: Instant,
    /// How often it did not for so long that signs of life of members may be missing.
    cuts: u64,
}

/// Appends a record of the group, only if `term` is still the newest. Waits through outages.
async fn append_in_term<B: Log>(
    context: &Context<B>,
    term: Term,
    subject: Subject,
    payload: Bytes,
) -> Result<Seq, ReignEnd> {
    let mut backoff = Backoff::default();
    loop {
        let append = Append::new(context.names.group.clone(), subject.clone(), payload.clone());
        let is_fenced = !bugs::has(Bug::DeposedLeaderWrites);
        let under = context.names.leader();
        let append = if is_fenced { append.under(under, Seq(term.0)) } else { append };
        match context.broker.append(append).await {
            Ok(seq) => return Ok(seq),
            Err(AppendError::Refused(_)) => return Err(ReignEnd::Deposed),
            Err(AppendError::InDoubt(why)) => tracing::debug!(why, "leader's write in doubt"),
            Err(AppendError::Rejected(why)) => {
                tracing::warn!(why, %subject, "leader's write rejected; trying again");
            }
        }
        backoff.wait().await;
    }
}

/// The leader's signs of life.
async fn beats<B: Log>(
    context: &Context<B>,
    term: Term,
    contact: watch::Sender<Contact>,
) -> ReignEnd {
    for beat in 0.. {
        let began = Instant::now();
        let record = records::encode(&LeaderBeat { term, beat });
        if let Err(end) = append_in_term(context, term, context.names.leader_beat(), record).await {
            return end;
        }
        let was_cut = began.elapsed() > context.timing.answer_max();
        contact.send_modify(|contact| {
            contact.answered_at = Instant::now();
            contact.cuts += u64::from(was_cut);
        });
        tokio::time::sleep_until(began + context.timing.beat()).await;
    }
    ReignEnd::Deposed
}

/// Gives up the term, so that somebody else follows at once.
pub(crate) async fn resign<B: Log>(context: &Context<B>, term: Term) {
    let record = records::encode(&records::LeaderRecord::Vacant { term });
    let resigning = append_in_term(context, term, context.names.leader(), record);
    // If the broker does not answer, the lease runs out instead.
    let _ = tokio::time::timeout(context.timing.lease, resigning).await;
}

struct Reign<'a, B> {
    context: &'a Context<B>,
    term: Term,
    rebalancer: Rebalancer,
    roster: Roster,
    contact: watch::Receiver<Contact>,
    /// Cuts after which everybody was excused.
    cuts: u64,
    /// Joins since the last plan: when the first and the latest were seen.
    joins: Option<(Instant, Instant)>,
    signs: Signs,
}

async fn duties<B: Log>(
    context: &Context<B>,
    term: Term,
    contact: watch::Receiver<Contact>,
) -> ReignEnd {
    let Inheritance { grants, signs, mut reader } = match inherit(context, term).await {
        Ok(inheritance) => inheritance,
        Err(error) => return ReignEnd::Broker(error),
    };
    let mut reign = Reign {
        context,
        term,
        rebalancer: Rebalancer::new(
            context.me.clone(),
            term,
            context.weights.clone(),
            context.strategy.clone(),
        ),
        roster: Roster::new(context.timing.lease),
        contact,
        cuts: 0,
        joins: None,
        signs: Signs::default(),
    };
    reign.inherit(grants, signs);
    // They wait for as long as the reign lasts, instead of anew after each sign of life.
    let wake = tokio::time::sleep(Duration::ZERO);
    let answered = watch::changed(reign.contact.clone());
    tokio::pin!(wake, answered);
    loop {
        if let Err(end) = reign.act().await {
            return end;
        }
        let wakes_at = reign.wakes_at();
        if let Some(at) = wakes_at
            && at != wake.deadline()
        {
            wake.as_mut().reset(at);
        }
        tokio::select! {
            biased;
            heard = reign.hear(&mut reader) => if let Err(error) = heard {
                return ReignEnd::Broker(error);
            },
            () = &mut answered => {
                reign.contact.mark_unchanged();
                answered.set(watch::changed(reign.contact.clone()));
            }
            () = &mut wake, if wakes_at.is_some() => {}
        }
    }
}

impl<B: Log> Reign<'_, B> {
    /// Takes over what predecessors left.
    ///
    /// A member that has been silent since long before the election gets the rest of its lease only:
    /// the distance is read off the broker's clock, which stamped both records. Times in which
    /// nobody was heard do not count: the broker was away. A wrong guess costs a rebalance, never a
    /// message.
    fn inherit(&mut self, grants: Vec<(MemberId, Grant)>, signs: Vec<(Record, Duration)>) {
        for (member, grant) in grants {
            self.rebalancer.inherit(member, grant);
        }
        let now = Instant::now();
        for (record, silent) in signs {
            let silent = silent.min(self.context.timing.lease);
            self.observe(&record, now.checked_sub(silent).unwrap_or(now));
        }
        self.rebalancer.inherited();
    }

    /// Waits for a record, and takes in what else has come meanwhile. A grant costs one look at all of
    /// them, and one write: better once for many acknowledgements than for each.
    async fn hear(&mut self, reader: &mut B::Reader) -> Result<(), BrokerError> {
        self.observe(&reader.next().await?, Instant::now());
        for _ in 1..HEARD_MAX {
            let Some(heard) = reader.next().now_or_never() else { break };
            self.observe(&heard?, Instant::now());
        }
        Ok(())
    }

    fn observe(&mut self, record: &Record, seen_at: Instant) {
        if let Some((member, sign)) = self.signs.again(record) {
            return self.observe_member(&member, record.seq, &sign, seen_at);
        }
        let names = &self.context.names;
        let Some(GroupSubject::Member(member)) = names.group_subject(&record.subject) else {
            return;
        };
        match records::decode(record) {
            Ok(sign) => {
                self.signs.note(record, &member, &sign);
                self.observe_member(&member, record.seq, &sign, seen_at);
            }
            Err(error) => {
                tracing::warn!(%error, "ignored");
                self.roster.foreign(&member, record.seq);
            }
        }
    }

    fn observe_member(
        &mut self,
        member: &MemberId,
        seq: Seq,
        sign: &MemberRecord,
        seen_at: Instant,
    ) {
        if self.roster.observe(&mut self.rebalancer, member, seq, sign, seen_at) {
            let first = self.joins.map_or(seen_at, |(first, _)| first);
            self.joins = Some((first, seen_at));
        }
    }

    /// Joins wait a little for further joins, so that a fleet that starts together is dealt once.
    fn settles_at(&self) -> Option<Instant> {
        let timing = &self.context.timing;
        let (first, latest) = self.joins.filter(|_| self.rebalancer.only_joins())?;
        Some((latest + timing.settle_quiet()).min(first + timing.settle_max()))
    }

    fn wakes_at(&self) -> Option<Instant> {
        // Who is cut off is woken by the next answer.
        let expiry = self.roster.next_look();
        let expiry = expiry.filter(|_| self.is_in_touch());
        [expiry, self.settles_at()].into_iter().flatten().min()
    }

    fn is_in_touch(&self) -> bool {
        let silence = self.contact.borrow().answered_at.elapsed();
        silence <= self.context.timing.answer_max()
    }

    async fn act(&mut self) -> Result<(), ReignEnd> {
        let cuts = self.contact.borrow().cuts;
        if std::mem::replace(&mut self.cuts, cuts) != cuts {
            self.roster.excuse(Instant::now());
        }
        if self.is_in_touch() {
            self.expire_silent().await;
        }
        let settling = self.settles_at().is_some_and(|at| at > Instant::now());
        if self.rebalancer.changed() && !settling {
            self.joins = None;
            let plan = self.rebalancer.replan();
            let grants = self.rebalancer.step();
            self.announce(&plan).await?;
            return self.write(grants).await;
        }
        let grants = self.rebalancer.step();
        self.write(grants).await
    }

    async fn announce(&self, plan: &Plan) -> Result<(), ReignEnd> {
        tracing::info!(?plan, "new plan");
        let payload = records::encode(plan);
        append_in_term(self.context, self.term, self.context.names.plan(), payload).await?;
        Ok(())
    }

    async fn write(&self, grants: Vec<(MemberId, Grant)>) -> Result<(), ReignEnd> {
        for (member, grant) in grants {
            let subject = self.context.names.grant(&member);
            append_in_term(self.context, self.term, subject, records::encode(&grant)).await?;
        }
        Ok(())
    }

    /// Marks members whose lease ran out as expired, each only if it gave no sign of life since.
    async fn expire_silent(&mut self) {
        if bugs::has(Bug::DeathIgnored) {
            self.roster.excuse(Instant::now());
        }
        for (member, seq) in self.roster.silent(Instant::now()) {
            let session = self.rebalancer.session(&member).unwrap_or(Session(0));
            let record = MemberRecord::Expired { session, term: self.term };
            let names = &self.context.names;
            let payload = records::encode(&record);
            let append = Append::new(names.group.clone(), names.member(&member), payload);
            match self.context.broker.append(append.after(seq)).await {
                Ok(seq) => {
                    let now = Instant::now();
                    self.roster.observe(&mut self.rebalancer, &member, seq, &record, now);
                }
                // It lives (or is expired already): its record is on its way to us.
                Err(AppendError::Refused(_)) => self.roster.excuse_one(&member, Instant::now()),
                Err(error) => {
                    tracing::warn!(%member, %error, "could not expire a silent member");
                    let again = Instant::now() + self.context.timing.beat();
                    self.roster.ask_again_at(&member, again);
                }
            }
        }
    }
}
