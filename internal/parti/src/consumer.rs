//! Carries out grants: claims what was given, works on it, lets go of what was taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use broker::{Log, Seq};
use bugs::Bug;
use futures_util::FutureExt;
use model::{PartitionId, watch};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::chain::Chain;
use crate::claim::{ClaimError, Claimed, Given};
use crate::context::Context;
use crate::error::MemberError;
use crate::event::Event;
use crate::handler::Handler;
use crate::heartbeat::Settled;
use crate::lane::{Lane, LaneEnd, QUEUE_MAX};
use crate::life::{Carrier, Duty, Exit, Standing};
use crate::opening::{Opened, open};
use crate::pump::{Feed, Position};
use crate::readers::Readers;
use crate::records::{Grant, Holder, Session};

/// How often readers are looked at for merging, and failed claims tried again.
const UPKEEP: Duration = Duration::from_millis(250);

/// A partition on its way in, at work, or on its way out.
enum Slot {
    Opening,
    Open { feed: Feed, revoked: watch::Sender<bool> },
    Closing,
}

type Openings = Vec<(PartitionId, Result<Opened, ClaimError>)>;

/// Carries out the grants of one life of a member.
struct Consumer<B, H> {
    context: Arc<Context<B>>,
    handler: Arc<H>,
    session: Session,
    standing: watch::Receiver<Standing>,
    settled: watch::Sender<Settled>,
    grant: Grant,
    /// The same, for those who claim.
    given: watch::Sender<Given>,
    slots: BTreeMap<PartitionId, Slot>,
    /// Partitions that somebody with a newer grant has claimed: not ours until our grant is newer.
    lost: BTreeMap<PartitionId, Holder>,
    /// Partitions that could not be claimed for another reason: tried again at the next upkeep.
    failed: BTreeSet<PartitionId>,
    openings: JoinSet<Openings>,
    lanes: JoinSet<(PartitionId, LaneEnd)>,
    readers: Readers<B>,
    /// Partitions whose queue overflowed, to be fed anew once it has room again.
    overflowed: BTreeSet<PartitionId>,
}

/// Claims what is granted, and hands its messages to a handler.
pub(crate) struct Claiming<H>(pub(crate) Arc<H>);

impl<B: Log, H: Handler> Carrier<B> for Claiming<H> {
    fn carry(
        &self,
        context: Arc<Context<B>>,
        duty: Duty,
    ) -> impl Future<Output = Result<(), MemberError>> + Send + 'static {
        let Duty { session, standing, settled, grants, exit } = duty;
        Consumer::new(context, self.0.clone(), session, standing, settled).run(grants, exit)
    }
}

impl<B: Log, H: Handler> Consumer<B, H> {
    fn new(
        context: Arc<Context<B>>,
        handler: Arc<H>,
        session: Session,
        standing: watch::Receiver<Standing>,
        settled: watch::Sender<Settled>,
    ) -> Self {
        let member = context.me.clone();
        let nothing = Grant::default();
        let holder = Holder { term: nothing.term, epoch: nothing.epoch, session, member };
        let given = Given { holder, partitions: nothing.partitions.clone() };
        Self {
            readers: Readers::new(context.clone()),
            given: watch::Sender::new(given),
            context,
            handler,
            session,
            standing,
            settled,
            grant: nothing,
            slots: BTreeMap::new(),
            lost: BTreeMap::new(),
            failed: BTreeSet::new(),
            openings: JoinSet::new(),
            lanes: JoinSet::new(),
            overflowed: BTreeSet::new(),
        }
    }

