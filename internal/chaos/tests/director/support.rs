//! A fleet that does what it is told and writes it down, and a world to direct it in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use broker::{Admin, Append, Seq, Storage};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use chaos::{
    Control, Director, DirectorSettings, Fleet, Manner, Network, Node, Planned, Position, Terms,
    Trouble, schedule,
};
use config::{Config, Overrides};
use model::{ProducerId, RunClock, Seed, Timestamp, watch};
use parti::records::{LeaderRecord, Session, encode};
use parti::{Limits, MemberId, Names};
use reports::{Channel, Fault, Phase, Report};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// Every call takes so long.
const CALL: Duration = Duration::from_millis(100);

/// What the puppets were told, and how they are.
pub struct Stage {
    pub began: Instant,
    /// Time in seconds, and what was done.
    pub calls: Vec<(f64, String)>,
    pub alive: BTreeSet<Node>,
    pub paused: BTreeSet<Node>,
    pub networks: BTreeMap<Node, Network>,
    pub slow: BTreeMap<Node, f64>,
    /// Calls that fail, so many times.
    pub failing: BTreeMap<String, u32>,
    /// Calls that never return, so many times, although they do what they are asked for.
    pub hanging: BTreeMap<String, u32>,
    /// The fewest workers that lived and could be heard at any time.
    pub heard_min: usize,
    /// The most workers that lived at any time.
    pub workers_most: usize,
    next: u32,
}

impl Stage {
    /// Workers that live and can be heard.
    fn heard(&self) -> usize {
        let heard = |node: &&Node| {
            let clear = matches!(self.networks.get(*node), None | Some(Network::Clear));
            matches!(node, Node::Worker(_)) && !self.paused.contains(*node) && clear
        };
        self.alive.iter().filter(heard).count()
    }

    fn watch(&mut self) {
        self.heard_min = self.heard_min.min(self.heard());
        let workers = self.alive.iter().filter(|node| matches!(node, Node::Worker(_))).count();
        self.workers_most = self.workers_most.max(workers);
    }

    /// Whether nothing at all is broken.
    pub fn is_whole(&self) -> bool {
        self.paused.is_empty() && self.networks.is_empty() && self.slow.is_empty()
    }

    /// The calls alone.
    pub fn said(&self) -> Vec<&str> {
        self.calls.iter().map(|(_, call)| call.as_str()).collect()
    }

    /// When a call was made first.
    pub fn when(&self, call: &str) -> f64 {
        let found = self.calls.iter().find(|(_, said)| said == call);
        found.unwrap_or_else(|| panic!("no {call} in {:?}", self.calls)).0
    }
}

pub fn worker(index: u32) -> Node {
    Node::Worker(MemberId::new(format!("worker-{index}")).unwrap())
}

pub fn producer(index: u32) -> Node {
    Node::Producer(ProducerId(format!("producer-{index}")))
}

/// The fleet; clones are the same.
#[derive(Clone)]
pub struct Puppets(Arc<Mutex<Stage>>);

impl Puppets {
    fn new(workers: u32, producers: u32) -> Self {
        let alive: BTreeSet<Node> = (0..workers)
            .map(worker)
            .chain((0..producers).map(producer))
            .chain([Node::Server])
            .collect();
        Self(Arc::new(Mutex::new(Stage {
            began: Instant::now(),
            calls: Vec::new(),
            alive,
            paused: BTreeSet::new(),
            networks: BTreeMap::new(),
            slow: BTreeMap::new(),
            failing: BTreeMap::new(),
            hanging: BTreeMap::new(),
            heard_min: usize::MAX,
            workers_most: 0,
            next: workers,
        })))
    }

