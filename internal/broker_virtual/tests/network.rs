//! What clients see of network, of a broker that stalls or stops, and that none of it costs a reader
//! a record.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use broker::{
    Admin, Append, AppendError, BrokerError, ConsumerName, ConsumerSpec, Log, Queue, QueueError,
    Reader, Seq, Start, StreamSpec,
};
use broker_virtual::{Options, VirtualBroker, VirtualLog, VirtualReader};
use common::{append, spec, stream, subject};
use futures_util::future::join_all;
use model::{Network, Seed};
use tokio::time::{Instant, sleep, timeout};

const HOUR: Duration = Duration::from_secs(3600);
const MS: Duration = Duration::from_millis(1);
/// More than two ways of the default latency.
const SOON: Duration = Duration::from_millis(10);

async fn world() -> VirtualBroker {
    let broker = VirtualBroker::new(Options::new(Seed(5)));
    broker.client("admin").ensure(&spec()).await.unwrap();
    broker
}

/// What is stored, in order.
fn stored(broker: &VirtualBroker) -> Vec<String> {
    let records = broker.records(&stream(), Seq(1));
    records.iter().map(|record| String::from_utf8_lossy(&record.payload).into_owned()).collect()
}

async fn reader(client: &VirtualLog) -> VirtualReader {
    client.read(&stream(), vec![subject("s.>")], Start::At(Seq(1))).await.unwrap()
}

fn spawn(client: &VirtualLog, payload: &str) -> tokio::task::JoinHandle<Result<Seq, AppendError>> {
    let (client, append) = (client.clone(), append(payload));
    tokio::spawn(async move { client.append(append).await })
}

/// Reads the next `count` records and fails on a gap or a repetition.
async fn read_on(reader: &mut VirtualReader, from: u64, count: u64) {
    for seq in from..from + count {
        let record = timeout(HOUR, reader.next()).await.expect("a record comes").unwrap();
        assert_eq!(record.seq, Seq(seq));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cut_ends_what_is_under_way_at_once() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::Delayed { delay: MS * 500, jitter: Duration::ZERO });
    let sending = spawn(&client, "x");
    sleep(MS * 100).await;
    let began = Instant::now();
    broker.set_network("c", Network::Cut);
    assert!(matches!(sending.await.unwrap(), Err(AppendError::InDoubt(_))));
    assert_eq!(began.elapsed(), Duration::ZERO);
    broker.set_network("c", Network::Clear);
    sleep(HOUR).await;
    assert!(stored(&broker).is_empty(), "what broke with the connection never arrives");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_a_connection() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::Cut);
    let sending = spawn(&client, "x");
    sleep(MS * 500).await;
    broker.set_network("c", Network::Clear);
    sending.await.unwrap().expect("it goes out when there is a connection");
}

#[tokio::test(start_paused = true)]
async fn half_open_hangs_and_what_was_sent_arrives_in_the_end() {
    let broker = world().await;
    let (client, other) = (broker.client("c"), broker.client("other"));
    let mut records = reader(&client).await;
    broker.set_network("c", Network::HalfOpen);
    let began = Instant::now();
    assert!(matches!(client.append(append("lost?")).await, Err(AppendError::InDoubt(_))));
    assert_eq!(began.elapsed(), Duration::from_secs(1), "it hangs until its time is up");
    other.append(append("other")).await.unwrap();
    assert!(timeout(HOUR, records.next()).await.is_err(), "the reader is silent");
    assert_eq!(stored(&broker), ["other"]);
    broker.set_network("c", Network::Clear);
    assert_eq!(stored(&broker), ["other", "lost?"], "late, and given up long ago");
    read_on(&mut records, 1, 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_half_open_connection_that_breaks_loses_what_was_sent() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::HalfOpen);
    let sending = spawn(&client, "x");
    sleep(SOON).await;
    broker.set_network("c", Network::Cut);
    broker.set_network("c", Network::Clear);
    assert!(matches!(sending.await.unwrap(), Err(AppendError::InDoubt(_))));
    sleep(HOUR).await;
    assert!(stored(&broker).is_empty());
}

