//! Where a producer goes on: after what the stream holds, whoever crashed before.

use broker::{BrokerError, Log, Record, Seq, StreamName, Subject, patiently};
use bugs::Bug;
use model::{Message, PartitionId, PartitionSeq, ProducerSeq};
use parti::Names;

/// The place of a partition in its sequence.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    /// The last record on the partition's subject.
    pub(crate) head: Seq,
    /// The newest sequence that is stored.
    pub(crate) sent: PartitionSeq,
    /// The producer's sequence of that message.
    pub(crate) producer_seq: ProducerSeq,
}

/// What the stream holds of one partition.
pub(crate) async fn place<B: Log>(
    broker: &B,
    names: &Names,
    partition: PartitionId,
) -> Result<Place, BrokerError> {
    let subject = names.message(partition);
    let Some(last) = last(broker, &names.messages, &subject).await? else {
        return Ok(Place::default());
    };
    let mut place = Place { head: last.seq, ..Place::default() };
    if take(&mut place, partition, &last) {
        place.sent.0 -= u64::from(bugs::has(Bug::SequenceReused));
        return Ok(place);
    }
    // Somebody else writes to our subject; the newest message of ours stands before.
    let mut at = Seq(1);
    while let Some(record) = patiently(|| broker.first_at(&names.messages, &subject, at)).await? {
        take(&mut place, partition, &record);
        if record.seq >= last.seq {
            break;
        }
        at = record.seq.next();
    }
    Ok(place)
}

fn take(place: &mut Place, partition: PartitionId, record: &Record) -> bool {
    let Ok(message) = Message::decode(&record.payload) else { return false };
    if message.partition != partition {
        return false;
    }
    place.sent = place.sent.max(message.partition_seq);
    place.producer_seq = place.producer_seq.max(message.producer_seq);
    true
}

/// The newest record of a subject. Asks again while the broker does not answer.
pub(crate) async fn last<B: Log>(
    broker: &B,
    stream: &StreamName,
    subject: &Subject,
) -> Result<Option<Record>, BrokerError> {
    patiently(|| broker.last(stream, subject)).await
}
