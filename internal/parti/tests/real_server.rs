//! The rules of the protocol, once more, on a real nats-server: what the broker in memory promises
//! must be what the real one does. A member is stopped by freezing its connection: what it was about to
//! send is sent, late, when it goes on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{
    Admin, Append, AppendError, Freezable, Freezer, Log, Reader, Record, Seq, Start, Storage,
    StreamName, Subject,
};
use broker_nats::{ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, find_server};
use model::PartitionId;
use parti::records::{self, Grant, LeaderBeat, LeaderRecord, LedgerRecord, Plan, Term};
use parti::{Builder, Delivery, GroupSubject, HandlerError, Limits, Member, MemberId, Names};

const LEASE: Duration = Duration::from_millis(1500);
const PARTITIONS: u32 = 6;
const PATIENCE: Duration = Duration::from_secs(30);

/// A member's connection, and what stops the member behind it.
struct Client {
    broker: Freezable<NatsBroker>,
    freezer: Freezer,
}

/// A server and a group of its own.
struct World {
    server: Embedded,
    broker: NatsBroker,
    names: Names,
}

impl World {
    async fn new(name: &str) -> Self {
        let explicit = std::env::var_os("NATS_SERVER_BIN").map(std::path::PathBuf::from);
        let bin = find_server(explicit.as_deref()).await.unwrap_or_else(|error| panic!("{error}"));
        let dir = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let server = Embedded::start(EmbeddedOptions::new(bin, dir)).await.unwrap();
        let broker = connect(&server).await;
        let names = Names::new("real").unwrap();
        for spec in names.streams(Storage::Memory, 1, Limits::default()) {
            broker.ensure(&spec).await.unwrap();
        }
        Self { server, broker, names }
    }

    async fn client(&self) -> Client {
        let freezer = Freezer::default();
        let broker = Freezable::new(connect(&self.server).await, freezer.clone());
        Client { broker, freezer }
    }

    /// Joins; the handler answers with the sequence of the message after `takes`.
    async fn join(&self, name: &str, client: &Client, takes: Duration) -> Member {
        let id = MemberId::new(name).unwrap();
        Builder::new(client.broker.clone(), self.names.clone(), id, PARTITIONS)
            .lease(LEASE)
            .join(move |delivery: Delivery| async move {
                tokio::time::sleep(takes).await;
                Ok::<_, HandlerError>(delivery.seq.0)
            })
            .await
            .unwrap()
    }

    async fn publish(&self, count: u32) {
        for number in 0..count {
            let subject = self.names.message(PartitionId(number % PARTITIONS));
            let append = Append::new(self.names.messages.clone(), subject, format!("{number}"));
            self.broker.append(append).await.unwrap();
        }
    }

    async fn records(&self, stream: &StreamName, filter: Subject) -> Vec<Record> {
        let end = self.broker.state(stream).await.unwrap().unwrap().last;
        let mut reader = self.broker.read(stream, vec![filter], Start::At(Seq(1))).await.unwrap();
        let mut records = Vec::new();
        while records.last().is_none_or(|record: &Record| record.seq < end) {
            records.push(reader.next().await.unwrap());
        }
        records
    }

    async fn ledger(&self) -> Vec<(PartitionId, LedgerRecord<u64>)> {
        let records = self.records(&self.names.ledger, self.names.all_own()).await;
        let decode = |record: &Record| {
            (self.names.partition_of(&record.subject).unwrap(), records::decode(record).unwrap())
        };
        records.iter().map(decode).collect()
    }

    /// Every message has one effect, in order, and nothing else has any.
    async fn assert_each_once(&self) {
        let messages = self.records(&self.names.messages, self.names.all_messages()).await;
        let mut expected: BTreeMap<PartitionId, Vec<u64>> = BTreeMap::new();
        for message in &messages {
            let partition = self.names.partition_of(&message.subject).unwrap();
            expected.entry(partition).or_default().push(message.seq.0);
        }
        let mut done: BTreeMap<PartitionId, Vec<u64>> = BTreeMap::new();
        for (partition, record) in self.ledger().await {
            if let LedgerRecord::Effect { outputs, .. } = record {
                done.entry(partition).or_default().extend(outputs);
            }
        }
        assert_eq!(done, expected);
    }

