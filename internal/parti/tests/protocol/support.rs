//! A group on a broker in memory: members that come, go and break, messages, and patience.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use broker::{Admin, Append, Log, Reader, Record, Seq, Start, Storage, StreamName, Subject};
use broker_virtual::{Fate, Fault, Options, VirtualBroker, VirtualLog};
use model::{PartitionId, Seed};
use parti::records::Session;
use parti::{Builder, Delivery, Event, Handler, HandlerError, Limits, Member, MemberId, Names};
use tokio::time::Instant;

use crate::group::{Story, story};
use crate::ledger::{Chain, Ledger, assert_all_done, owners};

/// The lease of every group here.
pub const LEASE: Duration = Duration::from_secs(2);

/// A shared list that tasks add to.
pub type List<T> = Arc<Mutex<Vec<T>>>;

pub fn take<T: Clone>(list: &List<T>) -> Vec<T> {
    list.lock().expect("no test panics while it holds a list").clone()
}

pub fn push<T>(list: &List<T>, item: T) {
    list.lock().expect("no test panics while it holds a list").push(item);
}

pub fn id(name: &str) -> MemberId {
    MemberId::new(name).expect("a good name")
}

/// A broker with the streams of one group.
pub struct World {
    pub broker: VirtualBroker,
    pub names: Names,
    pub partitions: u32,
    group: List<Record>,
    ledger: Mutex<Ledger>,
}

/// The chains of the ledger; do not hold it while waiting.
pub struct Chains<'a>(MutexGuard<'a, Ledger>);

impl Deref for Chains<'_> {
    type Target = BTreeMap<PartitionId, Chain>;

    fn deref(&self) -> &Self::Target {
        &self.0.chains
    }
}

/// A member, its connection, and what it said.
pub struct Node {
    pub member: Member,
    pub client: VirtualLog,
    pub events: List<(Instant, Event)>,
}

/// Returns the message's sequence: what the judges want.
pub async fn done(delivery: Delivery) -> Result<u64, HandlerError> {
    Ok(delivery.seq.0)
}

/// The same, after a while.
pub fn slow(delay: Duration) -> impl Handler<Output = u64> {
    move |delivery: Delivery| async move {
        tokio::time::sleep(delay).await;
        Ok::<_, HandlerError>(delivery.seq.0)
    }
}

