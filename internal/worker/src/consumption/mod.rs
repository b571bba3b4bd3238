//! The designs under test: by which means the messages of a worker's partitions reach its handler, and
//! how it says what it did.
//!
//! All of them follow the same grants. [`Consumption::Fenced`] is `parti`'s own: claims and effects. The
//! others read through durable consumers of the broker, and *tell* the ledger what they do: nothing
//! can refuse it.

mod desk;
mod durable_per_partition;
mod durable_per_worker;
mod teller;

use std::sync::Arc;
use std::time::Duration;

use broker::Queue;
use parti::{Builder, JoinError, Member};

pub(crate) use self::desk::Desk;
use self::durable_per_partition::DurablePerPartition;
use self::durable_per_worker::DurablePerWorker;
use crate::handler::Processing;

/// A design of consumption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumption {
    /// Claims and effects: an owner that was replaced is refused.
    Fenced,
    /// A durable consumer for each partition, used by whoever is granted it. A delivery that is not
    /// acknowledged for `ack_wait` is repeated.
    DurablePerPartition {
        /// How long.
        ack_wait: Duration,
    },
    /// A durable consumer for each worker, whose filters are swapped at each rebalance.
    DurablePerWorker {
        /// The same.
        ack_wait: Duration,
    },
}

impl Consumption {
    /// Joins the group and consumes.
    pub(crate) async fn join<B: Queue>(
        self,
        builder: Builder<B>,
        desk: impl FnOnce(Processing, Duration) -> Desk<B>,
        processing: Processing,
    ) -> Result<Member, JoinError> {
        match self {
            Self::Fenced => builder.join(processing).await,
            Self::DurablePerPartition { ack_wait } => {
                let desk = Arc::new(desk(processing, ack_wait));
                builder.follow(DurablePerPartition::new(desk)).await
            }
            Self::DurablePerWorker { ack_wait } => {
                let desk = Arc::new(desk(processing, ack_wait));
                builder.follow(DurablePerWorker::start(desk)).await
            }
        }
    }
}
