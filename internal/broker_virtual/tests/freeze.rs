//! A frozen connection holds requests, answers and records back, and loses none of them.

mod common;

use std::time::Duration;

use broker::{Admin, Freezable, Freezer, Log, Reader, Seq, Start};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use common::{append, spec, stream, subject};
use model::Seed;
use tokio::time::{Instant, sleep, timeout};

/// The time a record or one way of a request takes.
const WAY: Duration = Duration::from_millis(10);
const HOUR: Duration = Duration::from_secs(3600);

struct World {
    broker: VirtualBroker,
    freezer: Freezer,
    client: Freezable<VirtualLog>,
}

impl World {
    async fn new() -> Self {
        let options = Options { latency_min: WAY, latency_max: WAY, ..Options::new(Seed(1)) };
        let broker = VirtualBroker::new(options);
        let freezer = Freezer::default();
        let client = Freezable::new(broker.client("it"), freezer.clone());
        client.ensure(&spec()).await.expect("the stream is made");
        Self { broker, freezer, client }
    }

    fn stored(&self) -> usize {
        self.broker.records(&stream(), Seq(1)).len()
    }

    async fn read(&self) -> impl Reader {
        let (stream, filters) = (stream(), vec![subject("s.>")]);
        self.client.read(&stream, filters, Start::At(Seq(1))).await.expect("a reader is made")
    }

    fn append_there(&self, payload: &'static str) {
        self.broker.append_now(append(payload)).expect("the broker takes it");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_and_then_goes_out() {
    let world = World::new().await;
    assert!(!world.freezer.is_frozen());
    world.freezer.freeze();
    assert!(world.freezer.is_frozen());
    let client = world.client.clone();
    let appending = tokio::spawn(async move { client.append(append("x")).await });
    sleep(HOUR).await;
    assert_eq!(world.stored(), 0, "it went out");
    world.freezer.thaw();
    assert_eq!(appending.await.expect("no panic").expect("it is stored"), Seq(1));
    assert_eq!(world.stored(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_waits_and_is_not_lost() {
    let world = World::new().await;
    let client = world.client.clone();
    let appending = tokio::spawn(async move { client.append(append("x")).await });
    sleep(WAY * 3 / 2).await;
    assert_eq!(world.stored(), 1, "it is stored, and its answer is on its way");
    world.freezer.freeze();
    sleep(HOUR).await;
    assert!(!appending.is_finished(), "the answer got through");
    world.freezer.thaw();
    assert_eq!(appending.await.expect("no panic").expect("it is stored"), Seq(1));
}

/// Everything but the append, which the tests above are about.
#[tokio::test(start_paused = true)]
async fn every_request_waits() {
    let world = World::new().await;
    world.append_there("x");
    let (s, a) = (&stream(), &subject("s.a"));
    let spec = spec();
    let client = &world.client;
    world.freezer.freeze();
    let all = async {
        tokio::join!(
            async { assert!(client.last(s, a).await.unwrap().is_some()) },
            async { assert!(client.first_at(s, a, Seq(1)).await.unwrap().is_some()) },
            async { drop(client.read(s, vec![a.clone()], Start::At(Seq(1))).await.unwrap()) },
            async { client.ensure(&spec).await.unwrap() },
            async { assert!(client.state(s).await.unwrap().is_some()) },
            async { client.trim(s, a, Seq(1)).await.unwrap() },
        );
        client.delete(s).await.unwrap();
    };
    tokio::pin!(all);
    macro_rules! waits {
        ($($request:expr),+) => {$(
            assert!(timeout(HOUR, $request).await.is_err(), stringify!($request));
        )+};
    }
    waits!(
        client.last(s, a),
        client.first_at(s, a, Seq(1)),
        client.read(s, vec![a.clone()], Start::At(Seq(1))),
        client.ensure(&spec),
        client.state(s),
        client.trim(s, a, Seq(2)),
        client.delete(s),
        &mut all
    );
    assert_eq!(world.stored(), 1, "what was given up was never sent");
    world.freezer.thaw();
    let began = Instant::now();
    all.await;
    assert!(began.elapsed() <= WAY * 5, "{:?}", began.elapsed());
    assert_eq!(world.stored(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_record_waits_and_a_dropped_next_loses_nothing() {
    let world = World::new().await;
    let mut reader = world.read().await;
    assert!(timeout(WAY, reader.next()).await.is_err(), "there is no record");
    world.freezer.freeze();
    world.append_there("1");
    world.append_there("2");
    for _ in 0..3 {
        assert!(timeout(HOUR, reader.next()).await.is_err(), "a record got through");
    }
    world.freezer.thaw_requests();
    assert!(timeout(HOUR, reader.next()).await.is_err(), "a record got through");
    assert!(world.freezer.is_frozen(), "it still holds something back");
    world.freezer.thaw();
    for expected in ["1", "2"] {
        assert_eq!(reader.next().await.expect("there is a record").payload, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_can_go_on_before_records() {
    let world = World::new().await;
    let client = world.client.clone();
    world.freezer.freeze();
    let appending = tokio::spawn(async move { client.append(append("x")).await });
    sleep(HOUR).await;
    world.freezer.thaw_requests();
    appending.await.expect("no panic").expect("it is stored");
}

/// The connections of one process stop together.
#[tokio::test(start_paused = true)]
async fn one_freezer_holds_several_connections() {
    let world = World::new().await;
    let other = Freezable::new(world.broker.client("other"), world.freezer.clone());
    world.freezer.freeze();
    assert!(timeout(HOUR, other.append(append("x"))).await.is_err());
    assert!(timeout(HOUR, world.client.append(append("x"))).await.is_err());
    assert_eq!(world.stored(), 0);
}
