//! One publish, until it is known to be stored: the in-doubt rule.

use std::future::Future;

use broker::{
    Append, AppendError, Backoff, BrokerError, Log, MessageId, Record, Refusal, Seq, StreamName,
    Subject,
};
use bugs::Bug;
use bytes::Bytes;
use model::{Message, PartitionId, ProducerId};

use crate::error::ProducerError;

/// How a message that is sent again is known to be stored already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publishing {
    /// It is stored after the message before it, or not at all: known for as long as the stream lives.
    Conditional,
    /// By its id: known for as long as the stream remembers that, and stored again if it is sent later.
    MessageId,
}

impl Publishing {
    /// The append of a message, again each time it is sent.
    fn append(self, append: Append, head: Seq, message: &Message) -> Result<Append, BrokerError> {
        Ok(match self {
            Self::Conditional => append.after(head),
            Self::MessageId => append.once(id(message)?),
        })
    }
}

/// The same for every life of a producer.
fn id(message: &Message) -> Result<MessageId, BrokerError> {
    let Message { producer, partition, partition_seq, .. } = message;
    Ok(MessageId::new(format!("{}-{}-{}", producer.0, partition.0, partition_seq.0))?)
}

/// What it took to store a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Effort {
    pub(crate) retries: u64,
    pub(crate) rejected: u64,
    /// It was in doubt, and then found stored.
    pub(crate) recovered: bool,
}

/// A message that is stored, once.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) partition: PartitionId,
    /// The last message of the partition.
    pub(crate) head: Seq,
    pub(crate) effort: Effort,
}

/// Publishes `message`, the next after `head`, which is the last of its partition that we know of.
#[expect(clippy::manual_async_fn, reason = "an `async fn` holds what it is handed twice")]
pub(crate) fn publish<B: Log>(
    broker: B,
    publishing: Publishing,
    (stream, subject): (StreamName, Subject),
    message: Message,
    head: Seq,
) -> impl Future<Output = Result<Published, ProducerError>> + Send {
    async move {
        let (partition, mut head) = (message.partition, head);
        let payload = message.encode();
        let is_damaged =
            bugs::has(Bug::PayloadDamaged) && message.partition_seq.0.is_multiple_of(20);
        let payload = if is_damaged { damaged(&payload) } else { payload };
        let mut effort = Effort::default();
        let mut backoff = Backoff::default();
        loop {
            let append = Append::new(stream.clone(), subject.clone(), payload.clone());
            let mut is_duplicate = false;
            match broker.append(publishing.append(append, head, &message)?).await {
                Ok(head) => return Ok(Published { partition, head, effort }),
                Err(AppendError::Refused(Refusal::Expectation(_))) => {}
                // The id is ours; whether the record is, is to be seen.
                Err(AppendError::Refused(Refusal::Duplicate(seq))) => {
                    (is_duplicate, head) = (true, Seq(seq.0.saturating_sub(1)));
                }
                Err(AppendError::InDoubt(_)) if bugs::has(Bug::ErrorCountedAsSent) => {
                    return Ok(Published { partition, head, effort });
                }
                Err(AppendError::InDoubt(_)) if bugs::has(Bug::DoubtDropped) => {
                    return Ok(Published { partition, head: Seq::NONE, effort });
                }
                Err(AppendError::InDoubt(why)) => {
                    tracing::debug!(%partition, why, "publish in doubt");
                    backoff.wait().await;
                }
                Err(AppendError::Rejected(why)) => {
                    tracing::warn!(%partition, why, "publish rejected; trying again");
                    effort.rejected += 1;
                    backoff.wait().await;
                }
            }
            effort.retries += 1;
            if publishing == Publishing::MessageId && !is_duplicate {
                continue;
            }
            // In a box: it is rare, and long.
            match Box::pin(look(&broker, (&stream, &subject), &message, &payload, head)).await {
                Ok(Found::Ours(seq)) => {
                    effort.recovered = true;
                    return Ok(Published { partition, head: seq, effort });
                }
                // It was there, says the broker, and is gone.
                Ok(Found::Nothing(_) | Found::Foreign(_)) if is_duplicate => {
                    effort.recovered = true;
                    return Ok(Published { partition, head: head.next(), effort });
                }
                Ok(Found::Nothing(last)) => head = last,
                Ok(Found::Foreign(seq)) => head = seq,
                Ok(Found::Other(producer)) => {
                    return Err(ProducerError::Replaced { producer, partition });
                }
                Err(BrokerError::Unavailable(_)) => backoff.wait().await,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn damaged(payload: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(payload);
    text.replace("\"sent_at\":", "\"sent_at\":1").into_bytes().into()
}

/// What stands after the last message that we know of.
enum Found {
    /// Nothing. The last message is the one that we know of, unless the broker has lost that: then the
    /// one before it. Whoever judges finds out; this message need not be lost, too.
    Nothing(Seq),
    /// Our message, as this record.
    Ours(Seq),
    /// A record that is no message of ours.
    Foreign(Seq),
    /// A message of this partition that another life of this producer, or another one, sent.
    Other(ProducerId),
}

async fn look<B: Log>(
    broker: &B,
    (stream, subject): (&StreamName, &Subject),
    message: &Message,
    payload: &Bytes,
    head: Seq,
) -> Result<Found, BrokerError> {
    let next = broker.first_at(stream, subject, head.next()).await?;
    Ok(match next {
        None => {
            let last = broker.last(stream, subject).await?;
            Found::Nothing(last.map_or(Seq::NONE, |last| last.seq).min(head))
        }
        Some(record) if record.payload == *payload => Found::Ours(record.seq),
        Some(record) => match rival(&record, message) {
            Some(producer) => Found::Other(producer),
            None => Found::Foreign(record.seq),
        },
    })
}

fn rival(record: &Record, ours: &Message) -> Option<ProducerId> {
    let theirs = Message::decode(&record.payload).ok()?;
    (theirs.partition == ours.partition && theirs.partition_seq >= ours.partition_seq)
        .then_some(theirs.producer)
}