    /// Follows the newest grant until the streams cannot be used any more, or until everything is
    /// let go of after the member was asked to end, or its life is over.
    async fn run(
        mut self,
        mut grants: watch::Receiver<Grant>,
        mut exit: watch::Receiver<Option<Exit>>,
    ) -> Result<(), MemberError> {
        let mut upkeep = Instant::now() + UPKEEP;
        let mut news = true;
        loop {
            let over = *self.standing.borrow_and_update() == Standing::Over;
            let ending = exit.borrow_and_update().is_some() || over;
            if std::mem::take(&mut news) || grants.has_changed().unwrap_or(true) {
                self.grant = grants.borrow_and_update().clone();
            }
            if ending {
                self.grant.partitions.0.clear();
            }
            self.carry_out();
            self.report();
            if ending && self.slots.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                Ok(()) = exit.changed() => {}
                Ok(()) = self.standing.changed() => {}
                Ok(()) = grants.changed() => news = true,
                Some(ended) = self.lanes.join_next() => {
                    let (partition, end) = ended.map_err(panicked)?;
                    self.ended(partition, end);
                }
                Some(opened) = self.openings.join_next() => {
                    self.opened(opened.map_err(panicked)?);
                }
                news = self.readers.news() => self.overflowed.extend(news?),
                () = tokio::time::sleep_until(upkeep), if self.needs_upkeep() => {
                    upkeep = Instant::now() + UPKEEP;
                    self.failed.clear();
                    self.feed_anew();
                    let overflowed = self.readers.merge().await?;
                    self.overflowed.extend(overflowed);
                }
            }
        }
    }

    /// Whether there is anything that time alone will mend. A member that is at rest does not wake.
    fn needs_upkeep(&self) -> bool {
        !self.failed.is_empty() || !self.overflowed.is_empty() || self.readers.are_several()
    }

    fn holder(&self) -> Holder {
        Holder {
            term: self.grant.term,
            epoch: self.grant.epoch,
            session: self.session,
            member: self.context.me.clone(),
        }
    }

    /// Revokes what the grant does not hold and opens what it newly holds.
    fn carry_out(&mut self) {
        let obeys = !bugs::has(Bug::RevocationNotObeyed);
        for (partition, slot) in &mut self.slots {
            if let Slot::Open { revoked, .. } = slot
                && !self.grant.partitions.0.contains(partition)
                && obeys
            {
                revoked.send_replace(true);
                self.readers.close(*partition);
                *slot = Slot::Closing;
            }
        }
        let holder = self.holder();
        self.lost.retain(|_, by| *by > holder);
        self.given.send_if_modified(|given| {
            let newer = given.holder != holder || given.partitions != self.grant.partitions;
            if newer {
                let partitions = self.grant.partitions.clone();
                let stays = bugs::has(Bug::OlderEpoch) && !given.partitions.0.is_empty();
                let holder = if stays { given.holder.clone() } else { holder.clone() };
                *given = Given { holder, partitions };
            }
            newer
        });
        let wanted: Vec<PartitionId> = self
            .grant
            .partitions
            .0
            .iter()
            .filter(|partition| {
                !self.slots.contains_key(partition)
                    && !self.lost.contains_key(partition)
                    && !self.failed.contains(partition)
            })
            .copied()
            .collect();
        if wanted.is_empty() {
            return;
        }
        self.slots.extend(wanted.iter().map(|partition| (*partition, Slot::Opening)));
        let (context, given) = (self.context.clone(), self.given.subscribe());
        self.openings.spawn(async move { open(&context, wanted, &given).await });
    }

    /// Partitions are claimed: works on those that are still ours, lets go of the others.
    fn opened(&mut self, opened: Openings) {
        let (mut feeds, mut start) = (BTreeMap::new(), Seq(u64::MAX));
        for (partition, outcome) in opened {
            let opened = match outcome {
                Ok(opened) => opened,
                Err(error) => {
                    self.slots.remove(&partition);
                    self.refused(partition, error);
                    continue;
                }
            };
            let epoch = opened.claimed.holder.epoch;
            let feed = self.start_lane(partition, opened.claimed);
            if self.grant.partitions.0.contains(&partition) {
                feeds.insert(partition, feed);
                start = start.min(opened.start);
                self.context.emit(Event::Granted { partition, epoch });
            }
        }
        self.readers.open(feeds, start);
    }

    fn refused(&mut self, partition: PartitionId, error: ClaimError) {
        match error {
            ClaimError::Outdated(by) => {
                self.lost.insert(partition, by);
            }
            // Should a newer grant give it again, it is opened anew.
            ClaimError::Revoked => {}
            ClaimError::Broker(why) => {
                tracing::warn!(%partition, why, "cannot claim; trying again");
                self.failed.insert(partition);
            }
        }
    }

    fn start_lane(&mut self, partition: PartitionId, claimed: Claimed) -> Feed {
        let (queue, deliveries) = mpsc::channel(QUEUE_MAX);
        let feed = Feed { queue, fed: Position::new(claimed.through) };
        let (revoked, revocation) = watch::channel(false);
        let lane = Lane {
            context: self.context.clone(),
            handler: self.handler.clone(),
            partition,
            holder: claimed.holder,
            chain: Chain {
                broker: self.context.broker.clone(),
                ledger: self.context.names.ledger.clone(),
                subject: self.context.names.own(partition),
                partition,
                claim: claimed.claim,
                head: claimed.claim,
            },
            through: claimed.through,
            queue: deliveries,
            revoked: revocation,
            standing: self.standing.clone(),
        };
        self.lanes.spawn(lane.run().map(move |end| (partition, end)));
        self.slots.insert(partition, Slot::Open { feed: feed.clone(), revoked });
        feed
    }

    fn ended(&mut self, partition: PartitionId, end: LaneEnd) {
        self.readers.close(partition);
        self.overflowed.remove(&partition);
        self.slots.remove(&partition);
        match end {
            LaneEnd::Released => self.context.emit(Event::Revoked { partition }),
            LaneEnd::Dropped => {}
            LaneEnd::Fenced(by) => {
                self.lost.insert(partition, by);
            }
        }
    }

    /// Gives partitions whose queue has room again a reader of their own.
    fn feed_anew(&mut self) {
        let overflowed = std::mem::take(&mut self.overflowed);
        for partition in overflowed {
            let Some(Slot::Open { feed, .. }) = self.slots.get(&partition) else { continue };
            if feed.queue.capacity() < QUEUE_MAX / 2 {
                self.overflowed.insert(partition);
                continue;
            }
            let start = feed.fed.get().next();
            self.readers.open(BTreeMap::from([(partition, feed.clone())]), start);
        }
    }

    fn report(&self) {
        let owned = self.slots.values().filter(|slot| matches!(slot, Slot::Open { .. })).count();
        let holds_more =
            self.slots.keys().any(|partition| !self.grant.partitions.0.contains(partition));
        let changing = self.slots.len() - owned;
        let (owned, changing) = (owned as u32, changing as u32);
        self.settled.send_if_modified(|settled| {
            let obeys = !bugs::has(Bug::RevocationNotObeyed);
            let epoch = if holds_more && obeys {
                settled.epoch
            } else {
                settled.epoch.max(self.grant.epoch)
            };
            let now = Settled { epoch, owned, changing };
            std::mem::replace(settled, now) != now
        });
    }
}

/// A handler that panics ends the member: its partitions go to others, its messages are not lost.
fn panicked(error: tokio::task::JoinError) -> MemberError {
    MemberError::Task(error.to_string())
}
