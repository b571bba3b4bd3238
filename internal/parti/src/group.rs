//! The front door: building a member, joining a group, leaving it.

use std::sync::Arc;
use std::time::Duration;

use broker::{Append, AppendError, Backoff, BrokerError, Log, Seq};
use model::{Weights, watch};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::assigned::{Assigned, Assignee};
use crate::consumer::Claiming;
use crate::context::{Context, Counters, Listener, Stats};
use crate::error::{JoinError, MemberError};
use crate::event::Event;
use crate::handler::Handler;
use crate::lease::Timing;
use crate::life::{Carrier, Exit, Status, live};
use crate::records::{self, Session, Settings};
use crate::strategy::{Strategy, WeightedConsistentHash};
use crate::{MemberId, Names};

/// The shortest lease: below it, scheduling alone would expire members.
pub const LEASE_MIN: Duration = Duration::from_millis(200);

/// A member of a group, about to join.
///
/// The group's three streams (see [`Names::streams`]) must exist.
pub struct Builder<B> {
    broker: B,
    names: Names,
    member: MemberId,
    weights: Weights,
    lease: Duration,
    concurrency: usize,
    strategy: Arc<dyn Strategy>,
    listener: Listener,
}

impl<B: Log> Builder<B> {
    /// A member called `member` of the group under `names`, with `partitions` partitions of equal
    /// weight, a lease of 3 s, 64 handlers at once and [`WeightedConsistentHash`].
    pub fn new(broker: B, names: Names, member: MemberId, partitions: u32) -> Self {
        Self {
            broker,
            names,
            member,
            weights: Weights::uniform(partitions),
            lease: Duration::from_secs(3),
            concurrency: 64,
            strategy: Arc::new(WeightedConsistentHash::default()),
            listener: Box::new(|_| {}),
        }
    }

    /// The load of each partition, and with it their number. All members must be given the same.
    #[must_use]
    pub fn weights(mut self, weights: Weights) -> Self {
        self.weights = weights;
        self
    }

    /// How long a silent member is believed alive; at least [`LEASE_MIN`]. All members must be given
    /// the same.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How many handlers run at once in this member; at least 1.
    #[must_use]
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers;
        self
    }

    /// How partitions are dealt while this member leads. All members should be given the same.
    #[must_use]
    pub fn strategy(mut self, strategy: impl Into<Box<dyn Strategy>>) -> Self {
        self.strategy = strategy.into().into();
        self
    }

    /// Calls `listener` with every [`Event`], in the task in which it happens: it must not block.
    #[must_use]
    pub fn on_event(mut self, listener: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.listener = Box::new(listener);
        self
    }

    /// Joins the group and hands its share of the messages to `handler`, until
    /// [`Member::leave`], [`Member::step_aside`] or until the member is dropped.
    ///
    /// # Errors
    ///
    /// [`JoinError`] if a setting is impossible, the broker cannot be used, or the group has another
    /// number of partitions.
    pub async fn join<H: Handler>(self, handler: H) -> Result<Member, JoinError> {
        self.join_as(Claiming(Arc::new(handler))).await
    }

    /// Joins the group and only follows its grants: `assignee` is told which partitions are this
    /// member's, and consumes them in its own way. Nothing is claimed or recorded for it.
    ///
    /// # Errors
    ///
    /// [`JoinError`], as [`Builder::join`].
    pub async fn follow<A: Assignee>(self, assignee: A) -> Result<Member, JoinError> {
        self.join_as(Assigned(Arc::new(assignee))).await
    }

    async fn join_as<C: Carrier<B>>(self, carrier: C) -> Result<Member, JoinError> {
        self.check()?;
        agree(&self.broker, &self.names, &Settings { partitions: self.weights.count() }).await?;
        let timing = Timing { lease: self.lease };
        let context = Arc::new(Context {
            broker: self.broker,
            names: self.names,
            me: self.member.clone(),
            timing,
            weights: self.weights,
            strategy: self.strategy,
            handlers: Semaphore::new(self.concurrency),
            counters: Arc::new(Counters::default()),
            listener: self.listener,
        });
        let counters = context.counters.clone();
        let (exit, exiting) = watch::channel(None);
        let (shown, status) = watch::channel(Status::default());
        let task = tokio::spawn(live(context, carrier, exiting, shown));
        Ok(Member { id: self.member, task, exit, exit_max: timing.exit_max(), status, counters })
    }

    fn check(&self) -> Result<(), JoinError> {
        let wrong = |setting, value: String, rule| JoinError::Setting { setting, value, rule };
        if self.weights.count() == 0 {
            return Err(wrong("partitions", "0".into(), "a group needs at least one"));
        }
        if self.lease < LEASE_MIN {
            return Err(wrong("lease", format!("{:?}", self.lease), "use at least 200 ms"));
        }
        if !(1..=Semaphore::MAX_PERMITS).contains(&self.concurrency) {
            return Err(wrong("concurrency", self.concurrency.to_string(), "use at least 1"));
        }
        Ok(())
    }
}

