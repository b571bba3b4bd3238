//! What the director does to the fleet: every fault as it begins and as it ends.

use std::time::Duration;

use broker::Log;
use model::RunClock;
use reports::{Fault, FaultKind};

use crate::book::{Chosen, Mend, Open, Rolling};
use crate::calls;
use crate::courier::Courier;
use crate::director::Director;
use crate::fleet::{Fleet, Manner, Node, Trouble};
use crate::planned::{How, Planned};
use crate::words::{effect, ending, kind, kind_in_doubt};

/// How often an end that fails is tried; after that, once more when the run drains.
const MENDS_MAX: u32 = 5;
/// Before the next try, and before a rolling restart looks again whether it may go on.
const MEND_PAUSE: Duration = Duration::from_secs(2);

impl<B: Log, F: Fleet> Director<B, F> {
    /// Does it, and says what began.
    pub(crate) async fn carry_out(&mut self, planned: &Planned, chosen: Chosen) -> String {
        match (chosen, &planned.how) {
            (Chosen::Several(nodes), How::Roll { pause_between }) => {
                let (count, next) = (nodes.len(), self.clock.elapsed());
                let (left, pause_between) = (nodes.into(), *pause_between);
                self.book.rolling = Some(Rolling { left, next, pause_between });
                format!("{} of {count} workers", planned.event)
            }
            (Chosen::Several(nodes), _) => {
                let mut said = Vec::new();
                for node in nodes {
                    said.push(self.let_go(planned, &node).await);
                }
                said.join("\n")
            }
            (Chosen::New(count), _) => {
                let mut said = Vec::new();
                for _ in 0..count {
                    let node = Node::Worker(self.fleet.new_worker());
                    said.push(self.take_on(planned, &node).await);
                }
                said.join("\n")
            }
            (Chosen::One(node), How::Restart {}) => self.restart(planned, node).await,
            (Chosen::One(node), _) => self.strike(planned, node).await,
        }
    }

    /// A fault that begins now and ends later, or never.
    async fn strike(&mut self, planned: &Planned, node: Node) -> String {
        let (at, how) = (self.clock.now(), &planned.how);
        let struck = calls::strike(&mut self.fleet, &node, how).await;
        let what = effect(how);
        let mut fault = self.fault(planned, at, kind(how, &node), node.to_string(), what);
        let since = self.clock.elapsed();
        let mut until = how.lasting().map(|lasting| since + lasting);
        if let Err(trouble) = &struck {
            // Perhaps it did happen: it is mended as if it had.
            fault.kind = kind_in_doubt(fault.kind);
            fault.effect = failed(trouble);
            until = Some(since);
        }
        // Crashes are over at once: from then on the others may take over.
        let crashed = fault.kind == FaultKind::Crash;
        // A producer that never comes back could not say at the end what is in doubt.
        let for_good = crashed && until.is_none();
        fault.ended_at = crashed.then_some(at);
        let said = self.tell(&fault);
        if !for_good {
            let mend = mend_of(how);
            self.book.open.push(Open { fault, node, mend, since, until, tries: 0 });
        }
        said
    }

    /// Stops a node in good order and starts it again under its name.
    async fn restart(&mut self, planned: &Planned, node: Node) -> String {
        let (at, since) = (self.clock.now(), self.clock.elapsed());
        let kind = kind(&planned.how, &node);
        let what = effect(&planned.how);
        let mut fault = self.fault(planned, at, kind, node.to_string(), what);
        self.courier.post(fault.clone());
        if let Err(trouble) = calls::stop(&mut self.fleet, &node, Manner::KeepSeat).await {
            fault.effect = failed(&trouble);
        }
        let open = Open { fault, node, mend: Mend::Start, since, until: None, tries: 0 };
        self.end(open).await
    }

    /// Lets a worker go for good.
    async fn let_go(&mut self, planned: &Planned, node: &Node) -> String {
        let at = self.clock.now();
        let what = effect(&planned.how);
        let mut fault = self.fault(planned, at, kind(&planned.how, node), node.to_string(), what);
        self.courier.post(fault.clone());
        if let Err(trouble) = calls::stop(&mut self.fleet, node, Manner::Leave).await {
            fault.effect = failed(&trouble);
        }
        fault.ended_at = Some(self.clock.now());
        self.tell(&fault)
    }

