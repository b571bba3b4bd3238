//! A member's signs of life: joining, renewing by compare-and-set, leaving, stepping aside.
//!
//! Each record is conditional on our own record before it, so two processes under one name find out:
//! the later one takes over, the earlier one is told.

use std::time::Duration;

use broker::{Append, AppendError, Backoff, BrokerError, Log, Record, Seq, Subject};
use bugs::Bug;
use bytes::Bytes;
use model::watch;
use tokio::time::Instant;

use crate::context::Context;
use crate::grants::newest_grant;
use crate::life::Standing;
use crate::records::{self, Epoch, MemberRecord, Session};

/// How often joining is tried against others that join under the same name at the same time.
const JOIN_TRIES_MAX: u32 = 20;

/// What the signs of life report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The member has let go of everything that its grant of this epoch does not hold.
    pub(crate) epoch: Epoch,
    /// Partitions claimed and read.
    pub(crate) owned: u32,
    /// Partitions not yet let go of, or not yet taken.
    pub(crate) changing: u32,
}

/// Why a life ended without being asked to.
#[derive(Debug)]
pub(crate) enum LifeEnd {
    /// The leader took this member for dead.
    Expired,
    /// Another process joined under the same name.
    Replaced,
    /// The group's stream cannot be used any more.
    Broker(BrokerError),
}

/// A life of a member.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) session: Session,
    /// The epoch of the grant that was there when it began.
    pub(crate) acked: Epoch,
    /// The first life in the seat of this one: grants to earlier lives are not ours.
    pub(crate) seat: Session,
    /// Where our records are.
    subject: Subject,
    /// The newest record of ours.
    last: Seq,
    /// What it says. Most signs of life repeat the one before.
    said: Option<(MemberRecord, Bytes)>,
}

/// Begins a new life: whoever lives under this name is replaced. Waits through outages.
pub(crate) async fn join<B: Log>(context: &Context<B>) -> Result<Life, LifeEnd> {
    let mut backoff = Backoff::default();
    let mut refused = 0;
    loop {
        match try_join(context).await {
            Ok(Some(life)) => return Ok(life),
            Ok(None) => refused += 1,
            Err(BrokerError::Unavailable(why)) => tracing::debug!(why, "joining"),
            Err(error) => return Err(LifeEnd::Broker(error)),
        }
        if refused >= JOIN_TRIES_MAX {
            return Err(LifeEnd::Replaced);
        }
        backoff.wait().await;
    }
}

async fn try_join<B: Log>(context: &Context<B>) -> Result<Option<Life>, BrokerError> {
    let (broker, names) = (&context.broker, &context.names);
    let acked = newest_grant(context, &context.me).await?.epoch;
    let subject = names.member(&context.me);
    let last = broker.last(&names.group, &subject).await?;
    let seat = last.as_ref().and_then(seat_of);
    let seq = last.map_or(Seq::NONE, |record| record.seq);
    let record = records::encode(&MemberRecord::Joined { acked, seat });
    let append = Append::new(names.group.clone(), subject.clone(), record).after(seq);
    match broker.append(append).await {
        Ok(seq) => {
            let session = Session(seq.0);
            let seat = seat.unwrap_or(session);
            Ok(Some(Life { session, acked, seat, subject, last: seq, said: None }))
        }
        Err(AppendError::Refused(_)) => Ok(None),
        Err(AppendError::InDoubt(why)) => Err(BrokerError::Unavailable(why)),
        Err(AppendError::Rejected(why)) => Err(BrokerError::Unsuitable(why)),
    }
}

/// The seat that the newest record of a member leaves to the next life, if it leaves one.
fn seat_of(record: &Record) -> Option<Session> {
    match records::decode(record) {
        Ok(MemberRecord::Joined { seat, .. }) => Some(seat.unwrap_or(Session(record.seq.0))),
        Ok(MemberRecord::Alive { seat, .. }) => Some(seat),
        // What cannot be read may have been a farewell.
        Ok(MemberRecord::Left { .. } | MemberRecord::Expired { .. }) | Err(_) => None,
    }
}

