//! One connection: from its acceptance to its end, under conditions that change.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Rng;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::figures::{Counter, Counters};
use crate::line::{Line, Piece};
use model::Network;

/// How much is read at once. The buffer lives as long as the call, so an idle connection has none.
const CHUNK: usize = 64 << 10;
/// How long one address of the broker may take to answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// The connection ends with a reset.
#[derive(Debug)]
struct Reset;

impl From<io::Error> for Reset {
    fn from(_: io::Error) -> Self {
        Reset
    }
}

/// What a connection is given.
pub(crate) struct Way {
    pub(crate) upstreams: Arc<[String]>,
    pub(crate) conditions: watch::Receiver<Network>,
    pub(crate) counters: Arc<Counters>,
    /// For the way to the broker and the way back.
    pub(crate) rngs: [Rng; 2],
}

/// Carries a connection to its end.
pub(crate) async fn serve(mut client: TcpStream, mut way: Way) {
    if serve_until_reset(&mut client, &mut way).await.is_err() {
        way.counters.resets.add(1);
        reset(client);
    }
    way.counters.closed.add(1);
}

async fn serve_until_reset(client: &mut TcpStream, way: &mut Way) -> Result<(), Reset> {
    client.set_nodelay(true)?;
    if !is_let_in(client, &mut way.conditions).await? {
        return Ok(());
    }
    let mut conditions = way.conditions.clone();
    let mut broker = tokio::select! {
        biased;
        _ = conditions.wait_for(|conditions| *conditions == Network::Cut) => return Err(Reset),
        broker = connect(&way.upstreams) => broker?,
    };
    broker.set_nodelay(true)?;
    let ended = carry(client, &mut broker, way).await;
    if ended.is_err() {
        reset(broker);
    }
    ended
}

/// Waits until the network lets a new connection through; false if the client gives up before.
async fn is_let_in(
    client: &TcpStream,
    conditions: &mut watch::Receiver<Network>,
) -> Result<bool, Reset> {
    let mut speaks = false;
    loop {
        match *conditions.borrow_and_update() {
            Network::Cut => return Err(Reset),
            Network::HalfOpen => {}
            _ => return Ok(true),
        }
        let mut first = [0];
        tokio::select! {
            biased;
            changed = conditions.changed() => changed.map_err(|_| Reset)?,
            // A client that speaks first hides its end behind what it said; it is kept.
            peeked = client.peek(&mut first), if !speaks => match peeked {
                Ok(0) | Err(_) => return Ok(false),
                Ok(_) => speaks = true,
            },
        }
    }
}

/// Connects to the first address that answers.
async fn connect(upstreams: &[String]) -> io::Result<TcpStream> {
    let mut last = io::Error::other("there is no address");
    for upstream in upstreams {
        match timeout(CONNECT_WITHIN, TcpStream::connect(upstream)).await {
            Ok(Ok(broker)) => return Ok(broker),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    tracing::debug!("the broker does not answer at {upstreams:?}: {last}");
    Err(last)
}

/// Carries both directions until both have ended.
async fn carry(client: &mut TcpStream, broker: &mut TcpStream, way: &mut Way) -> Result<(), Reset> {
    let (from_client, to_client) = client.split();
    let (from_broker, to_broker) = broker.split();
    let [there, back] = way.rngs.clone().map(|rng| Line::new(rng, way.counters.clone()));
    let (conditions, counters) = (&way.conditions, &way.counters);
    tokio::try_join!(
        pump(from_client, to_broker, there, conditions.clone(), &counters.to_broker),
        pump(from_broker, to_client, back, conditions.clone(), &counters.to_client),
    )?;
    Ok(())
}

/// Carries one direction until the end of what is sent has arrived.
async fn pump(
    from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut line: Line,
    mut conditions: watch::Receiver<Network>,
    counter: &Counter,
) -> Result<(), Reset> {
    let mut current = *conditions.borrow_and_update();
    loop {
        if current == Network::Cut {
            return Err(Reset);
        }
        let flows = current != Network::HalfOpen;
        let due = line.due().filter(|_| flows);
        tokio::select! {
            biased;
            changed = conditions.changed() => {
                changed.map_err(|_| Reset)?;
                current = *conditions.borrow_and_update();
                line.release(Instant::now());
            }
            arrived = arrive(&to, &line, due), if due.is_some() => match arrived? {
                Arrived::Bytes(count) => {
                    line.arrived(count);
                    counter.add(count as u64);
                }
                Arrived::End => {
                    to.shutdown().await?;
                    return Ok(());
                }
            },
            chunk = read(&from), if flows && line.has_room() => {
                line.take(Instant::now(), chunk?, current);
            }
        }
    }
}

enum Arrived {
    Bytes(usize),
    End,
}

/// Waits until the next piece is due, and hands on what the receiver takes of it.
async fn arrive(to: &WriteHalf<'_>, line: &Line, due: Option<Instant>) -> Result<Arrived, Reset> {
    if let Some(due) = due.filter(|due| *due > Instant::now()) {
        sleep_until(due).await;
    }
    match line.next() {
        Some(Piece::Bytes(bytes)) => loop {
            match to.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => to.writable().await?,
                written => return Ok(Arrived::Bytes(written?)),
            }
        },
        Some(Piece::End) => Ok(Arrived::End),
        Some(Piece::Doomed(_)) | None => Err(Reset),
    }
}

/// Reads what is there; nothing at the end.
async fn read(from: &ReadHalf<'_>) -> io::Result<Bytes> {
    loop {
        from.readable().await?;
        match read_chunk(from) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            chunk => return chunk,
        }
    }
}

fn read_chunk(from: &ReadHalf<'_>) -> io::Result<Bytes> {
    let mut buffer = [0; CHUNK];
    let count = from.try_read(&mut buffer)?;
    Ok(Bytes::copy_from_slice(&buffer[..count]))
}

/// Ends a connection so that the other end sees an error, not an end.
fn reset(stream: TcpStream) {
    // If it does not work the other end sees an end, as it would of a process that was killed.
    let _ = stream.set_zero_linger();
}