    /// Takes on a new worker.
    async fn take_on(&mut self, planned: &Planned, node: &Node) -> String {
        let at = self.clock.now();
        let joined = calls::start(&mut self.fleet, node).await;
        let what = joined.map_or_else(|trouble| failed(&trouble), |()| effect(&planned.how));
        let fault = self.fault(planned, at, FaultKind::Other, node.to_string(), what);
        let ended_at = Some(self.clock.now());
        self.tell(&Fault { ended_at, ..fault })
    }

    /// The next worker of a rolling restart, if enough others can be heard.
    pub(crate) async fn roll(&mut self) {
        let Some(mut rolling) = self.book.rolling.take() else { return };
        let Some(node) = rolling.left.pop_front() else { return };
        match self.book.turn(&node, &self.fleet.running()) {
            Err(why) => tracing::info!(%node, why, "passed over by the rolling restart"),
            Ok(false) => {
                rolling.left.push_front(node);
                rolling.next = self.clock.elapsed() + MEND_PAUSE;
                self.book.rolling = Some(rolling);
                return;
            }
            Ok(true) => {
                let how = How::Roll { pause_between: rolling.pause_between };
                let (at, event) = (self.clock.elapsed(), config::ChaosEvent::RollingRestart);
                self.restart(&Planned { at, event, target: None, how, pick: 0 }, node).await;
                rolling.next = self.clock.elapsed() + rolling.pause_between;
            }
        }
        if !rolling.left.is_empty() {
            self.book.rolling = Some(rolling);
        }
    }

    /// Ends a fault whose time has come.
    pub(crate) async fn mend(&mut self, id: u64) {
        if let Some(open) = self.book.take(id) {
            self.end(open).await;
        }
    }

    /// Ends a fault, or notes that it has to be tried again.
    async fn end(&mut self, mut open: Open) -> String {
        let mended = calls::mend(&mut self.fleet, &open.node, open.mend).await;
        match mended {
            Ok(()) => self.tell(&ended(&open, self.clock)),
            Err(trouble) => {
                open.tries += 1;
                let again = open.tries < MENDS_MAX;
                open.until = again.then(|| self.clock.elapsed() + MEND_PAUSE);
                let said = self.tell(&not_ended(&open, &trouble));
                self.book.open.push(open);
                said
            }
        }
    }

    fn tell(&self, fault: &Fault) -> String {
        tell(&self.courier, fault)
    }
}

/// Ends a fault because the run drains: a few tries in a row, then it is left as it is.
pub(crate) async fn mend_at_last<F: Fleet>(
    fleet: &mut F,
    courier: &Courier,
    clock: RunClock,
    open: Open,
) {
    for last in (0..MENDS_MAX).map(|tried| tried + 1 == MENDS_MAX) {
        match calls::mend(fleet, &open.node, open.mend).await {
            Ok(()) => {
                tell(courier, &ended(&open, clock));
                return;
            }
            Err(trouble) if last => {
                tell(courier, &not_ended(&open, &trouble));
            }
            Err(_) => tokio::time::sleep(MEND_PAUSE).await,
        }
    }
}

fn mend_of(how: &How) -> Mend {
    match how {
        How::Pause { .. } => Mend::Resume,
        How::Network { .. } => Mend::Clear,
        How::Slow { .. } => Mend::Speed,
        _ => Mend::Start,
    }
}

fn failed(trouble: &Trouble) -> String {
    format!("failed: {trouble}")
}

fn ended(open: &Open, clock: RunClock) -> Fault {
    let after = clock.elapsed().saturating_sub(open.since);
    let effect = format!("{}; {}", open.fault.effect, ending(open.mend, after));
    let ended_at = open.fault.ended_at.or_else(|| Some(clock.now()));
    Fault { effect, ended_at, ..open.fault.clone() }
}

fn not_ended(open: &Open, trouble: &Trouble) -> Fault {
    let effect = format!("{}; could not be ended: {trouble}", open.fault.effect);
    Fault { effect, ..open.fault.clone() }
}

/// Tells the coordinator and the log, and says it again.
fn tell(courier: &Courier, fault: &Fault) -> String {
    let Fault { id, event, target, effect, .. } = fault;
    let said = format!("#{id} {event} on {target}: {effect}");
    tracing::info!("chaos {said}");
    courier.post(fault.clone());
    said
}