impl Life {
    /// Renews until the life ends; says meanwhile whether it has lapsed.
    pub(crate) async fn beat<B: Log>(
        &mut self,
        context: &Context<B>,
        mut settled: watch::Receiver<Settled>,
        standing: &watch::Sender<Standing>,
    ) -> LifeEnd {
        // One timer that is put off is cheaper than a new one for each sign of life.
        let lapse = tokio::time::sleep(context.timing.lease);
        tokio::pin!(lapse);
        loop {
            let began = Instant::now();
            let now = *settled.borrow_and_update();
            let acked = now.epoch;
            let record = self.alive(now);
            let renewal = self.renew(context, &record);
            tokio::pin!(renewal);
            let outcome = tokio::select! {
                biased;
                outcome = &mut renewal => outcome,
                () = &mut lapse => {
                    standing.send_replace(Standing::Lapsed);
                    renewal.await
                }
            };
            if let Err(end) = outcome {
                return end;
            }
            lapse.as_mut().reset(began + context.timing.lease);
            standing
                .send_if_modified(|now| std::mem::replace(now, Standing::Sound) != Standing::Sound);
            let next = began + context.timing.beat();
            let earliest = began + Duration::from_millis(5);
            tokio::select! {
                biased;
                () = until_acked(&mut settled, acked) => tokio::time::sleep_until(earliest).await,
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    fn alive(&self, settled: Settled) -> MemberRecord {
        let Settled { epoch: acked, owned, .. } = settled;
        MemberRecord::Alive { session: self.session, seat: self.seat, acked, owned }
    }

    /// Says good-bye. If the broker does not answer, the lease runs out instead.
    pub(crate) async fn leave<B: Log>(&mut self, context: &Context<B>) {
        self.end_with(context, MemberRecord::Left { session: self.session }).await;
    }

    /// Gives a last sign of life: the next life under this name is awaited for a lease from here.
    pub(crate) async fn step_aside<B: Log>(&mut self, context: &Context<B>, settled: Settled) {
        self.end_with(context, self.alive(settled)).await;
    }

    /// What a life ends with is said to a broker that answers, or not at all.
    async fn end_with<B: Log>(&mut self, context: &Context<B>, record: MemberRecord) {
        let ending = self.renew(context, &record);
        let _ = tokio::time::timeout(context.timing.lease, ending).await;
    }

    /// Appends our next record; waits through outages.
    async fn renew<B: Log>(
        &mut self,
        context: &Context<B>,
        record: &MemberRecord,
    ) -> Result<(), LifeEnd> {
        let names = &context.names;
        let payload = self.say(record);
        let mut backoff = Backoff::default();
        loop {
            let append = Append::new(names.group.clone(), self.subject.clone(), payload.clone());
            let compares = !bugs::has(Bug::RenewalWithoutCompare);
            let append = if compares { append.after(self.last) } else { append };
            match context.broker.append(append).await {
                Ok(seq) => {
                    self.last = seq;
                    return Ok(());
                }
                Err(AppendError::Refused(_)) => {}
                Err(AppendError::InDoubt(_)) => backoff.wait().await,
                Err(AppendError::Rejected(why)) => {
                    return Err(LifeEnd::Broker(BrokerError::Unsuitable(why)));
                }
            }
            match context.broker.last(&names.group, &self.subject).await {
                Ok(last) => self.adopt(last)?,
                Err(BrokerError::Unavailable(_)) => backoff.wait().await,
                Err(error) => return Err(LifeEnd::Broker(error)),
            }
        }
    }

    /// A record as it is stored.
    fn say(&mut self, record: &MemberRecord) -> Bytes {
        match &self.said {
            Some((said, payload)) if said == record => payload.clone(),
            _ => {
                let payload = records::encode(record);
                self.said.insert((record.clone(), payload)).1.clone()
            }
        }
    }

    /// What the newest record under our name says after an append that was not acknowledged: ours
    /// arrived, or the life is over.
    fn adopt(&mut self, last: Option<Record>) -> Result<(), LifeEnd> {
        let Some(last) = last else { return Ok(()) };
        if last.seq == self.last {
            return Ok(());
        }
        let ours = |session: Session| session == self.session;
        match records::decode::<MemberRecord>(&last) {
            Ok(MemberRecord::Alive { session, .. } | MemberRecord::Left { session })
                if ours(session) => {}
            Ok(MemberRecord::Expired { .. }) => return Err(LifeEnd::Expired),
            Ok(_) => return Err(LifeEnd::Replaced),
            Err(error) => tracing::warn!(%error, "somebody writes to our subject"),
        }
        self.last = last.seq;
        Ok(())
    }
}

/// Waits until there is another epoch to acknowledge than `acked`.
async fn until_acked(settled: &mut watch::Receiver<Settled>, acked: Epoch) {
    if settled.wait_for(|settled| settled.epoch != acked).await.is_err() {
        std::future::pending::<()>().await;
    }
}
