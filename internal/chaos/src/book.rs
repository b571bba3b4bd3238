//! What is broken at the moment, and what may be broken next: pure, without clock or fleet.
//!
//! A node has one fault at a time, several nodes may have theirs at once. There are never fewer
//! workers that live and can be heard than the run may have, nor more. While the server is away
//! nothing else begins: nobody could leave or join without it.

use std::collections::VecDeque;
use std::time::Duration;

use config::Target;
use parti::MemberId;
use reports::Fault;

use crate::fleet::Node;
use crate::planned::{How, Planned};

/// What ends a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mend {
    /// A frozen node goes on.
    Resume,
    /// Nothing lies between a node and the broker any more.
    Clear,
    /// A worker is as fast as usual.
    Speed,
    /// A node runs again.
    Start,
}

/// A fault that has to be ended.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    /// As it was told when it began.
    pub fault: Fault,
    pub node: Node,
    pub mend: Mend,
    /// When it began.
    pub since: Duration,
    /// When it is to be ended; with the run if there is no time.
    pub until: Option<Duration>,
    /// How often that was tried in vain.
    pub tries: u32,
}

/// A rolling restart under way.
#[derive(Clone, Debug)]
pub(crate) struct Rolling {
    /// Whose turn is to come.
    pub left: VecDeque<Node>,
    /// When.
    pub next: Duration,
    pub pause_between: Duration,
}

/// Whom an event hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    One(Node),
    Several(Vec<Node>),
    New(usize),
}

/// What is to be done next by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The fault of this id is to be ended.
    Mend(u64),
    /// The next worker of a rolling restart.
    Roll,
}

/// What is broken.
#[derive(Debug)]
pub(crate) struct Book {
    pub workers_min: usize,
    pub leave_min: usize,
    pub workers_max: usize,
    pub open: Vec<Open>,
    pub rolling: Option<Rolling>,
}

impl Book {
    pub fn new(workers_min: usize, leave_min: usize, workers_max: usize) -> Self {
        Self { workers_min, leave_min, workers_max, open: Vec::new(), rolling: None }
    }

    /// Whom an event hits now, or why it cannot happen.
    pub fn choose(
        &self,
        planned: &Planned,
        running: &[Node],
        leader: Option<&MemberId>,
    ) -> Result<Chosen, String> {
        if self.server_is_away() {
            return Err("the server is away".into());
        }
        match planned.how {
            How::Broker { .. } if running.contains(&Node::Server) => Ok(Chosen::One(Node::Server)),
            How::Broker { .. } => Err("no server of the run's own runs".into()),
            How::Join { count } => match self.room(running).min(count as usize) {
                0 => Err(format!("there are {} workers, the most it may be", self.workers_max)),
                room => Ok(Chosen::New(room)),
            },
            How::Leave { count } => {
                let least = self.leave_min.max(self.workers_min);
                let spare = self.heard(running).saturating_sub(least);
                let mut sound = self.sound(running, is_worker);
                let mut leaving = Vec::new();
                for place in 0..spare.min(count as usize).min(sound.len()) {
                    let step = u32::try_from(place).unwrap_or_default();
                    let Some(index) = index(planned.pick.rotate_left(step), sound.len()) else {
                        break;
                    };
                    leaving.push(sound.swap_remove(index));
                }
                match leaving.is_empty() {
                    true => Err(too_few(least)),
                    false => Ok(Chosen::Several(leaving)),
                }
            }
            How::Roll { .. } => {
                let workers: Vec<Node> = running.iter().filter(is_worker).cloned().collect();
                match (&self.rolling, workers.is_empty()) {
                    (Some(_), _) => Err("a rolling restart is under way".into()),
                    (None, true) => Err("no worker runs".into()),
                    (None, false) => Ok(Chosen::Several(workers)),
                }
            }
            _ => {
                let node = self.target(planned, running, leader)?;
                let takes_away = !matches!(planned.how, How::Slow { .. });
                match takes_away && is_worker(&&node) && !self.can_spare_one(running) {
                    true => Err(too_few(self.workers_min)),
                    false => Ok(Chosen::One(node)),
                }
            }
        }
    }