    pub fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap()
    }

    async fn call(
        &self,
        node: &Node,
        verb: &str,
        does: impl FnOnce(&mut Stage, &Node),
    ) -> Result<(), Trouble> {
        let call = format!("{verb} {node}");
        let hangs = {
            let mut stage = self.stage();
            let at = stage.began.elapsed().as_secs_f64();
            stage.calls.push((at, call.clone()));
            let fails = stage.failing.get_mut(&call).filter(|times| **times > 0);
            if let Some(times) = fails {
                *times -= 1;
                return Err(Trouble { node: node.clone(), why: format!("{verb} is refused") });
            }
            let needs_server = verb.starts_with("st") && *node != Node::Server;
            assert!(
                !needs_server || stage.alive.contains(&Node::Server),
                "{call} while the server is away"
            );
            does(&mut stage, node);
            stage.watch();
            let hangs = stage.hanging.get_mut(&call).filter(|times| **times > 0);
            hangs.map(|times| *times -= 1).is_some()
        };
        match hangs {
            true => std::future::pending().await,
            false => tokio::time::sleep(CALL).await,
        }
        Ok(())
    }
}

impl Fleet for Puppets {
    fn running(&self) -> Vec<Node> {
        let stage = self.stage();
        stage.alive.difference(&stage.paused).cloned().collect()
    }

    fn new_worker(&mut self) -> MemberId {
        let mut stage = self.stage();
        stage.next += 1;
        MemberId::new(format!("worker-{}", stage.next - 1)).unwrap()
    }

    async fn start(&mut self, node: &Node) -> Result<(), Trouble> {
        self.call(node, "start", |stage, node| {
            stage.alive.insert(node.clone());
        })
        .await
    }

    async fn kill(&mut self, node: &Node) -> Result<(), Trouble> {
        self.call(node, "kill", |stage, node| assert!(stage.alive.remove(node), "{node}")).await
    }

    async fn stop(&mut self, node: &Node, manner: Manner) -> Result<(), Trouble> {
        let verb = if manner == Manner::Leave { "stop" } else { "step aside" };
        self.call(node, verb, |stage, node| assert!(stage.alive.remove(node), "{node}")).await
    }

    async fn pause(&mut self, node: &Node) -> Result<(), Trouble> {
        self.call(node, "pause", |stage, node| {
            assert!(stage.alive.contains(node) && stage.paused.insert(node.clone()), "{node}");
        })
        .await
    }

    async fn resume(&mut self, node: &Node) -> Result<(), Trouble> {
        self.call(node, "resume", |stage, node| {
            stage.paused.remove(node);
        })
        .await
    }

    async fn network(&mut self, node: &Node, network: Network) -> Result<(), Trouble> {
        let verb = match network {
            Network::Clear => "clear",
            Network::Cut => "cut",
            Network::HalfOpen => "half-open",
            Network::Delayed { .. } => "delay",
            Network::Lossy { .. } => "lose",
        };
        self.call(node, verb, |stage, node| match network {
            Network::Clear => {
                stage.networks.remove(node);
            }
            _ => assert!(stage.networks.insert(node.clone(), network).is_none(), "{node}"),
        })
        .await
    }

    async fn slow(&mut self, worker: &Node, factor: f64) -> Result<(), Trouble> {
        self.call(worker, &format!("slow by {factor}"), |stage, node| match factor > 1.0 {
            true => assert!(stage.slow.insert(node.clone(), factor).is_none(), "{node}"),
            false => drop(stage.slow.remove(node)),
        })
        .await
    }
}

/// A run that is directed.
pub struct World {
    pub fleet: Puppets,
    pub broker: VirtualBroker,
    /// The director's own connection.
    pub client: VirtualLog,
    pub control: Control,
    pub position: watch::Receiver<Position>,
    phase: watch::Sender<Phase>,
    channel: Channel,
    names: Names,
    director: JoinHandle<Puppets>,
}

pub fn config(text: &str) -> Config {
    Config::parse(text, "c.yaml", &Overrides::default()).unwrap()
}

