//! A member from its first join to its end: one life after the other, each with its own session.

use std::sync::Arc;

use broker::Log;
use model::watch;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::error::MemberError;
use crate::event::Event;
use crate::follower::Follower;
use crate::heartbeat::{Life, LifeEnd, Settled, join};
use crate::leader::resign;
use crate::records::{Grant, Session, Term};

/// How a member is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Its present life, once it has joined.
    pub session: Option<Session>,
    /// Its first life.
    pub first_session: Option<Session>,
    /// Partitions that it owns.
    pub owned: u32,
    /// The term that it leads, if it leads.
    pub leading: Option<Term>,
}

/// How a member is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// For good: its partitions go to others at once.
    Leave,
    /// For a restart: its seat stays for the rest of its lease.
    StepAside,
}

/// What a member knows of its own life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has proven lately that it is alive.
    Sound,
    /// It has not for the lease: others may believe it dead.
    Lapsed,
    /// Its life is over: nothing more is begun, and what is in flight is dropped.
    Over,
}

/// What one life is given to carry out, and how it says how far it is.
pub(crate) struct Duty {
    pub(crate) session: Session,
    pub(crate) standing: watch::Receiver<Standing>,
    pub(crate) settled: watch::Sender<Settled>,
    pub(crate) grants: watch::Receiver<Grant>,
    pub(crate) exit: watch::Receiver<Option<Exit>>,
}

/// Carries out the grants of a member, one life after the other.
pub(crate) trait Carrier<B>: Send + Sync + 'static {
    /// Follows the newest grant until the streams cannot be used any more, or until everything is let
    /// go of after the member was asked to end, or its life is over.
    fn carry(
        &self,
        context: Arc<Context<B>>,
        duty: Duty,
    ) -> impl Future<Output = Result<(), MemberError>> + Send + 'static;
}

/// Lives until it is asked to end or the member can no longer be one.
pub(crate) async fn live<B: Log, C: Carrier<B>>(
    context: Arc<Context<B>>,
    carrier: C,
    exit: watch::Receiver<Option<Exit>>,
    status: watch::Sender<Status>,
) -> Result<(), MemberError> {
    loop {
        if exit.borrow().is_some() {
            return Ok(());
        }
        let life = match join(&context).await {
            Ok(life) => life,
            Err(end) => return Err(member_error(&context, end)),
        };
        let session = life.session;
        context.emit(Event::Joined { session });
        match one_life(&context, &carrier, life, exit.clone(), &status).await {
            Ok(()) => return Ok(()),
            Err(OneLifeEnd::Expired) => context.emit(Event::Expired { session }),
            // The next life did not wait for the end of this one: the seat is taken.
            Err(OneLifeEnd::Error(MemberError::Replaced(_)))
                if *exit.borrow() == Some(Exit::StepAside) =>
            {
                return Ok(());
            }
            Err(OneLifeEnd::Error(error)) => {
                tracing::error!(member = %context.me, %error, "no longer a member");
                return Err(error);
            }
        }
    }
}

enum OneLifeEnd {
    Expired,
    Error(MemberError),
}

impl From<MemberError> for OneLifeEnd {
    fn from(error: MemberError) -> Self {
        OneLifeEnd::Error(error)
    }
}

fn member_error<B>(context: &Context<B>, end: LifeEnd) -> MemberError {
    match end {
        LifeEnd::Replaced => MemberError::Replaced(context.me.clone()),
        LifeEnd::Broker(error) => MemberError::Broker(error),
        LifeEnd::Expired => MemberError::Task("expired while joining".into()),
    }
}

/// One life. Its tasks die with this future, in whatever way it ends.
async fn one_life<B: Log, C: Carrier<B>>(
    context: &Arc<Context<B>>,
    carrier: &C,
    mut life: Life,
    exit: watch::Receiver<Option<Exit>>,
    status: &watch::Sender<Status>,
) -> Result<(), OneLifeEnd> {
    let (standing, stands) = watch::channel(Standing::Sound);
    let first = Settled { epoch: life.acked, ..Settled::default() };
    let (settled, settling) = watch::channel(first);
    let (grant, grants) = watch::channel(Grant::default());
    let (leading, reigns) = watch::channel(None);
    let session = life.session;
    let mut following = JoinSet::new();
    let seat = life.seat;
    following.spawn(Follower { context: context.clone(), session, seat, grant, leading }.run());
    let mut consuming = JoinSet::new();
    let duty = Duty { session, standing: stands, settled, grants, exit: exit.clone() };
    consuming.spawn(carrier.carry(context.clone(), duty));
    // A task of its own, which has no part in every sign of life.
    let mut showing = JoinSet::new();
    showing.spawn(show(status.clone(), session, settling.clone(), reigns.clone()));
    let over = tokio::select! {
        biased;
        end = life.beat(context, settling.clone(), &standing) => Some(end),
        Some(end) = following.join_next() => {
            return Err(match end {
                Ok(error) => MemberError::Broker(error),
                Err(error) => MemberError::Task(error.to_string()),
            }.into());
        }
        Some(end) = consuming.join_next() => match end {
            Ok(Ok(())) => None,
            Ok(Err(error)) => return Err(error.into()),
            Err(error) => return Err(MemberError::Task(error.to_string()).into()),
        },
    };
    showing.shutdown().await;
    if let Some(end) = over {
        following.shutdown().await;
        standing.send_replace(Standing::Over);
        // Who took over is about to refuse what was processed here: that is worth counting, but not
        // worth waiting for a broker that does not answer.
        let _ = tokio::time::timeout(context.timing.beat(), consuming.join_next()).await;
        return Err(match end {
            LifeEnd::Expired => OneLifeEnd::Expired,
            end => member_error(context, end).into(),
        });
    }
    // Everything is let go of: say so, and if we lead, let somebody else begin at once. Who steps
    // aside says it last, so that the next life has the whole lease to come.
    let stays = *exit.borrow() == Some(Exit::StepAside);
    if !stays {
        life.leave(context).await;
    }
    following.shutdown().await;
    let term = *reigns.borrow();
    if let Some(term) = term {
        resign(context, term).await;
    }
    if stays {
        let settled = *settling.borrow();
        life.step_aside(context, settled).await;
    }
    status.send_modify(|status| {
        *status = Status { first_session: status.first_session, ..Status::default() };
    });
    Ok(())
}

/// Keeps the status up to date, for ever.
async fn show(
    status: watch::Sender<Status>,
    session: Session,
    mut settling: watch::Receiver<Settled>,
    mut reigns: watch::Receiver<Option<Term>>,
) {
    loop {
        let owned = settling.borrow_and_update().owned;
        let leading = *reigns.borrow_and_update();
        status.send_modify(|status| {
            let first_session = status.first_session.or(Some(session));
            *status = Status { session: Some(session), first_session, owned, leading };
        });
        tokio::select! {
            biased;
            Ok(()) = settling.changed() => {}
            Ok(()) = reigns.changed() => {}
            else => std::future::pending().await,
        }
    }
}