/// How often joining asks a broker that does not answer.
const JOIN_TRIES_MAX: u32 = 10;

/// Whoever comes first writes the settings; the others must have the same.
async fn agree<B: Log>(broker: &B, names: &Names, ours: &Settings) -> Result<(), JoinError> {
    let mut backoff = Backoff::default();
    let mut tries = 0;
    loop {
        match try_agree(broker, names, ours).await {
            Ok(Some(theirs)) if theirs == *ours => return Ok(()),
            Ok(Some(theirs)) => {
                let (ours, theirs) = (ours.partitions, theirs.partitions);
                return Err(JoinError::Partitions { ours, theirs });
            }
            Ok(None) => {}
            Err(error @ BrokerError::Unavailable(_)) if tries >= JOIN_TRIES_MAX => {
                return Err(error.into());
            }
            Err(BrokerError::Unavailable(_)) => tries += 1,
            Err(error) => return Err(error.into()),
        }
        backoff.wait().await;
    }
}

async fn try_agree<B: Log>(
    broker: &B,
    names: &Names,
    ours: &Settings,
) -> Result<Option<Settings>, BrokerError> {
    let subject = names.settings();
    if let Some(record) = broker.last(&names.group, &subject).await? {
        let theirs = records::decode(&record);
        return theirs.map(Some).map_err(|error| BrokerError::Unsuitable(error.to_string()));
    }
    let append = Append::new(names.group.clone(), subject, records::encode(ours));
    match broker.append(append.after(Seq::NONE)).await {
        Ok(_) | Err(AppendError::Refused(_)) => Ok(None),
        Err(AppendError::InDoubt(why)) => Err(BrokerError::Unavailable(why)),
        Err(AppendError::Rejected(why)) => Err(BrokerError::Unsuitable(why)),
    }
}

/// A member of a group.
///
/// Dropping it is a crash: everything stops where it is and nothing is said to anybody; the others
/// take over when the lease has run out. [`Member::leave`] is the graceful way, and
/// [`Member::step_aside`] the one to restart by.
#[derive(Debug)]
pub struct Member {
    id: MemberId,
    task: JoinHandle<Result<(), MemberError>>,
    exit: watch::Sender<Option<Exit>>,
    exit_max: Duration,
    status: watch::Receiver<Status>,
    counters: Arc<Counters>,
}

impl Member {
    /// Its name.
    pub fn id(&self) -> &MemberId {
        &self.id
    }

    /// How it is doing now.
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.counters.read()
    }

    /// Eyes on it that others may hold.
    pub fn watch(&self) -> Watch {
        Watch { status: self.status.clone(), counters: self.counters.clone() }
    }

    /// Finishes what is in flight (for half a lease at the most), records it, releases every
    /// partition and says good-bye. The others take over at once. If the broker does not answer for
    /// four leases, it is a crash after all.
    ///
    /// # Errors
    ///
    /// [`MemberError`] if the membership had ended before, or the broker did not answer.
    pub async fn leave(self) -> Result<(), MemberError> {
        self.end(Exit::Leave).await
    }

    /// Makes way for a restart: finishes, records and releases as [`Member::leave`] does, and gives
    /// up the lead, but keeps its seat. Nobody else is granted its partitions for a lease, counted
    /// from when this returns; whoever joins under the same name within that time claims them
    /// again, and nothing moves. If nobody does, they go to the others as after a crash.
    ///
    /// If the next life joins before this one has finished, this one ends at once: what it has not
    /// recorded yet is processed again.
    ///
    /// # Errors
    ///
    /// [`MemberError`] if the membership had ended before, or the broker did not answer.
    pub async fn step_aside(self) -> Result<(), MemberError> {
        self.end(Exit::StepAside).await
    }

    async fn end(mut self, exit: Exit) -> Result<(), MemberError> {
        self.exit.send_replace(Some(exit));
        let bound = self.exit_max;
        match tokio::time::timeout(bound, self.ended()).await {
            Ok(end) => end,
            Err(_) => {
                let why = format!(
                    "the end of {} was not acknowledged within {bound:?}; its lease runs out",
                    self.id
                );
                Err(BrokerError::Unavailable(why).into())
            }
        }
    }

    /// Waits until the membership ends without being asked to. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`MemberError`] says why it ended.
    pub async fn ended(&mut self) -> Result<(), MemberError> {
        match (&mut self.task).await {
            Ok(end) => end,
            Err(error) => Err(MemberError::Task(error.to_string())),
        }
    }
}

/// Eyes on a member: they outlive it, and do not keep it alive.
#[derive(Clone, Debug)]
pub struct Watch {
    status: watch::Receiver<Status>,
    counters: Arc<Counters>,
}

impl Watch {
    /// How it is doing now.
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Its first life, once it has joined: it names this member among all that ever were.
    pub fn first_session(&self) -> Option<Session> {
        self.status.borrow().first_session
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        self.counters.read()
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.task.abort();
    }
}
