//! What leaders write into the group's stream when members come and go: plans and grants, as a real
//! leader of real members writes them, on a broker in memory and in virtual time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use broker::{Admin, Append, BrokerError, Storage};
use broker_virtual::{Happening, Observer, Options, VirtualBroker};
use model::{Seed, Timestamp};
use parti::records::Plan;
use parti::{Assignment, Builder, GroupSubject, JoinError, Limits, Member, MemberError, Names};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Size;
use super::case::{Change, name};

/// The most that a server takes in one value, unless it is told otherwise: 1 MiB.
pub const PAYLOAD_MAX: u64 = 1024 * 1024;
/// The lease of the members; virtual.
const LEASE: Duration = Duration::from_secs(60);
/// A group that is not at rest after so long, of its own time, never will be.
const UNREST_MAX: Duration = Duration::from_secs(3600);

/// What was written for one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// The group.
    pub size: Size,
    /// The change; absent for the first assignment.
    pub change: Option<Change>,
    /// How many partitions got another owner, as plans say.
    pub moved: u64,
    /// How many plans and grants were written.
    pub records: u64,
    /// Their payload.
    pub bytes: u64,
    /// The largest of them.
    pub largest: u64,
    /// What the first assignment of the same group took.
    pub first: u64,
}

impl Written {
    /// Payload for each partition that got another owner.
    pub fn bytes_per_move(&self) -> f64 {
        self.bytes as f64 / self.moved.max(1) as f64
    }

    /// The same in grants of mean size: a grant is written as a whole, however little of it is new.
    pub fn grants_per_move(&self) -> f64 {
        self.bytes_per_move() * f64::from(self.size.members) / self.first.max(1) as f64
    }

    /// Payload, in what the first assignment took.
    pub fn share(&self) -> f64 {
        self.bytes as f64 / self.first.max(1) as f64
    }
}

/// Why it is not known what leaders write.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// There is no clock to live by.
    #[error("there is no virtual time: {0}")]
    Runtime(#[from] std::io::Error),
    /// The broker in memory refused something.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// A member could not join.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// A member could not leave.
    #[error(transparent)]
    Leave(#[from] MemberError),
    /// Something that cannot happen.
    #[error("{0}")]
    Broken(String),
}

/// Forms a group of this size, and then lets each [`Change`] happen to it, one after the other.
///
/// # Errors
///
/// [`RecordsError`] if the group does not come to rest.
pub fn written(size: Size) -> Result<Vec<Written>, RecordsError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let mut group = Group::new(size).await?;
        group.join(size.members).await?;
        let first = group.at_rest(None, 0).await?;
        let (whole, mut all) = (first.bytes, vec![Written { first: first.bytes, ..first }]);
        for change in [Change::OneMore, Change::OneLess, Change::TenthMore, Change::TenthLess] {
            let count = change.count(size.members);
            match change.is_growth() {
                true => group.join(count).await?,
                false => group.leave(count).await?,
            }
            all.push(group.at_rest(Some(change), whole).await?);
        }
        Ok(all)
    })
}

/// Members that follow a leader, which is one of them.
struct Group {
    size: Size,
    broker: VirtualBroker,
    names: Names,
    members: Vec<Member>,
    /// How many there ever were.
    made: u32,
    tally: Shared,
}

impl Group {
    async fn new(size: Size) -> Result<Self, RecordsError> {
        let broker = VirtualBroker::new(Options::new(Seed(1)));
        let names = Names::new("bench").map_err(|error| RecordsError::Broken(error.to_string()))?;
        let client = broker.client("bench");
        for spec in names.streams(Storage::Memory, 1, Limits::default()) {
            client.ensure(&spec).await?;
        }
        let tally = Shared::default();
        broker.observe(Box::new(Counting { names: names.clone(), tally: tally.clone() }));
        Ok(Self { size, broker, names, members: Vec::new(), made: 0, tally })
    }

    async fn join(&mut self, count: u32) -> Result<(), RecordsError> {
        let mut joining = JoinSet::new();
        for id in (self.made..self.made + count).map(name) {
            let client = self.broker.client(id.as_str());
            let names = self.names.clone();
            let builder = Builder::new(client, names, id, self.size.partitions).lease(LEASE);
            joining.spawn(builder.follow(|_: Assignment| async {}));
        }
        self.made += count;
        while let Some(joined) = joining.join_next().await {
            self.members.push(joined.map_err(broken)??);
        }
        Ok(())
    }

    /// Members leave that do not lead, the newest first.
    async fn leave(&mut self, count: u32) -> Result<(), RecordsError> {
        self.members.sort_by(|a, b| a.id().cmp(b.id()));
        let mut leaving = JoinSet::new();
        for _ in 0..count {
            let follows = |member: &Member| member.status().leading.is_none();
            let Some(last) = self.members.iter().rposition(follows) else { break };
            leaving.spawn(self.members.remove(last).leave());
        }
        while let Some(left) = leaving.join_next().await {
            left.map_err(broken)??;
        }
        Ok(())
    }

    /// Waits until everything has an owner and nothing more is written.
    async fn at_rest(&self, change: Option<Change>, first: u64) -> Result<Written, RecordsError> {
        let begun = Instant::now();
        let mut before = 0;
        loop {
            sleep(LEASE / 2).await;
            let records = self.tally.lock().records;
            let owned: u64 = self.members.iter().map(|m| u64::from(m.status().owned)).sum();
            let settled = records > 0 && records == before;
            if settled && owned == u64::from(self.size.partitions) {
                let Tally { moved, records, bytes, largest } =
                    std::mem::take(&mut *self.tally.lock());
                let size = self.size;
                return Ok(Written { size, change, moved, records, bytes, largest, first });
            }
            if begun.elapsed() > UNREST_MAX {
                return Err(RecordsError::Broken(format!(
                    "after {UNREST_MAX:?} of virtual time {owned} of {} partitions have an owner, \
                     and {records} records are written",
                    self.size.partitions
                )));
            }
            before = records;
        }
    }
}

fn broken(error: tokio::task::JoinError) -> RecordsError {
    RecordsError::Broken(format!("a member broke off: {error}"))
}

/// What was written since the last rest.
#[derive(Debug, Default)]
struct Tally {
    moved: u64,
    records: u64,
    bytes: u64,
    largest: u64,
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Tally>>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts plans and grants as the broker stores them.
#[derive(Debug)]
struct Counting {
    names: Names,
    tally: Shared,
}

impl Observer for Counting {
    fn observe(&mut self, _: Timestamp, _: &str, happening: &Happening<'_>) {
        let Happening::Appended { append, outcome: Ok(_) } = happening else { return };
        let Append { subject, payload, .. } = append;
        let moved = match self.names.group_subject(subject) {
            Some(GroupSubject::Plan) => {
                serde_json::from_slice(payload).map_or(0, |plan: Plan| plan.moved)
            }
            Some(GroupSubject::Grant(_)) => 0,
            _ => return,
        };
        let (mut tally, bytes) = (self.tally.lock(), payload.len() as u64);
        tally.moved += moved;
        tally.records += 1;
        tally.bytes += bytes;
        tally.largest = tally.largest.max(bytes);
    }
}
