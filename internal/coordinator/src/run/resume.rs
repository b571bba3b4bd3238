//! Going on with a run that was stopped.
//!
//! Nothing that happened between the checkpoint and the stop is lost: the streams hold it, and it is
//! read again. What the judge cannot learn there is that nobody could work while the program was
//! down: that is reported as a fault, so that it is known after the next stop, too.

use std::time::Duration;

use broker::{Admin, BrokerError, Log, Reader, Seq, Start, StreamName, patiently_for};
use model::{RunClock, Timestamp};
use parti::Names;
use reports::{Channel, Fault, FaultKind, Report};
use tokio::time::Instant;

use super::error::CoordinatorError;
use super::feed::{Ahead, Read};
use super::state::{Downtime, RunState};

/// How long whoever begins or goes on while the broker is down waits for it.
pub(super) const OUTAGE_MAX: Duration = Duration::from_secs(60);
/// How long the broker may take to tell the faults so far, and to store the report of the stop.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// The fault that a stop is reported as.
const STOPPED: &str = "stopped";

/// What was stopped, and starts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The coordinator alone: producers and workers went on.
    Coordinator,
    /// All of it: nobody could own anything until now.
    Everything,
}

/// A run that goes on.
#[derive(Clone, Debug)]
pub struct Resumed {
    /// From where.
    pub state: Box<RunState>,
    /// The run's clock: it leaves out the time that everything was stopped.
    pub clock: RunClock,
    /// When nobody worked, if everything was stopped.
    pub downtime: Option<Downtime>,
    /// The number of the next fault: those before it are taken, even if the checkpoint does not
    /// know them.
    pub next_fault: u64,
    /// What chaos had planned before this time of the run has happened. What it had planned for the
    /// moments of the stop has not, and still has to.
    pub chaos_through: Duration,
    /// The newest report of those who were stopped.
    pub(super) earlier: Seq,
    pub(super) has_stopped: bool,
    /// When everything was stopped, this time and before. The judge is told at once: what the other
    /// streams say of these times may be read before the reports.
    pub(super) stops: Vec<Fault>,
}

impl Resumed {
    /// Goes on from `state` at `now`. To be called before anybody else is started again.
    ///
    /// # Errors
    ///
    /// [`BrokerError`] if the streams cannot be read.
    pub async fn begin<B: Admin>(
        broker: &B,
        names: &Names,
        channel: &Channel,
        state: RunState,
        stopped: Stopped,
        now: Timestamp,
    ) -> Result<Self, BrokerError> {
        let past = patiently_for(OUTAGE_MAX, || past(broker, channel, &state)).await?;
        let mut resumed = Self {
            clock: clock(&state, &past, now, now),
            downtime: None,
            next_fault: past.next_fault,
            chaos_through: past.chaos_through(&state),
            earlier: Seq::NONE,
            has_stopped: stopped == Stopped::Everything,
            stops: past.stops.clone(),
            state: Box::new(state),
        };
        if resumed.has_stopped {
            let from = patiently_for(OUTAGE_MAX, || last_sign(broker, names))
                .await?
                .unwrap_or(resumed.state.at)
                .min(now);
            resumed.clock = clock(&resumed.state, &past, from, now);
            resumed.downtime = Some(Downtime { from, to: now });
            resumed.next_fault += 1;
            let stop = stop(past.next_fault, from, now);
            resumed.stops.push(stop.clone());
            let report = Report::Fault(stop);
            let sending = channel.send_until_known(broker, &report);
            if tokio::time::timeout(ANSWER_MAX, sending).await.is_err() {
                let why = "the report of the stop was not acknowledged".to_owned();
                return Err(BrokerError::Unavailable(why));
            }
            let reports = patiently_for(OUTAGE_MAX, || broker.state(&channel.stream)).await?;
            resumed.earlier = reports.unwrap_or_default().last;
        }
        Ok(resumed)
    }

    /// What the streams hold beyond what the checkpoint has seen; all of it must be there.
    pub(super) async fn ahead<B: Admin>(
        &self,
        broker: &B,
        names: &Names,
    ) -> Result<Ahead, CoordinatorError> {
        let read = self.state.progress.read;
        let whole = Read {
            messages: last_of(broker, &names.messages, read.messages).await?,
            ledger: last_of(broker, &names.ledger, read.ledger).await?,
            group: last_of(broker, &names.group, read.group).await?,
            reports: Seq::NONE,
        };
        Ok(Ahead { whole, earlier: self.earlier })
    }
}