    /// The node that an event hits, among those that run and have no fault.
    fn target(
        &self,
        planned: &Planned,
        running: &[Node],
        leader: Option<&MemberId>,
    ) -> Result<Node, String> {
        let named = |found: &Node| self.named(found, running);
        let among = |fits: fn(&&Node) -> bool, what: &str| {
            let sound = self.sound(running, fits);
            let index = index(planned.pick, sound.len());
            let node = index.and_then(|index| sound.get(index).cloned());
            node.ok_or_else(|| format!("no {what} without a fault runs"))
        };
        match planned.target.as_ref().unwrap_or(&Target::Worker) {
            Target::Worker => among(is_worker, "worker"),
            Target::Producer => among(|node| matches!(node, Node::Producer(_)), "producer"),
            Target::Any => among(|node| **node != Node::Server, "worker or producer"),
            Target::Leader => match leader {
                Some(leader) => named(&Node::Worker(leader.clone())),
                None => Err("nobody leads the group".into()),
            },
            Target::WorkerNamed(name) => match MemberId::new(name.clone()) {
                Ok(member) => named(&Node::Worker(member)),
                Err(error) => Err(error.to_string()),
            },
            Target::ProducerNamed(name) => named(&Node::Producer(model::ProducerId(name.clone()))),
        }
    }

    fn named(&self, node: &Node, running: &[Node]) -> Result<Node, String> {
        match self.fault_of(node) {
            Some(open) => Err(format!("{node} has a fault already: {}", open.fault.event)),
            None if running.contains(node) => Ok(node.clone()),
            None => Err(format!("{node} does not run")),
        }
    }

    /// Whether a rolling restart may take this worker out now, or must wait, or must pass it over.
    pub fn turn(&self, node: &Node, running: &[Node]) -> Result<bool, String> {
        self.named(node, running).map(|_| self.can_spare_one(running))
    }

    fn can_spare_one(&self, running: &[Node]) -> bool {
        self.heard(running) > self.workers_min
    }

    /// Running nodes without a fault.
    fn sound(&self, running: &[Node], fits: fn(&&Node) -> bool) -> Vec<Node> {
        let sound = |node: &&Node| self.fault_of(node).is_none();
        running.iter().filter(fits).filter(sound).cloned().collect()
    }

    /// Workers that live and can be heard: a slow one can.
    fn heard(&self, running: &[Node]) -> usize {
        let heard = |node: &&Node| self.fault_of(node).is_none_or(|open| open.mend == Mend::Speed);
        running.iter().filter(is_worker).filter(heard).count()
    }

    /// How many workers may come: those that come back have their place already.
    fn room(&self, running: &[Node]) -> usize {
        let away = self.open.iter().map(|open| &open.node);
        let away = away.filter(is_worker).filter(|node| !running.contains(node)).count();
        let there = running.iter().filter(is_worker).count() + away;
        self.workers_max.saturating_sub(there)
    }

    fn fault_of(&self, node: &Node) -> Option<&Open> {
        self.open.iter().find(|open| open.node == *node)
    }

    pub fn server_is_away(&self) -> bool {
        self.fault_of(&Node::Server).is_some()
    }

    /// What is to be done next, and when. What needs the server waits for it.
    pub fn next(&self, rolls: bool) -> Option<(Duration, Due)> {
        let away = self.server_is_away();
        let ready = |open: &&Open| !away || open.mend != Mend::Start || open.node == Node::Server;
        let mends = self.open.iter().filter(ready);
        let mends = mends.filter_map(|open| Some((open.until?, Due::Mend(open.fault.id))));
        let rolling = self.rolling.iter().filter(|_| rolls && !away);
        mends.chain(rolling.map(|rolling| (rolling.next, Due::Roll))).min_by_key(|(at, _)| *at)
    }

    /// Takes a fault out, to end it.
    pub fn take(&mut self, id: u64) -> Option<Open> {
        let place = self.open.iter().position(|open| open.fault.id == id)?;
        Some(self.open.remove(place))
    }

    /// Takes everything out, in the order in which it must be ended: the server first, then what
    /// is alive, then what has to be started.
    pub fn take_all(&mut self) -> Vec<Open> {
        self.rolling = None;
        let mut all = std::mem::take(&mut self.open);
        all.sort_by_key(|open| (open.node != Node::Server, open.mend));
        all
    }
}

fn is_worker(node: &&Node) -> bool {
    matches!(node, Node::Worker(_))
}

fn index(pick: u32, of: usize) -> Option<usize> {
    usize::try_from(pick).unwrap_or_default().checked_rem(of)
}

fn too_few(least: usize) -> String {
    format!("fewer than {least} workers would be left that can be heard")
}
