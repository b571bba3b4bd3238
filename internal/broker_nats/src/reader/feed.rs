//! One consumer and the inbox that its records arrive on: asks for records ahead of the caller, in
//! bounded portions, and notices when something is missing.

use std::sync::Arc;
use std::time::Duration;

use async_nats::Subscriber;
use broker::{BrokerError, Record, Seq, StreamName};
use futures_util::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::consumer::{self, Incarnation, Wanted};
use super::floor;
use super::notice::{Notice, notice};
use crate::link::Link;

/// The most records that are asked for ahead of the caller.
const MOST_RECORDS: usize = 512;
/// How many bytes may wait for the caller, going by the largest record of late.
const MOST_BYTES: usize = 2 << 20;
/// How large a record is thought to be before there was one.
const FIRST_GUESS: usize = 32 << 10;
/// How long the server keeps a pull that it cannot serve.
const PULL_LASTS: Duration = Duration::from_secs(30);
/// How often the server says that it is still there while it has nothing to send.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Silence that counts as loss.
const SILENCE: Duration = Duration::from_secs(11);

/// What a feed tells the reader.
pub(super) enum Event {
    /// The next record.
    Record(Record),
    /// This feed is of no use any more; a new one must continue.
    Lost(String),
}

/// A consumer with its inbox.
pub(super) struct Feed {
    link: Arc<Link>,
    stream: StreamName,
    incarnation: Incarnation,
    /// The consumer's name.
    name: String,
    inbox: String,
    pull_subject: String,
    messages: Subscriber,
    losses: watch::Receiver<u64>,
    /// Deliveries seen; the server numbers them 1, 2, 3, …
    deliveries: u64,
    /// The last sequence handed out, or the one before the start.
    last: Seq,
    /// Records asked for that have not arrived.
    owed: usize,
    /// The size of a large record of late: the largest, slowly forgotten.
    large: usize,
    heard: Instant,
}

#[derive(Serialize)]
struct Pull {
    batch: usize,
    expires: u128,
    idle_heartbeat: u128,
}

impl Feed {
    /// Makes a consumer and an inbox for it.
    pub(super) async fn open(link: Arc<Link>, wanted: Wanted) -> Result<Self, BrokerError> {
        let losses = link.losses();
        let found = consumer::find(&link, &wanted).await?;
        let inbox = link.client.new_inbox();
        let name = format!("reader-{}", inbox.rsplit('.').next().unwrap_or(&inbox));
        let messages = link.client.subscribe(inbox.clone()).await;
        let messages = messages.map_err(|error| BrokerError::Unavailable(error.to_string()))?;
        let stream = wanted.stream.clone();
        // From here on a failure, and a caller who gives up, make the server forget the consumer.
        let feed = Self {
            pull_subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"),
            last: Seq(floor(wanted.start).0.saturating_sub(1)),
            heard: Instant::now(),
            deliveries: 0,
            owed: 0,
            large: FIRST_GUESS,
            link,
            stream,
            incarnation: found.incarnation,
            name,
            inbox,
            messages,
            losses,
        };
        consumer::create(&feed.link, &feed.name, &wanted, &found).await?;
        Ok(feed)
    }

    /// Which incarnation of the stream it reads.
    pub(super) fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// Waits for the next record. Cancel safe: what has arrived stays on the inbox.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if let Err(why) = self.pull().await {
                return Event::Lost(why);
            }
            let message = match self.messages.next().now_or_never() {
                Some(message) => message,
                None => tokio::select! {
                    biased;
                    message = self.messages.next() => message,
                    _ = self.losses.changed() => return lost("the connection was lost"),
                    () = sleep_until(self.heard + SILENCE) => return lost("the server is silent"),
                },
            };
            let Some(message) = message else { return lost("the inbox was closed") };
            self.heard = Instant::now();
            if let Some(event) = self.take(notice(message)) {
                return event;
            }
        }
    }

    /// Asks for more records when less than half of a portion is still to come.
    async fn pull(&mut self) -> Result<(), String> {
        let portion = (MOST_BYTES / self.large.max(1)).clamp(1, MOST_RECORDS);
        if self.owed > portion / 2 {
            return Ok(());
        }
        let batch = portion - self.owed;
        let pull =
            Pull { batch, expires: PULL_LASTS.as_nanos(), idle_heartbeat: HEARTBEAT.as_nanos() };
        let body = serde_json::to_vec(&pull).map_err(|error| error.to_string())?;
        self.link
            .client
            .publish_with_reply(self.pull_subject.clone(), self.inbox.clone(), body.into())
            .await
            .map_err(|error| error.to_string())?;
        self.owed += batch;
        Ok(())
    }

    fn take(&mut self, notice: Notice) -> Option<Event> {
        match notice {
            Notice::Record { record, delivery } => Some(self.deliver(record, delivery)),
            Notice::PullOver { unsent } => {
                self.owed = self.owed.saturating_sub(unsent);
                None
            }
            Notice::Alive { deliveries } => match deliveries {
                Some(made) if made > self.deliveries => Some(lost("a delivery is missing")),
                _ => None,
            },
            Notice::Useless(why) => Some(Event::Lost(why)),
        }
    }

    fn deliver(&mut self, record: Record, delivery: u64) -> Event {
        if delivery != self.deliveries + 1 || record.seq <= self.last {
            return lost("a delivery is missing or out of order");
        }
        self.deliveries = delivery;
        self.last = record.seq;
        self.owed = self.owed.saturating_sub(1);
        self.large = (self.large - self.large / 64).max(record.payload.len());
        Event::Record(record)
    }
}

fn lost(why: &str) -> Event {
    Event::Lost(why.to_owned())
}

impl Drop for Feed {
    fn drop(&mut self) {
        consumer::forget(&self.link, &self.stream, &self.name);
    }
}