/// The last record of a stream, if nothing after `read` is missing at its beginning.
async fn last_of<B: Admin>(
    broker: &B,
    stream: &StreamName,
    read: Seq,
) -> Result<Seq, CoordinatorError> {
    let state = patiently_for(OUTAGE_MAX, || broker.state(stream)).await?.unwrap_or_default();
    let (stream, last) = (stream.clone(), state.last);
    if last < read {
        return Err(CoordinatorError::OtherStream { stream, last, read });
    }
    if last > read && state.first > read.next() {
        return Err(CoordinatorError::Missing { stream, read, next: state.first });
    }
    Ok(last)
}

fn stop(id: u64, from: Timestamp, to: Timestamp) -> Fault {
    Fault {
        id,
        at: from,
        event: STOPPED.into(),
        kind: FaultKind::Broker,
        target: "everything".into(),
        duration: Some(to.since(from)),
        ended_at: Some(to),
        effect: "the whole program was down, and went on from a checkpoint".into(),
    }
}

/// When anybody last wrote anything.
async fn last_sign<B: Log>(broker: &B, names: &Names) -> Result<Option<Timestamp>, BrokerError> {
    let mut newest = None;
    for (stream, subjects) in [
        (&names.group, names.all_group()),
        (&names.ledger, names.all_own()),
        (&names.messages, names.all_messages()),
    ] {
        let record = broker.last(stream, &subjects).await?;
        newest = newest.max(record.map(|record| Timestamp(record.stored_at_us)));
    }
    Ok(newest)
}

/// The clock of a run that worked until `until`, and goes on at `now`.
fn clock(state: &RunState, past: &Past, until: Timestamp, now: Timestamp) -> RunClock {
    RunClock::resumed(now, state.judge.settings().started_at, past.elapsed(state, until))
}

/// What the reports say of faults, whether the checkpoint knows it or not.
struct Past {
    next_fault: u64,
    /// When everything was stopped before.
    stops: Vec<Fault>,
    /// When the newest fault of chaos began.
    newest: Option<Timestamp>,
}

impl Past {
    /// How long the run had lasted at `until`, without the times that it was stopped.
    fn elapsed(&self, state: &RunState, until: Timestamp) -> Duration {
        let stopped = self.stops.iter().map(|stop| {
            let within = |at: Timestamp| at.clamp(state.at, until.max(state.at));
            within(stop.ended_at.unwrap_or(stop.at)).since(within(stop.at))
        });
        state.elapsed_at(until).saturating_sub(stopped.sum())
    }

    fn chaos_through(&self, state: &RunState) -> Duration {
        let known = state.chaos.map_or(Duration::ZERO, |chaos| chaos.elapsed);
        let since = self.newest.filter(|newest| *newest > state.at);
        since.map_or(known, |newest| known.max(self.elapsed(state, newest)))
    }
}

async fn past<B: Log>(
    broker: &B,
    channel: &Channel,
    state: &RunState,
) -> Result<Past, BrokerError> {
    let next_fault = state.chaos.map_or(1, |chaos| chaos.next_fault).max(1);
    let mut past = Past { next_fault, stops: Vec::new(), newest: None };
    if broker.last(&channel.stream, &channel.faults()).await?.is_none() {
        return Ok(past);
    }
    let start = Start::LastPerSubject;
    let mut reader = broker.read(&channel.stream, vec![channel.faults()], start).await?;
    let deadline = Instant::now() + ANSWER_MAX;
    loop {
        let Ok(record) = tokio::time::timeout_at(deadline, reader.next()).await else {
            return Err(BrokerError::Unavailable("the faults so far were not told".into()));
        };
        let record = record?;
        if let Some(Report::Fault(fault)) = Report::decode(&record) {
            past.next_fault = past.next_fault.max(fault.id + 1);
            if fault.event == STOPPED {
                past.stops.push(fault);
            } else {
                past.newest = past.newest.max(Some(fault.at));
            }
        }
        if record.pending == 0 {
            return Ok(past);
        }
    }
}