/// Six workers with a lease of 2 s, at least two and at most nine; two producers; ten minutes.
pub fn script(lines: &str) -> Config {
    config(&format!(
        "simulation: {{duration: 10m}}
producers: {{count: 2}}
workers: {{count: 6, lease: 2s}}
chaos:
  enabled: true
  script: [{lines}]
"
    ))
}

impl World {
    pub async fn new(config: &Config, seed: u64) -> Self {
        Self::with(config, seed, (2, 9), |_| {}).await
    }

    pub async fn with(
        config: &Config,
        seed: u64,
        (workers_min, workers_max): (usize, usize),
        prepare: impl FnOnce(&mut DirectorSettings),
    ) -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let (names, channel) = (Names::new("chaos").unwrap(), Channel::new("chaos").unwrap());
        let client = broker.client("director");
        let mut streams = names.streams(Storage::Memory, 1, Limits::default()).to_vec();
        let mut reports = channel.spec(Storage::Memory, 1);
        // What was told is looked at as a whole.
        reports.max_per_subject = None;
        streams.push(reports);
        for spec in streams {
            client.ensure(&spec).await.unwrap();
        }
        let fleet = Puppets::new(config.workers.count, config.producers.count);
        let (control, commands) = Control::new(Arc::new(config.clone()));
        let mut settings = DirectorSettings {
            schedule: schedule(config, Seed(seed)),
            resume_at: Duration::ZERO,
            next_fault_id: 1,
            workers_min,
            leave_min: workers_min,
            workers_max,
            terms: Terms::of(config),
            seed: Seed(seed),
        };
        prepare(&mut settings);
        let clock = RunClock::starting_at(Timestamp(0));
        fleet.stage().began = Instant::now();
        let director = Director::new(
            client.clone(),
            names.clone(),
            channel.clone(),
            clock,
            settings,
            fleet.clone(),
            commands,
        );
        let (phase, follow) = watch::channel(Phase::Running);
        let position = director.position();
        let director = tokio::spawn(director.run(follow));
        let world =
            Self { fleet, broker, client, control, position, phase, channel, names, director };
        world.elect(0);
        world
    }

    /// Somebody leads from now on.
    pub fn elect(&self, index: u32) {
        let member = MemberId::new(format!("worker-{index}")).unwrap();
        let record = LeaderRecord::Elected { member, session: Session(1) };
        let (stream, subject) = (self.names.group.clone(), self.names.leader());
        self.broker.append_now(Append::new(stream, subject, encode(&record))).unwrap();
    }

    pub async fn sleep(&self, seconds: f64) {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    }

    /// The run drains; the director is done.
    pub async fn drain(&mut self) {
        self.phase.send_replace(Phase::Draining);
        (&mut self.director).await.unwrap();
    }

    /// Everything that was told, in order.
    pub fn told(&self) -> Vec<Fault> {
        let records = self.broker.records(&self.channel.stream, Seq(1));
        let faults = records.iter().filter_map(Report::decode).filter_map(|report| match report {
            Report::Fault(fault) => Some(fault),
            _ => None,
        });
        faults.collect()
    }

    /// The last word on every fault, in order.
    pub fn faults(&self) -> Vec<Fault> {
        let told = self.told().into_iter().map(|fault| (fault.id, fault));
        told.collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Runs so many seconds, drains, and gives the last word on every fault.
    pub async fn play(&mut self, seconds: f64) -> Vec<Fault> {
        self.sleep(seconds).await;
        self.drain().await;
        self.faults()
    }
}

/// Seconds of a run.
pub fn seconds(at: Timestamp) -> f64 {
    at.since(Timestamp(0)).as_secs_f64()
}

/// Whether two times are the same, but for the time that calls take.
pub fn near(one: f64, two: f64) -> bool {
    (one - two).abs() < 0.5
}

/// The plan of one line.
pub fn planned(line: &str) -> Planned {
    schedule(&script(line), Seed(1)).remove(0)
}
