//! From when each message fell due until its effect was stored, out of the streams: exact, and open loop.
//! A message that had to wait for the one before it waits from when it fell due.

use std::time::Duration;

use bench::quantile;
use broker::{Admin, Reader, Record, Seq, Start, StreamName, Subject};
use model::{Message, Timestamp};
use parti::records::{self, LedgerRecord};
use reports::Output;

use crate::failure::Failure;
use crate::setup::Setup;

/// How long the next record of a stream may take that is already stored.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// How long each message took, in microseconds, in order.
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// The latency that `part` of all messages did not exceed.
    pub fn quantile(&self, part: f64) -> Duration {
        Duration::from_micros(quantile(&self.0, part).unwrap_or(0))
    }
}

/// Looks up every message and its effect; those that fell due within `skipped` of the first do not count.
///
/// # Errors
///
/// If a message has not exactly one effect: then this is no measurement.
pub async fn latencies(
    setup: &Setup,
    broker: &impl Admin,
    skipped: Duration,
) -> Result<Latencies, Failure> {
    let names = &setup.names;
    let mut due: Vec<Vec<Option<Timestamp>>> = vec![Vec::new(); setup.weights.count() as usize];
    let wrong = |what: &str, record: &Record| {
        Failure::Environment(format!(
            "a round cannot be measured: {what} is record {} of {}",
            record.seq, record.subject
        ))
    };
    let mut first = Timestamp(i64::MAX);
    each(broker, &names.messages, names.all_messages(), |record| {
        let message = Message::decode(&record.payload).map_err(|_| wrong("no message", record))?;
        let of = due.get_mut(message.partition.0 as usize);
        let of = of.ok_or_else(|| wrong("a message of no partition", record))?;
        of.push(Some(message.sent_at));
        first = first.min(message.sent_at);
        match message.partition_seq.0 == of.len() as u64 {
            true => Ok(()),
            false => Err(wrong("a message out of its order", record)),
        }
    })
    .await?;
    let (from, mut took) = (Timestamp(first.0.saturating_add(micros(skipped))), Vec::new());
    each(broker, &names.ledger, names.all_own(), |record| {
        let partition = names.partition_of(&record.subject);
        let outputs = match records::decode(record) {
            Ok(LedgerRecord::Effect { outputs, .. }) => outputs,
            _ => Vec::new(),
        };
        for output in outputs {
            let (Output::Done(seq), Some(partition)) = (output, partition) else {
                return Err(wrong("an effect of no message", record));
            };
            let of = due.get_mut(partition.0 as usize);
            let due = of.and_then(|of| of.get_mut((seq.0 as usize).wrapping_sub(1)));
            let due = due.and_then(Option::take);
            let due =
                due.ok_or_else(|| wrong("an effect of a message that has none left", record))?;
            if due >= from {
                took.push(u64::try_from(record.stored_at_us - due.0).unwrap_or(0));
            }
        }
        Ok(())
    })
    .await?;
    if let Some(partition) = due.iter().position(|of| of.iter().any(Option::is_some)) {
        let why =
            format!("a round cannot be measured: a message of partition {partition} has no effect");
        return Err(Failure::Environment(why));
    }
    took.sort_unstable();
    Ok(Latencies(took))
}

fn micros(of: Duration) -> i64 {
    i64::try_from(of.as_micros()).unwrap_or(i64::MAX)
}

/// Every record of a stream that nobody writes to any more.
async fn each(
    broker: &impl Admin,
    stream: &StreamName,
    all: Subject,
    mut take: impl FnMut(&Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let last = broker.state(stream).await?.unwrap_or_default().last;
    let mut reader = broker.read(stream, vec![all], Start::At(Seq(1))).await?;
    let mut read = Seq::NONE;
    while read < last {
        let record = tokio::time::timeout(READ_WITHIN, reader.next()).await.map_err(|_| {
            Failure::Environment(format!(
                "the stream {stream} ends at {last}, but what follows {read} does not come within \
                 {READ_WITHIN:?}: somebody else trims it, or its server is too busy"
            ))
        })??;
        read = record.seq;
        take(&record)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
