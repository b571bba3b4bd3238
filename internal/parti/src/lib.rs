//! Dynamic partition ownership on a log with conditional appends, such as NATS JetStream: messages
//! of partitions `0..P` are processed by a changing group of members, each partition by one at a
//! time, in order, and the effect of every message is recorded exactly once, whoever crashes, hangs
//! or is cut off.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use broker::{Admin, Storage};
//! use broker_nats::{ConnectOptions, NatsBroker};
//! use parti::{Builder, Delivery, HandlerError, Limits, MemberId, Names};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let broker = NatsBroker::connect(&ConnectOptions::default()).await?;
//! let names = Names::new("orders")?;
//! for stream in names.streams(Storage::File, 1, Limits::default()) {
//!     broker.ensure(&stream).await?;
//! }
//!
//! let member = Builder::new(broker, names, MemberId::new("worker-1")?, 12)
//!     .lease(Duration::from_secs(3))
//!     .on_event(|event| println!("{event:?}"))
//!     .join(|order: Delivery| async move {
//!         println!("{} of partition {}", order.seq, order.partition);
//!         Ok::<_, HandlerError>("shipped")
//!     })
//!     .await?;
//! // …
//! member.leave().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Messages are whatever is appended to [`Names::message`] of a partition. The handler runs *at
//! least* once for each; what it returns, the *effect*, is recorded *exactly* once, under
//! [`Names::own`] of the partition. Dropping a [`Member`] is a crash; [`Member::leave`] and
//! [`Member::step_aside`], which keeps the seat for a restart, are not.
//!
//! Who consumes in a way of their own, and only wants to know what is theirs, joins with
//! [`Builder::follow`].
//!
//! # How
//!
//! One member of the group leads: it watches the others and grants partitions to them. A granted
//! partition is *claimed* by a record in the ledger, on the condition that the ledger's last record
//! of that partition is still the one that the claimant has seen. Every *effect* is appended under
//! the same condition, so the moment somebody else claims, nothing of the old owner counts any more.
//! `docs/protocol.md` of the repository says it all.
//!
//! # Units
//!
//! Times are [`Duration`](std::time::Duration)s on tokio's clock; `…_us` is microseconds since the
//! Unix epoch on the broker's clock. Sizes are bytes. A [`Seq`](broker::Seq) is a place in a stream,
//! from 1. Weights have no unit: only their ratios count.
//!
//! # Errors
//!
//! [`JoinError`]: this member cannot join (a setting, a name, the broker). [`MemberError`]: it was one
//! and is no more. Between the two, outages of the broker are waited for, and a handler's error is
//! an [`Event`], after which the handler is called again.
//!
//! Begin with [`Builder`].

mod assigned;
mod chain;
mod claim;
mod consumer;
mod context;
mod election;
mod error;
mod event;
mod follower;
mod grants;
mod group;
mod handler;
mod heartbeat;
mod inheritance;
mod lane;
mod leader;
mod lease;
mod life;
mod member_id;
mod names;
mod opening;
mod partitions;
mod pump;
mod readers;
mod rebalancer;
pub mod records;
mod roster;
pub mod strategy;

pub use assigned::{Assignee, Assignment};
pub use context::Stats;
pub use error::{JoinError, MemberError};
pub use event::Event;
pub use group::{Builder, LEASE_MIN, Member, Watch};
pub use handler::{Delivery, Handler, HandlerError};
pub use life::Status;
pub use member_id::{MemberId, MemberIdError};
pub use names::{GroupSubject, Limits, Names};
pub use partitions::PartitionSet;