/// The broker has said it, and the connection is another one when it comes.
#[tokio::test(start_paused = true)]
async fn an_answer_is_lost_with_its_connection() {
    let broker = world().await;
    let client = broker.client("c");
    let delayed = Network::Delayed { delay: MS * 100, jitter: Duration::ZERO };
    broker.set_network("c", delayed);
    let sending = spawn(&client, "x");
    sleep(MS * 150).await;
    broker.set_network("c", Network::Cut);
    broker.set_network("c", delayed);
    assert!(matches!(sending.await.unwrap(), Err(AppendError::InDoubt(_))));
    assert_eq!(stored(&broker), ["x"]);
}

/// Nobody knows that a request was lost; that the connection was, everybody hears.
#[tokio::test(start_paused = true)]
async fn a_break_ends_what_was_lost_before() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::Lossy { loss: 1.0 });
    let sending = spawn(&client, "x");
    sleep(MS * 300).await;
    assert!(!sending.is_finished());
    let began = Instant::now();
    broker.set_network("c", Network::Cut);
    assert!(matches!(sending.await.unwrap(), Err(AppendError::InDoubt(_))));
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// A process that ends has sent what it has sent, also over a connection that is silent just then.
#[tokio::test(start_paused = true)]
async fn what_was_sent_outlives_its_sender() {
    let broker = world().await;
    let names: Vec<_> = (0..60).map(|n| format!("c{n}")).collect();
    for name in &names {
        let client = broker.client(name);
        broker.set_network(name, Network::HalfOpen);
        let sending = spawn(&client, name);
        sleep(SOON).await;
        sending.abort();
    }
    sleep(HOUR).await;
    assert!(stored(&broker).is_empty());
    names.iter().for_each(|name| broker.set_network(name, Network::Clear));
    let stored = stored(&broker).len();
    assert!((15..45).contains(&stored), "{stored} of 60");
}

/// The broker has said it; the connection is silent when it comes.
#[tokio::test(start_paused = true)]
async fn an_answer_waits_for_a_silent_connection() {
    let delay = MS * 100;
    for (then, is_heard, after) in [
        (Some(Network::Clear), true, MS * 450),
        (Some(Network::Cut), false, MS * 450),
        (None, false, Duration::from_secs(1)),
    ] {
        let broker = world().await;
        let client = broker.client("c");
        broker.set_network("c", Network::Delayed { delay, jitter: Duration::ZERO });
        let began = Instant::now();
        let sending = spawn(&client, "x");
        sleep(MS * 150).await;
        assert_eq!(stored(&broker), ["x"]);
        broker.set_network("c", Network::HalfOpen);
        sleep(MS * 300).await;
        assert!(!sending.is_finished(), "nothing comes through");
        if let Some(network) = then {
            broker.set_network("c", network);
        }
        let answer = sending.await.unwrap();
        assert_eq!(answer.is_ok(), is_heard, "{then:?}: {answer:?}");
        assert_eq!(began.elapsed(), after, "{then:?}");
    }
}

/// Requests of one client keep their order, however different their ways; those of several do not.
#[tokio::test(start_paused = true)]
async fn delay_reorders_between_clients_only() {
    let broker = world().await;
    let clients = ["one", "two", "three"].map(|name| broker.client(name));
    for name in ["one", "two", "three"] {
        broker.set_network(name, Network::Delayed { delay: MS * 300, jitter: MS * 200 });
    }
    let began = Instant::now();
    let requests = (0..30).map(|n| clients[n % 3].append(append(format!("{}-{n:02}", n % 3))));
    let answers = join_all(requests).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert!((MS * 200..Duration::from_secs(1)).contains(&began.elapsed()));
    let all = stored(&broker);
    for client in ["0-", "1-", "2-"] {
        let own: Vec<_> = all.iter().filter(|text| text.starts_with(client)).collect();
        assert!(own.len() == 10 && own.is_sorted(), "{own:?}");
    }
    let numbers: Vec<_> = all.iter().map(|text| &text[2..]).collect();
    assert!(!numbers.is_sorted(), "clients overtake each other: {numbers:?}");
}