impl World {
    pub async fn new(seed: u64, partitions: u32) -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let names = Names::new("g").expect("a good prefix");
        let client = broker.client("world");
        for spec in names.streams(Storage::Memory, 1, Limits::default()) {
            client.ensure(&spec).await.expect("the stream is made");
        }
        let group = List::default();
        let reading = client.read(&names.group, vec![names.all_group()], Start::At(Seq(1)));
        let mut reader = reading.await.expect("a reader is made");
        let list = group.clone();
        tokio::spawn(async move {
            while let Ok(record) = reader.next().await {
                push(&list, record);
            }
        });
        Self { broker, names, partitions, group, ledger: Mutex::default() }
    }

    pub fn builder<B: Log>(&self, name: &str, client: &B) -> Builder<B> {
        let names = self.names.clone();
        Builder::new(client.clone(), names, id(name), self.partitions).lease(LEASE)
    }

    pub async fn join(&self, name: &str) -> Node {
        self.join_with(name, done).await
    }

    pub async fn join_with(&self, name: &str, handler: impl Handler<Output = u64>) -> Node {
        let client = self.broker.client(name);
        let events = List::default();
        let list = events.clone();
        let builder = self.builder(name, &client);
        let builder = builder.on_event(move |event| push(&list, (Instant::now(), event)));
        let member = builder.join(handler).await.expect("it joins");
        Node { member, client, events }
    }

    pub async fn join_all(&self, names: &[&str]) -> Vec<Node> {
        let mut nodes = Vec::new();
        for name in names {
            nodes.push(self.join(name).await);
        }
        nodes
    }

    /// A message, as from a producer next to the broker.
    pub fn publish(&self, partition: u32) -> Seq {
        let subject = self.names.message(PartitionId(partition));
        self.put(&self.names.messages, subject, "message")
    }

    /// `count` messages for every partition, in turn.
    pub fn publish_all(&self, count: usize) {
        for _ in 0..count {
            for partition in 0..self.partitions {
                self.publish(partition);
            }
        }
    }

    pub fn put(&self, stream: &StreamName, subject: Subject, payload: &'static str) -> Seq {
        let append = Append::new(stream.clone(), subject, payload);
        self.broker.append_now(append).expect("the broker takes it")
    }

    /// The ledger so far, judged.
    pub fn chains(&self) -> Chains<'_> {
        let mut ledger = self.ledger.lock().expect("the ledger was sound so far");
        let news = self.broker.records(&self.names.ledger, ledger.read.next());
        ledger.read(&self.names, &news);
        Chains(ledger)
    }

    pub fn messages(&self) -> Vec<Record> {
        self.broker.records(&self.names.messages, Seq(1))
    }

    pub fn owners(&self) -> BTreeMap<MemberId, BTreeSet<PartitionId>> {
        owners(&self.chains())
    }

    /// The group's stream so far.
    pub fn story(&self) -> Story {
        story(&self.names, &take(&self.group))
    }

    /// What the group's stream has said of a member so far.
    pub fn group_records(&self, of: &Node) -> Vec<Record> {
        let subject = self.names.member(of.name());
        take(&self.group).into_iter().filter(|record| record.subject == subject).collect()
    }

    /// How many claims the ledger holds.
    pub fn claims(&self) -> usize {
        self.chains().values().map(|chain| chain.claims.len()).sum()
    }

    /// Waits for what must become true within `limit`; returns how long it took.
    pub async fn until(
        &self,
        limit: Duration,
        what: &str,
        mut is: impl FnMut() -> bool,
    ) -> Duration {
        let began = Instant::now();
        while !is() {
            assert!(began.elapsed() <= limit, "not within {limit:?}: {what}; {:?}", self.owners());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        began.elapsed()
    }

    /// Waits until exactly these members own all partitions.
    pub async fn owned_by(&self, names: &[&str], limit: Duration) -> Duration {
        let members: BTreeSet<MemberId> = names.iter().map(|name| id(name)).collect();
        let what = format!("owned by {names:?}");
        self.until(limit, &what, || {
            let owners = self.owners();
            let owned: usize = owners.values().map(BTreeSet::len).sum();
            owned == self.partitions as usize && owners.keys().eq(&members)
        })
        .await
    }

    /// Waits until every message has its effect, then judges everything.
    pub async fn drained(&self, limit: Duration) -> Duration {
        let sent = self.messages().len();
        let effects = || self.chains().values().map(|chain| chain.done.len()).sum::<usize>();
        let began = Instant::now();
        while effects() < sent {
            let done = effects();
            assert!(began.elapsed() < limit, "{done} of {sent} are done; {:?}", self.owners());
            sleep(ms(100)).await;
        }
        let took = began.elapsed();
        self.judge();
        took
    }

    /// Everything sent so far is done exactly once, and the group's stream is sound.
    pub fn judge(&self) {
        assert_all_done(&self.names, &self.messages(), &self.chains());
        self.story();
    }

    /// The one that leads.
    pub fn leader<'a>(&self, nodes: &'a [Node]) -> &'a Node {
        let leads = |node: &&Node| node.member.status().leading.is_some();
        nodes.iter().find(leads).expect("somebody leads")
    }
}

impl Node {
    pub fn name(&self) -> &MemberId {
        self.member.id()
    }

    pub fn events(&self) -> Vec<Event> {
        take(&self.events).into_iter().map(|(_, event)| event).collect()
    }

    pub fn session(&self) -> Option<Session> {
        self.member.status().session
    }

    /// The next `count` appends under `subject` meet this fate.
    pub fn plan(&self, fate: Fate, subject: Subject, count: u64) {
        self.client.plan(Fault::new(fate, subject, count));
    }
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
