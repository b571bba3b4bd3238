//! What a worker does with a message: reads it, takes its time, answers.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use bugs::Bug;
use model::{Message, MessageError, PartitionId, PartitionSeq, Seed};
use parti::{Delivery, Handler, HandlerError};
use reports::{Output, Unreadable};
use tokio::time::Instant;

use crate::pace::Pace;
use crate::tally::Tally;

/// The handler of a worker.
pub(crate) struct Processing {
    /// How long a message takes.
    pub(crate) delay: RangeInclusive<Duration>,
    pub(crate) seed: Seed,
    pub(crate) pace: Pace,
    pub(crate) tally: Arc<Tally>,
}

impl Processing {
    /// The simulated processing time of one attempt at one message.
    fn delay(&self, delivery: &Delivery) -> Duration {
        if bugs::has(Bug::SlowMotion) {
            return Duration::from_secs(3);
        }
        let (least, most) = (*self.delay.start(), *self.delay.end());
        if least == most {
            return least;
        }
        let drawn = self.seed.draw([delivery.seq.0, delivery.attempt.into()]);
        least + (most - least).mul_f64(drawn)
    }
}

impl Handler for Processing {
    type Output = Output;

    async fn handle(&self, delivery: Delivery) -> Result<Output, HandlerError> {
        let began = Instant::now();
        self.tally.began();
        let delay = self.delay(&delivery);
        if bugs::has(Bug::EffectBeforeProcessing) {
            let pace = self.pace.clone();
            tokio::spawn(async move { pace.take(delay).await });
        } else {
            self.pace.take(delay).await;
        }
        self.tally.processed(began.elapsed());
        Ok(judge(&delivery.payload, delivery.partition))
    }
}

/// A message that cannot be read is passed over: it would stop its partition for ever.
fn judge(payload: &[u8], partition: PartitionId) -> Output {
    match Message::decode(payload) {
        Ok(message) if message.partition == partition => {
            let invents =
                bugs::has(Bug::MessageInvented) && message.partition_seq.0.is_multiple_of(30);
            let PartitionSeq(seq) = message.partition_seq;
            Output::Done(PartitionSeq(if invents { seq + 1_000_000 } else { seq }))
        }
        Ok(_) | Err(MessageError::Corrupt { .. }) => Output::Unreadable(Unreadable::Corrupt),
        Err(MessageError::Foreign(_)) => Output::Unreadable(Unreadable::Foreign),
    }
}

#[cfg(test)]
mod tests {
    use model::{PartitionSeq, ProducerId, ProducerSeq, Timestamp, Weight};

    use super::*;

    #[test]
    fn good_messages_are_done_and_bad_ones_passed_over() {
        let message = Message {
            partition: PartitionId(3),
            partition_seq: PartitionSeq(9),
            producer: ProducerId("p".into()),
            producer_seq: ProducerSeq(10),
            sent_at: Timestamp(0),
            weight: Weight(1),
        };
        let payload = message.encode();
        assert_eq!(judge(&payload, PartitionId(3)), Output::Done(PartitionSeq(9)));
        let misplaced = judge(&payload, PartitionId(4));
        assert_eq!(misplaced, Output::Unreadable(Unreadable::Corrupt));
        assert_eq!(judge(b"hello", PartitionId(3)), Output::Unreadable(Unreadable::Foreign));
    }
}
