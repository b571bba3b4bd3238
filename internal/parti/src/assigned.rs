//! Follows grants for somebody who consumes in a way of their own: says what is theirs, and
//! acknowledges once they have let go of the rest. Nothing is claimed, and nothing is fenced.

use std::future::Future;
use std::sync::Arc;

use broker::Log;
use model::watch;

use crate::PartitionSet;
use crate::context::Context;
use crate::error::MemberError;
use crate::event::Event;
use crate::heartbeat::Settled;
use crate::life::{Carrier, Duty, Standing};
use crate::records::{Epoch, Session};

/// What a member may consume from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The life of the member that it is given to.
    pub session: Session,
    /// The version of the assignment.
    pub epoch: Epoch,
    /// Every partition that is the member's now; none at the end of a life.
    pub partitions: PartitionSet,
}

/// Consumes the partitions of a member. An async function from [`Assignment`] to `()` is one.
///
/// Partitions are revoked before they are granted: the next owner is given a partition only once this
/// one has acknowledged that it let go. Only a member that is taken for dead is not waited for. It
/// may then consume what somebody else consumes, too, until it hears of it: where that matters,
/// what it does must be fenced, as [`Builder::join`](crate::Builder::join) does.
pub trait Assignee: Send + Sync + 'static {
    /// Makes `assignment` what is consumed: begins with what is new, and lets go of what it does not
    /// hold any more. To return is to acknowledge that. Never called again before it has returned.
    ///
    /// May be dropped at any await point when the member or its life ends; a life that was over is
    /// followed by one with another session, which has to let go of what the earlier one had.
    fn assign(&self, assignment: Assignment) -> impl Future<Output = ()> + Send;
}

impl<F, Answer> Assignee for F
where
    F: Fn(Assignment) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = ()> + Send,
{
    fn assign(&self, assignment: Assignment) -> impl Future<Output = ()> + Send {
        self(assignment)
    }
}

/// Hands grants to an [`Assignee`].
pub(crate) struct Assigned<A>(pub(crate) Arc<A>);

impl<B: Log, A: Assignee> Carrier<B> for Assigned<A> {
    fn carry(
        &self,
        context: Arc<Context<B>>,
        duty: Duty,
    ) -> impl Future<Output = Result<(), MemberError>> + Send + 'static {
        follow(context, self.0.clone(), duty)
    }
}

async fn follow<B: Log, A: Assignee>(
    context: Arc<Context<B>>,
    assignee: Arc<A>,
    mut duty: Duty,
) -> Result<(), MemberError> {
    let mut held = PartitionSet::default();
    loop {
        let over = *duty.standing.borrow_and_update() == Standing::Over;
        let ending = duty.exit.borrow_and_update().is_some() || over;
        let grant = duty.grants.borrow_and_update().clone();
        let partitions = if ending { PartitionSet::default() } else { grant.partitions };
        if partitions != held {
            let changing = partitions.0.symmetric_difference(&held.0).count() as u32;
            let kept = partitions.0.intersection(&held.0).count() as u32;
            let acknowledged = duty.settled.borrow().epoch;
            tell(&duty.settled, Settled { epoch: acknowledged, owned: kept, changing });
            let (session, epoch) = (duty.session, grant.epoch);
            let assignment = Assignment { session, epoch, partitions: partitions.clone() };
            assignee.assign(assignment).await;
            for partition in held.0.difference(&partitions.0).copied() {
                context.emit(Event::Revoked { partition });
            }
            for partition in partitions.0.difference(&held.0).copied() {
                context.emit(Event::Granted { partition, epoch });
            }
            held = partitions;
        }
        let epoch = duty.settled.borrow().epoch.max(grant.epoch);
        tell(&duty.settled, Settled { epoch, owned: held.0.len() as u32, changing: 0 });
        if ending {
            return Ok(());
        }
        tokio::select! {
            biased;
            Ok(()) = duty.exit.changed() => {}
            Ok(()) = duty.standing.changed() => {}
            Ok(()) = duty.grants.changed() => {}
            else => return Ok(()),
        }
    }
}

fn tell(settled: &watch::Sender<Settled>, now: Settled) {
    settled.send_if_modified(|settled| std::mem::replace(settled, now) != now);
}
