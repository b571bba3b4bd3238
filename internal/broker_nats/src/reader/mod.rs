//! Following a stream through outages: no record skipped, repeated or reordered.
//!
//! A reader stands on a consumer that the server forgets easily: kept in memory, on one server,
//! without acknowledgements, deleted when nobody asks it for a while. Nothing is lost with it. The
//! reader alone knows how far it is, and after any doubt (the connection was lost, a delivery
//! number is missing, the server fell silent or says that the consumer is gone) makes a new consumer
//! right behind the last record that it has handed out.
//!
//! Records are *pulled*: the server sends only what was asked for, so that a caller who is slow, or
//! away for an hour, neither loses records nor piles them up.

mod consumer;
mod feed;
mod notice;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use broker::{BrokerError, Reader, Record, Seq, Start, StreamName, Subject};
use tokio::time::sleep;
use tracing::{debug, warn};

use crate::link::Link;
use consumer::Wanted;
use feed::{Event, Feed};
pub(crate) use notice::{Place, place};

/// The first pause after a consumer could not be made; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// "No such stream" is believed when it is said twice, this far apart: a cluster that is coming up
/// may say it of a stream that it has not found yet.
const SURE_AFTER: Duration = Duration::from_millis(250);

type Opening = Pin<Box<dyn Future<Output = Result<Feed, BrokerError>> + Send>>;

/// Follows a stream; made by [`broker::Log::read`].
pub struct NatsReader {
    link: Arc<Link>,
    wanted: Wanted,
    state: State,
}

enum State {
    /// Records flow.
    Open(Feed),
    /// A consumer is being made. The attempt outlives a `next` that is dropped.
    Opening(Opening),
    /// The stream is gone.
    Ended(BrokerError),
}

impl NatsReader {
    /// Makes the first consumer.
    pub(crate) async fn open(
        link: Arc<Link>,
        stream: StreamName,
        filters: Vec<Subject>,
        start: Start,
    ) -> Result<Self, BrokerError> {
        if filters.is_empty() {
            let rule = "a reader needs at least one filter (the server would take none for all)";
            return Err(BrokerError::Unsuitable(rule.to_owned()));
        }
        let mut wanted = Wanted::new(stream, filters, start);
        let feed = Feed::open(link.clone(), wanted.clone()).await?;
        wanted.incarnation = Some(feed.incarnation());
        Ok(Self { link, wanted, state: State::Open(feed) })
    }

    fn reopen(&mut self, why: &str) {
        debug!(stream = %self.wanted.stream, start = ?self.wanted.start, why, "reader starts anew");
        self.state = State::Opening(Box::pin(open_at_last(self.link.clone(), self.wanted.clone())));
    }
}

impl Reader for NatsReader {
    async fn next(&mut self) -> Result<Record, BrokerError> {
        loop {
            match &mut self.state {
                State::Ended(error) => return Err(error.clone()),
                State::Opening(opening) => {
                    self.state = match opening.await {
                        Ok(feed) => State::Open(feed),
                        Err(error) => State::Ended(error),
                    };
                }
                State::Open(feed) => match feed.next().await {
                    Event::Record(record) => {
                        self.wanted.start = Start::At(record.seq.next());
                        return Ok(record);
                    }
                    Event::Lost(why) => self.reopen(&why),
                },
            }
        }
    }
}

/// Tries until there is a consumer, or the stream is gone for sure.
async fn open_at_last(link: Arc<Link>, wanted: Wanted) -> Result<Feed, BrokerError> {
    let (mut pause, mut gone) = (FIRST_PAUSE, false);
    loop {
        link.up().await;
        let error = match Feed::open(link.clone(), wanted.clone()).await {
            Ok(feed) => return Ok(feed),
            Err(error) => error,
        };
        match error {
            BrokerError::Gone(_) if gone => return Err(error),
            BrokerError::Gone(_) => {
                gone = true;
                sleep(SURE_AFTER).await;
                continue;
            }
            BrokerError::Unavailable(why) => {
                debug!(stream = %wanted.stream, why, "no consumer yet")
            }
            error => warn!(stream = %wanted.stream, %error, "no consumer; trying again"),
        }
        gone = false;
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Where a reader starts, as a sequence; nothing below it is handed out.
fn floor(start: Start) -> Seq {
    match start {
        Start::At(seq) => seq,
        Start::LastPerSubject => Seq::NONE,
    }
}