/// A way that is longer than a request's patience: in doubt first, stored later.
#[tokio::test(start_paused = true)]
async fn what_was_given_up_arrives_when_it_does() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::Delayed { delay: MS * 3000, jitter: Duration::ZERO });
    let answers = join_all((10..30).map(|n| client.append(append(n)))).await;
    let in_doubt = |answer: &_| matches!(answer, Err(AppendError::InDoubt(_)));
    assert!(answers.iter().all(in_doubt), "{answers:?}");
    assert!(stored(&broker).is_empty());
    sleep(MS * 2500).await;
    let all = stored(&broker);
    assert!(all.len() == 20 && all.is_sorted(), "{all:?}");
    // There in time, and back too late.
    broker.set_network("c", Network::Delayed { delay: MS * 600, jitter: Duration::ZERO });
    let began = Instant::now();
    let answer = client.append(append("late")).await;
    assert!(in_doubt(&answer), "{answer:?}");
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(stored(&broker).len(), 21);
}

#[tokio::test(start_paused = true)]
async fn loss_leaves_requests_in_doubt_and_readers_complete() {
    let broker = world().await;
    let client = broker.client("c");
    let mut records = reader(&client).await;
    broker.set_network("c", Network::Lossy { loss: 0.3 });
    let mut known = 0;
    for n in 0..200 {
        match client.append(append(n)).await {
            Ok(_) => known += 1,
            Err(error) => assert!(matches!(error, AppendError::InDoubt(_)), "{error}"),
        }
    }
    let stored = stored(&broker).len();
    // 0.7 of the requests arrive, 0.7 of their answers.
    assert!((120..160).contains(&stored), "{stored}");
    assert!((75..120).contains(&known), "{known}");
    read_on(&mut records, 1, stored as u64).await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_broker_keeps_its_streams() {
    let broker = world().await;
    let clients = [broker.client("one"), broker.client("two")];
    let mut records = reader(&clients[0]).await;
    clients[0].append(append("before")).await.unwrap();
    let under_way = spawn(&clients[1], "under way");
    tokio::task::yield_now().await;
    broker.stop();
    assert!(matches!(under_way.await.unwrap(), Err(AppendError::InDoubt(_))));
    for client in &clients {
        let last = client.last(&stream(), &subject("s.a")).await;
        assert!(matches!(last, Err(BrokerError::Unavailable(_))), "{last:?}");
    }
    let late = broker.client("late");
    assert!(matches!(late.append(append("x")).await, Err(AppendError::InDoubt(_))));
    broker.start();
    late.append(append("after")).await.unwrap();
    assert_eq!(stored(&broker), ["before", "after"]);
    read_on(&mut records, 1, 2).await;
}

/// The broker that starts again does not mend a client that is cut off by itself.
#[tokio::test(start_paused = true)]
async fn weather_and_broker_are_independent() {
    let broker = world().await;
    let client = broker.client("c");
    broker.set_network("c", Network::Cut);
    broker.stop();
    broker.start();
    assert!(client.append(append("x")).await.is_err());
    broker.stop();
    broker.set_network("c", Network::Clear);
    assert!(client.append(append("x")).await.is_err());
    broker.start();
    client.append(append("x")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stalled_broker_does_everything_later() {
    let broker = world().await;
    let (client, patient) = (broker.client("c"), broker.client("reader"));
    let mut records = reader(&patient).await;
    let began = Instant::now();
    broker.stall(MS * 600);
    client.append(append("x")).await.expect("it answers in the end");
    assert!((MS * 600..MS * 600 + SOON).contains(&began.elapsed()), "{:?}", began.elapsed());
    broker.append_now(append("y")).unwrap();
    broker.stall(MS * 5000);
    assert!(matches!(client.append(append("z")).await, Err(AppendError::InDoubt(_))));
    assert!(timeout(MS * 3000, records.next()).await.is_err(), "readers hear nothing either");
    read_on(&mut records, 1, 3).await;
    assert_eq!(stored(&broker), ["x", "y", "z"], "it arrived when the broker went on");
}

#[tokio::test(start_paused = true)]
async fn weather_belongs_to_a_name() {
    let broker = world().await;
    let (old, other) = (broker.client("c"), broker.client("other"));
    broker.set_network("c", Network::Cut);
    let new = broker.client("c");
    for client in [&old, &new] {
        assert!(client.append(append("x")).await.is_err());
    }
    other.append(append("x")).await.unwrap();
    old.set_network(Network::Clear);
    old.append(append("x")).await.expect("this connection alone is mended");
    assert!(new.append(append("x")).await.is_err());
}

/// Readers of all kinds, under network that changes all the time.
#[tokio::test(start_paused = true)]
async fn readers_miss_nothing_whatever_the_weather() {
    let broker = world().await;
    let client = broker.client("c");
    let mut all = reader(&client).await;
    let filters = vec![subject("s.a"), subject("s.c")];
    let mut some = client.read(&stream(), filters, Start::LastPerSubject).await.unwrap();
    let network = [
        Network::Cut,
        Network::Delayed { delay: MS * 50, jitter: MS * 50 },
        Network::HalfOpen,
        Network::Clear,
        Network::Lossy { loss: 0.5 },
    ];
    let writing = async {
        for n in 0..4000_usize {
            let to = subject(["s.a", "s.b", "s.c"][n % 3]);
            broker.append_now(Append::new(stream(), to, "x")).unwrap();
            // Bursts beyond what is noted for a reader, and pauses.
            if n % 1500 < 200 {
                sleep(MS).await;
            }
            if n % 20 == 0 {
                broker.set_network("c", network[n / 20 % 5]);
            }
        }
        broker.set_network("c", Network::Clear);
    };
    let reading_some = async {
        for seq in (1..=4000).filter(|seq| seq % 3 != 2) {
            let record = timeout(HOUR, some.next()).await.expect("a record comes").unwrap();
            assert_eq!(record.seq, Seq(seq));
        }
    };
    tokio::join!(writing, read_on(&mut all, 1, 4000), reading_some);
}

/// A reader that is away while the limit per subject evicts finds what is left.
#[tokio::test(start_paused = true)]
async fn a_reader_skips_what_was_evicted_and_nothing_else() {
    let broker = VirtualBroker::new(Options::new(Seed(5)));
    let client = broker.client("c");
    let few = StreamSpec { max_per_subject: Some(2), ..spec() };
    client.ensure(&few).await.unwrap();
    let mut records = reader(&client).await;
    assert!(timeout(SOON, records.next()).await.is_err());
    for n in 0..300 {
        broker.append_now(append(n)).unwrap();
    }
    let record = timeout(SOON, records.next()).await.expect("two are left").unwrap();
    assert_eq!((record.seq, record.pending), (Seq(299), 1));
    assert_eq!(records.next().await.unwrap().seq, Seq(300));
}

/// A delivery that is lost on its way is pending all the same.
#[tokio::test(start_paused = true)]
async fn a_delivery_to_a_client_that_is_cut_off_is_pending() {
    let broker = world().await;
    let (client, other) = (broker.client("c"), broker.client("other"));
    let name = ConsumerName::new("d").unwrap();
    let spec = ConsumerSpec {
        name: name.clone(),
        filters: vec![],
        ack_wait: Duration::from_secs(30),
        max_deliver: None,
        max_ack_pending: 9,
    };
    client.consumer(&stream(), &spec).await.unwrap();
    let pulling = {
        let (client, name) = (client.clone(), name.clone());
        tokio::spawn(async move { client.pull(&stream(), &name, HOUR).await })
    };
    sleep(SOON).await;
    broker.set_network("c", Network::HalfOpen);
    broker.append_now(append("x")).unwrap();
    let pulled = pulling.await.unwrap();
    let lost = matches!(pulled, Err(QueueError::Broker(BrokerError::Unavailable(_))));
    assert!(lost, "{pulled:?}");
    let began = Instant::now();
    let again = other.pull(&stream(), &name, HOUR).await.unwrap().expect("it comes again");
    assert_eq!(again.receipt.tries, 2);
    assert!(began.elapsed() > Duration::from_secs(28), "{:?}", began.elapsed());
}

/// Records that come at once go to as many who wait.
#[tokio::test(start_paused = true)]
async fn every_pull_that_waits_is_served() {
    let broker = world().await;
    let client = broker.client("c");
    let name = ConsumerName::new("d").unwrap();
    let spec = ConsumerSpec {
        name: name.clone(),
        filters: vec![],
        ack_wait: HOUR * 2,
        max_deliver: None,
        max_ack_pending: 9,
    };
    client.consumer(&stream(), &spec).await.unwrap();
    let pulls = (0..4).map(|_| {
        let (client, name) = (client.clone(), name.clone());
        tokio::spawn(async move { client.pull(&stream(), &name, HOUR).await })
    });
    let pulls: Vec<_> = pulls.collect();
    sleep(SOON).await;
    (0..4).for_each(|n| assert!(broker.append_now(append(n)).is_ok()));
    let began = Instant::now();
    for pull in pulls {
        assert!(pull.await.unwrap().unwrap().is_some());
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

/// Later connections of a name have other luck than the first.
#[tokio::test(start_paused = true)]
async fn connections_of_a_name_do_not_repeat_each_other() {
    let broker = world().await;
    let mut ways = Vec::new();
    for _ in 0..3 {
        let client = broker.client("c");
        client.set_network(Network::Delayed { delay: MS * 200, jitter: MS * 200 });
        let began = Instant::now();
        client.append(append("x")).await.unwrap();
        ways.push(began.elapsed());
    }
    ways.dedup();
    assert_eq!(ways.len(), 3, "{ways:?}");
}

/// The same seed gives the same storm; another seed another one.
#[tokio::test(start_paused = true)]
async fn chance_is_seeded() {
    let storm = async |seed| {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let client = broker.client("c");
        broker.set_network("c", Network::Lossy { loss: 0.5 });
        let began = Instant::now();
        let mut trace = Vec::new();
        for _ in 0..50 {
            let state = client.state(&stream()).await;
            trace.push((state.is_ok(), began.elapsed()));
        }
        trace
    };
    let trace = storm(1).await;
    assert_eq!(storm(1).await, trace);
    assert_ne!(storm(2).await, trace);
}

#[tokio::test(start_paused = true)]
async fn records_take_their_time_and_what_breaks_on_its_way_is_sent_again() {
    let broker = world().await;
    let client = broker.client("c");
    let mut records = reader(&client).await;
    let delay = MS * 500;
    broker.set_network("c", Network::Delayed { delay, jitter: Duration::ZERO });
    for (seq, cut_off) in [(1, None), (2, Some(delay * 4)), (3, Some(MS))] {
        let waiting = tokio::spawn(async move {
            read_on(&mut records, seq, 1).await;
            (records, Instant::now())
        });
        sleep(SOON).await;
        let mut sent_at = Instant::now();
        broker.append_now(append(seq)).unwrap();
        if let Some(cut_off) = cut_off {
            sleep(delay / 2).await;
            broker.set_network("c", Network::Cut);
            sleep(cut_off).await;
            sent_at = Instant::now();
            broker.set_network("c", Network::Delayed { delay, jitter: Duration::ZERO });
        }
        let came_at;
        (records, came_at) = timeout(HOUR, waiting).await.expect("it comes").unwrap();
        let took = came_at - sent_at;
        assert!((delay..delay + SOON).contains(&took), "record {seq} took {took:?}");
    }
}