    /// Waits until every message that is stored has an effect.
    async fn drained(&self) {
        let stored = self.broker.state(&self.names.messages).await.unwrap().unwrap().records;
        eventually("everything is done", async || {
            let effects = self.ledger().await.into_iter().map(|(_, record)| match record {
                LedgerRecord::Effect { outputs, .. } => outputs.len() as u64,
                _ => 0,
            });
            effects.sum::<u64>() >= stored
        })
        .await;
    }
}

async fn connect(server: &Embedded) -> NatsBroker {
    let options = ConnectOptions { servers: vec![server.url()], ..ConnectOptions::default() };
    NatsBroker::connect(&options).await.unwrap()
}

async fn eventually(what: &str, mut is: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "never: {what}");
}

async fn owns(member: &Member, count: u32) {
    eventually("owned", async || member.status().owned == count).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_effect_of_a_zombie_is_refused() {
    let world = World::new("zombie").await;
    let (a, b) = (world.client().await, world.client().await);
    let zombie = world.join("a", &a, Duration::from_millis(50)).await;
    owns(&zombie, PARTITIONS).await;
    let session = zombie.status().session.unwrap();
    world.publish(60).await;
    eventually("the zombie has begun", async || zombie.stats().attempts > 6).await;
    a.freezer.freeze();
    let heir = world.join("b", &b, Duration::ZERO).await;
    owns(&heir, PARTITIONS).await;
    world.drained().await;
    a.freezer.thaw();
    eventually("the zombie lives again", async || {
        zombie.status().session.is_some_and(|now| now != session) && zombie.status().owned == 3
    })
    .await;
    world.assert_each_once().await;
    assert!(zombie.stats().fenced > 0, "what it had processed was refused, and it knows");
    let mut heirs = std::collections::BTreeSet::new();
    for (partition, record) in world.ledger().await {
        if record.holder().session != session {
            heirs.insert(partition);
        }
        let late = record.holder().session == session && heirs.contains(&partition);
        assert!(!late, "the zombie wrote under {partition} after its heir: {record:?}");
    }
    assert_eq!(heirs.len(), PARTITIONS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_owner_gets_the_whole_backlog() {
    let world = World::new("backlog").await;
    let (a, b) = (world.client().await, world.client().await);
    world.publish(300).await;
    let first = world.join("a", &a, Duration::from_millis(5)).await;
    eventually("the first has begun", async || first.stats().attempts > 30).await;
    let second = world.join("b", &b, Duration::ZERO).await;
    owns(&second, 3).await;
    first.leave().await.unwrap();
    owns(&second, PARTITIONS).await;
    world.publish(60).await;
    world.drained().await;
    world.assert_each_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deposed_leader_writes_nothing() {
    let world = World::new("deposed").await;
    let (a, b) = (world.client().await, world.client().await);
    let (told, mut story) = tokio::sync::mpsc::unbounded_channel();
    let filters = vec![world.names.all_group()];
    let mut reader =
        world.broker.read(&world.names.group, filters, Start::At(Seq(1))).await.unwrap();
    tokio::spawn(async move { while told.send(reader.next().await.unwrap()).is_ok() {} });
    let deposed = world.join("a", &a, Duration::ZERO).await;
    owns(&deposed, PARTITIONS).await;
    let term = deposed.status().leading.expect("the only member leads");
    a.freezer.freeze();
    let leader = world.join("b", &b, Duration::ZERO).await;
    eventually("b leads", async || leader.status().leading.is_some()).await;
    // It acts before it has read that it is deposed: its next sign of life goes out under its term.
    a.freezer.thaw_requests();
    tokio::time::sleep(LEASE / 2).await;
    a.freezer.thaw();
    eventually("a follows", async || {
        deposed.status().leading.is_none() && deposed.status().owned == 3
    })
    .await;
    // A write of its term that was on its way all the time is refused, whenever it arrives.
    let late = Append::new(world.names.group.clone(), world.names.plan(), "{}")
        .under(world.names.leader(), Seq(term.0));
    let refused = world.broker.append(late).await;
    assert!(matches!(refused, Err(AppendError::Refused(_))), "{refused:?}");
    let mut fenced = false;
    while let Ok(record) = story.try_recv() {
        let written = match world.names.group_subject(&record.subject).unwrap() {
            GroupSubject::Leader => {
                let elected = records::decode::<LeaderRecord>(&record).unwrap();
                fenced |= matches!(elected, LeaderRecord::Elected { member, .. } if member.as_str() == "b");
                continue;
            }
            GroupSubject::LeaderBeat => records::decode::<LeaderBeat>(&record).unwrap().term,
            GroupSubject::Grant(_) => records::decode::<Grant>(&record).unwrap().term,
            GroupSubject::Plan => records::decode::<Plan>(&record).unwrap().term,
            GroupSubject::Member(_) | GroupSubject::Settings => Term(0),
        };
        assert!(!(fenced && written == term), "{record:?}");
    }
    assert!(fenced, "b's election is in the stream");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_within_the_lease_moves_nothing() {
    let world = World::new("return").await;
    let (a, b) = (world.client().await, world.client().await);
    let one = world.join("a", &a, Duration::ZERO).await;
    let other = world.join("b", &b, Duration::ZERO).await;
    owns(&one, 3).await;
    owns(&other, 3).await;
    let grants = async || {
        let last = async |name: &str| {
            let subject = world.names.grant(&MemberId::new(name).unwrap());
            world.broker.last(&world.names.group, &subject).await.unwrap().unwrap().seq
        };
        (last("a").await, last("b").await)
    };
    let before = grants().await;
    drop(other);
    world.publish(60).await;
    let again = world.join("b", &b, Duration::ZERO).await;
    owns(&again, 3).await;
    world.drained().await;
    tokio::time::sleep(LEASE * 2).await;
    assert_eq!(grants().await, before, "no grant was written");
    assert_eq!((one.status().owned, again.status().owned), (3, 3));
    world.assert_each_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_moves_nothing() {
    let world = World::new("restart").await;
    let mut members = Vec::new();
    for name in ["a", "b", "c"] {
        members.push(world.join(name, &world.client().await, Duration::from_millis(5)).await);
    }
    for member in &members {
        owns(member, 2).await;
    }
    let owners = async || {
        let claims = world.ledger().await.into_iter().filter_map(|(partition, record)| {
            matches!(record, LedgerRecord::Claim { .. })
                .then(|| (partition, record.holder().member.clone()))
        });
        claims.collect::<BTreeMap<_, _>>()
    };
    let grants = async || {
        let mut last = Vec::new();
        for member in ["a", "b", "c"] {
            let subject = world.names.grant(&MemberId::new(member).unwrap());
            last.push(world.broker.last(&world.names.group, &subject).await.unwrap().unwrap().seq);
        }
        last
    };
    let before = (owners().await, grants().await);
    for _ in 0..3 {
        world.publish(120).await;
        let next = members.remove(0);
        let name = next.id().clone();
        next.step_aside().await.unwrap();
        members.push(world.join(name.as_str(), &world.client().await, Duration::ZERO).await);
        eventually("owned again", async || members.iter().all(|m| m.status().owned == 2)).await;
    }
    world.drained().await;
    tokio::time::sleep(LEASE * 2).await;
    assert_eq!((owners().await, grants().await), before);
    assert!(members.iter().all(|member| member.stats().fenced == 0));
    world.assert_each_once().await;
}
