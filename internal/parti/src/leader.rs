//! The leader's hands: reads the group, expires silent members, writes plans and grants.
//!
//! Every write is conditional on the leader's own term being the newest, so a deposed leader, however
//! late it wakes, changes nothing any more. (A member is expired on another condition: that it has
//! given no sign of life since the leader looked.)

use model::watch;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Append, AppendError, BrokerError, Log, Reader, Record, Seq, Start, Subject};
use bytes::Bytes;
use tokio::time::Instant;

use crate::context::Context;
use crate::lease::{Backoff, Timing};
use crate::names::GroupSubject;
use crate::rebalancer::Rebalancer;
use crate::records::{self, Grant, LeaderBeat, MemberRecord, Plan, Session, Term};
use crate::roster::Roster;

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
    let mut backoff = Backoff::new();
    loop {
        let append = Append::new(context.names.group.clone(), subject.clone(), payload.clone())
            .under(context.names.leader(), Seq(term.0));
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

/// How long the broker may take to answer before its leader counts as cut off.
fn answer_max(timing: &Timing) -> Duration {
    timing.beat() * 2
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
        let was_cut = began.elapsed() > answer_max(&context.timing);
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
}

async fn duties<B: Log>(
    context: &Context<B>,
    term: Term,
    mut heard: watch::Receiver<Contact>,
) -> ReignEnd {
    let filters = vec![context.names.all_group()];
    let mut backoff = Backoff::new();
    let mut reader = loop {
        let reading = context.broker.read(&context.names.group, filters.clone(), Start::At(Seq(1)));
        match reading.await {
            Ok(reader) => break reader,
            Err(BrokerError::Unavailable(_)) => backoff.wait().await,
            Err(error) => return ReignEnd::Broker(error),
        }
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
        roster: Roster::default(),
        contact: heard.clone(),
        cuts: 0,
        joins: None,
    };
    if let Err(end) = reign.inherit(&mut reader).await {
        return end;
    }
    loop {
        if let Err(end) = reign.act().await {
            return end;
        }
        tokio::select! {
            biased;
            record = reader.next() => match record {
                Ok(record) => reign.observe(&record, Instant::now()),
                Err(error) => return ReignEnd::Broker(error),
            },
            Ok(()) = heard.changed() => {}
            () = tokio::time::sleep_until(reign.wakes_at()) => {}
        }
    }
}

impl<B: Log> Reign<'_, B> {
    /// Reads what the predecessors left: up to our own election, which fences all of them.
    ///
    /// A member that has been silent since long before the election gets the rest of its lease only:
    /// the distance is read off the broker's clock, which stamped both records. Times in which
    /// nobody was heard do not count: the broker was away. A wrong guess costs a rebalance, never a
    /// message.
    async fn inherit(&mut self, reader: &mut B::Reader) -> Result<(), ReignEnd> {
        let mut left = Vec::new();
        loop {
            let record = reader.next().await.map_err(ReignEnd::Broker)?;
            let seq = record.seq;
            left.push(record);
            if seq < Seq(self.term.0) {
                continue;
            }
            let now = Instant::now();
            let since = lively(&left, answer_max(&self.context.timing));
            for record in self.telling(&left) {
                let silent = since.get(&record.seq).copied().unwrap_or_default();
                let silent = silent.min(self.context.timing.lease);
                self.observe(record, now.checked_sub(silent).unwrap_or(now));
            }
            self.rebalancer.inherited();
            return Ok(());
        }
    }

    /// All grants, and of each member the newest record of the protocol with what follows it.
    fn telling<'r>(&self, left: &'r [Record]) -> impl Iterator<Item = &'r Record> + use<'r, B> {
        let member = |record: &Record| match self.context.names.group_subject(&record.subject) {
            Some(GroupSubject::Member(member)) => Some(member),
            _ => None,
        };
        let signs = left.iter().filter(|record| records::decode::<MemberRecord>(record).is_ok());
        let newest: BTreeMap<_, _> =
            signs.filter_map(|record| Some((member(record)?, record.seq))).collect();
        let telling = |record: &&Record| {
            member(record).is_none_or(|member| newest.get(&member).is_none_or(|n| record.seq >= *n))
        };
        left.iter().filter(telling).collect::<Vec<_>>().into_iter()
    }

    fn observe(&mut self, record: &Record, seen_at: Instant) {
        let names = &self.context.names;
        match names.group_subject(&record.subject) {
            Some(GroupSubject::Member(member)) => match records::decode(record) {
                Ok(sign) => self.observe_member(&member, record.seq, &sign, seen_at),
                Err(error) => {
                    tracing::warn!(%error, "ignored");
                    self.roster.foreign(&member, record.seq);
                }
            },
            Some(GroupSubject::Grant(member)) if record.seq < Seq(self.term.0) => {
                match records::decode::<Grant>(record) {
                    Ok(grant) => self.rebalancer.inherit(member, grant),
                    Err(error) => tracing::warn!(%error, "ignored"),
                }
            }
            _ => {}
        }
    }

    fn observe_member(
        &mut self,
        member: &crate::MemberId,
        seq: Seq,
        sign: &MemberRecord,
        seen_at: Instant,
    ) {
        let known = self.rebalancer.session(member).is_some();
        self.roster.observe(&mut self.rebalancer, member, seq, sign, seen_at);
        if !known && self.rebalancer.session(member).is_some() {
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

    fn wakes_at(&self) -> Instant {
        let never = Instant::now() + Duration::from_secs(3600);
        // Who is cut off is woken by the next answer.
        let expiry = self.roster.next_expiry(self.context.timing.lease);
        let expiry = expiry.filter(|_| self.is_in_touch());
        [expiry, self.settles_at()].into_iter().flatten().min().unwrap_or(never)
    }

    fn is_in_touch(&self) -> bool {
        let silence = self.contact.borrow().answered_at.elapsed();
        silence <= answer_max(&self.context.timing)
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

    async fn write(&self, grants: Vec<(crate::MemberId, Grant)>) -> Result<(), ReignEnd> {
        for (member, grant) in grants {
            let subject = self.context.names.grant(&member);
            append_in_term(self.context, self.term, subject, records::encode(&grant)).await?;
        }
        Ok(())
    }

    /// Marks members whose lease ran out as expired, each only if it gave no sign of life since.
    async fn expire_silent(&mut self) {
        let lease = self.context.timing.lease;
        for (member, seq) in self.roster.silent(lease, Instant::now()) {
            let session = self.rebalancer.session(&member).unwrap_or(Session(0));
            let record = MemberRecord::Expired { session, term: self.term };
            let names = &self.context.names;
            let payload = records::encode(&record);
            let append = Append::new(names.group.clone(), names.member(&member), payload);
            match self.context.broker.append(append.after(seq)).await {
                Ok(seq) => {
                    self.roster.observe(&mut self.rebalancer, &member, seq, &record, Instant::now())
                }
                // It lives (or is expired already): its record is on its way to us.
                Err(AppendError::Refused(_)) => self.roster.excuse_one(&member, Instant::now()),
                Err(error) => {
                    tracing::warn!(%member, %error, "could not expire a silent member");
                    let again = Instant::now() + self.context.timing.beat();
                    self.roster.ask_again_at(&member, again, lease);
                }
            }
        }
    }
}

/// How long ago each record was stored when the last one was, but for what is beyond `quiet` between
/// two of them: while the broker is away, nobody can be heard.
fn lively(records: &[Record], quiet: Duration) -> BTreeMap<Seq, Duration> {
    let mut ago = BTreeMap::new();
    let (mut since, mut later) = (Duration::ZERO, None);
    for record in records.iter().rev() {
        let stored_at = record.stored_at_us;
        let gap: i64 = later.map_or(0, |later: i64| later.saturating_sub(stored_at).max(0));
        since += Duration::from_micros(gap.unsigned_abs()).min(quiet);
        later = Some(stored_at);
        ago.insert(record.seq, since);
    }
    ago
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_in_which_nobody_is_heard_do_not_count() {
        let stored = [0, 100, 200, 5_000, 5_100].map(|ms: i64| ms * 1_000);
        let records: Vec<Record> = (1..)
            .zip(stored)
            .map(|(seq, stored_at_us)| Record {
                seq: Seq(seq),
                subject: Subject::new("a").expect("a name"),
                payload: Bytes::new(),
                stored_at_us,
                pending: 0,
            })
            .collect();
        let ago = lively(&records, Duration::from_millis(300));
        let ms: Vec<u128> = ago.values().map(Duration::as_millis).collect();
        assert_eq!(ms, [600, 500, 400, 100, 0]);
    }
}
