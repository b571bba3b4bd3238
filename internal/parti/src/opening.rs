//! From a grant to a claim and a place to read from.

use broker::{BrokerError, Log, Seq, patiently};
use bugs::Bug;
use futures_util::StreamExt;
use futures_util::stream;
use model::{PartitionId, watch};

use crate::claim::{ClaimError, Claimed, Given, claim};
use crate::context::Context;

/// Claims of one batch that are under way at once.
const CLAIMS_MAX: usize = 32;

/// A claimed partition, and the sequence from which its messages must be read.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) claimed: Claimed,
    pub(crate) start: Seq,
}

/// Claims a batch of partitions, side by side.
pub(crate) async fn open<B: Log>(
    context: &Context<B>,
    partitions: Vec<PartitionId>,
    given: &watch::Receiver<Given>,
) -> Vec<(PartitionId, Result<Opened, ClaimError>)> {
    let end = &end_of_messages(context).await;
    stream::iter(partitions)
        .map(|partition| async move {
            let opened = match end {
                Ok(end) => open_one(context, partition, given, *end).await,
                Err(error) => Err(ClaimError::Broker(error.to_string())),
            };
            (partition, opened)
        })
        .buffered(CLAIMS_MAX)
        .collect()
        .await
}

async fn open_one<B: Log>(
    context: &Context<B>,
    partition: PartitionId,
    given: &watch::Receiver<Given>,
    end: Seq,
) -> Result<Opened, ClaimError> {
    let mut claimed = claim(&context.broker, &context.names, partition, given).await?;
    if bugs::has(Bug::ReaderTooEarly) {
        claimed.through.0 = claimed.through.0.saturating_sub(1);
    }
    let mut start = start_of(context, partition, claimed.through, end)
        .await
        .map_err(|error| ClaimError::Broker(error.to_string()))?;
    if bugs::has(Bug::ReaderTooLate) {
        start = start.next();
    }
    Ok(Opened { claimed, start })
}

/// The newest message of any partition, before anything is claimed.
async fn end_of_messages<B: Log>(context: &Context<B>) -> Result<Seq, BrokerError> {
    let (names, all) = (&context.names, context.names.all_messages());
    let last = patiently(|| context.broker.last(&names.messages, &all)).await?;
    Ok(last.map_or(Seq::NONE, |record| record.seq))
}

/// The first message that is not done. If there is none, everything of this partition that is still
/// to come is newer than `end`, which was read before: a quiet partition does not make its reader go
/// through old messages of busy ones.
async fn start_of<B: Log>(
    context: &Context<B>,
    partition: PartitionId,
    through: Seq,
    end: Seq,
) -> Result<Seq, BrokerError> {
    let (names, subject) = (&context.names, context.names.message(partition));
    let ask = || context.broker.first_at(&names.messages, &subject, through.next());
    let first = patiently(ask).await?;
    Ok(first.map_or(through.max(end).next(), |record| record.seq))
}
