//! A whole run on a broker in memory: producers, members, a coordinator, and a vault for its state.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Admin, Append, Seq, Storage};
use broker_virtual::{Options, VirtualBroker, VirtualLog};
use coordinator::{
    CheckpointPlan, Conducted, Coordinator, CoordinatorError, CoordinatorSettings, End, Entry,
    Event, Judge, JudgeSettings, Keeper, Kept, Output, Progress, Recorder, Report, Resumed,
    RunInfo, RunState, Stopped, Unreadable, group_history,
};
use model::{Message, PartitionId, ProducerId, RunClock, Seed, Timestamp, Weight, watch};
use parti::{Builder, Delivery, HandlerError, Limits, Member, MemberId, Names};
use producer::{Producer, ProducerSettings, Publishing};
use reports::{Channel, Phase};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

pub const PARTITIONS: u32 = 6;
pub const LEASE: Duration = Duration::from_secs(2);
/// What the broker's clock shows when it is made.
const EPOCH: Timestamp = Timestamp(1_700_000_000_000_000);

/// Keeps states as bytes, as a disk does.
#[derive(Debug, Default)]
pub struct Vault {
    states: Mutex<Vec<Vec<u8>>>,
    pub fails: AtomicBool,
}

impl Keeper for Vault {
    fn keep(&self, state: &RunState) -> Result<Kept, String> {
        if self.fails.load(Ordering::Relaxed) {
            return Err("no space left on device".into());
        }
        let bytes = serde_json::to_vec(state).unwrap();
        let size = bytes.len() as u64;
        self.states.lock().unwrap().push(bytes);
        Ok(Kept { place: "vault".into(), bytes: size })
    }
}

impl Vault {
    pub fn count(&self) -> usize {
        self.states.lock().unwrap().len()
    }

    pub fn newest(&self) -> RunState {
        serde_json::from_slice(self.states.lock().unwrap().last().unwrap()).unwrap()
    }
}

/// What the judge is told, a line each; what a run that goes on is told again is removed.
#[derive(Clone, Debug, Default)]
pub struct Book(Arc<Mutex<Vec<String>>>);

impl Recorder for Book {
    fn record(&mut self, told: &Entry) {
        self.0.lock().unwrap().push(serde_json::to_string(told).unwrap());
    }

    fn flush(&mut self) {}

    fn end(&mut self, _: &End, _: &RunInfo) {}
}

impl Book {
    fn goes_on_after(&self, told: u64) {
        let mut lines = self.0.lock().unwrap();
        assert!(told <= lines.len() as u64, "everything up to the checkpoint was written down");
        lines.truncate(told as usize);
    }

    /// What a judge makes of it that has nothing else.
    fn judge(&self, settings: JudgeSettings, end: End) -> Report {
        #[derive(serde::Deserialize)]
        struct Any {
            kind: String,
        }
        let mut judge = Judge::new(settings);
        for line in self.0.lock().unwrap().iter() {
            let Any { kind } = serde_json::from_str(line).unwrap();
            judge.take(Entry::read(&kind, line.as_bytes()).unwrap().unwrap());
        }
        judge.finish(end, &RunInfo::default())
    }
}

/// A coordinator at work; dropping it kills it.
pub struct Leading {
    task: JoinSet<Result<Conducted, CoordinatorError>>,
    pub progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
    settings: CoordinatorSettings,
}

pub struct World {
    pub broker: VirtualBroker,
    pub names: Names,
    pub channel: Channel,
    pub vault: Arc<Vault>,
    /// The wall.
    pub wall: RunClock,
    /// The run's.
    pub clock: RunClock,
    pub duration: Duration,
    pub every: Duration,
    pub trim_after: u64,
    seed: u64,
    lives: u32,
    producers: Vec<(watch::Sender<bool>, JoinSet<()>)>,
    members: BTreeMap<String, Member>,
    pub events: Arc<Mutex<Vec<Event>>>,
    book: Book,
    /// The next message of this partition is passed over.
    pub skip: Arc<Mutex<Option<PartitionId>>>,
}

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

impl World {
    pub async fn new(seed: u64) -> Self {
        let broker = VirtualBroker::new(Options::new(Seed(seed)));
        let wall = RunClock::starting_at(EPOCH);
        let (names, channel) = (Names::new("sim").unwrap(), Channel::new("sim").unwrap());
        let every = secs(5);
        let world = Self {
            broker,
            names,
            channel,
            vault: Arc::default(),
            clock: wall,
            wall,
            duration: secs(40),
            every,
            trim_after: 20,
            seed,
            lives: 0,
            producers: Vec::new(),
            members: BTreeMap::new(),
            events: Arc::default(),
            book: Book::default(),
            skip: Arc::default(),
        };
        world.streams().await;
        world
    }

    pub async fn streams(&self) {
        let client = self.broker.client("admin");
        let mut streams = self.names.streams(Storage::Memory, 1, Limits::default()).to_vec();
        streams[2].max_per_subject = Some(group_history(self.every, LEASE));
        streams.push(self.channel.spec(Storage::Memory, 1));
        for spec in streams {
            client.ensure(&spec).await.unwrap();
        }
    }

    /// A connection that nobody had before.
    pub fn client(&mut self, name: &str) -> VirtualLog {
        self.lives += 1;
        self.broker.client(&format!("{name}, life {}", self.lives))
    }

    pub async fn start_all(&mut self) {
        for index in 0..2 {
            self.start_producer(index).await;
        }
        for name in ["a", "b", "c"] {
            self.start_member(name).await;
        }
    }

    async fn start_producer(&mut self, index: u32) {
        let client = self.client("producer");
        let own = index * PARTITIONS / 2..(index + 1) * PARTITIONS / 2;
        let settings = ProducerSettings {
            id: ProducerId(format!("producer-{index}")),
            partitions: own.map(|p| (PartitionId(p), Weight(1), 10.0)).collect(),
            publishing: Publishing::Conditional,
            variation: None,
            seed: Seed(self.seed),
            clock: self.clock,
            give_up_after: secs(20),
            measured: false,
        };
        let (names, channel) = (self.names.clone(), self.channel.clone());
        let producer = Producer::start(client, names, channel, settings).await.unwrap();
        let (stop, stopping) = watch::channel(false);
        let mut task = JoinSet::new();
        task.spawn(async move { producer.run(stopping).await.unwrap() });
        self.producers.push((stop, task));
    }

    pub async fn start_member(&mut self, name: &str) {
        let client = self.client(name);
        let (id, skip) = (MemberId::new(name).unwrap(), self.skip.clone());
        let handler = move |delivery: Delivery| {
            let skip = skip.clone();
            async move {
                tokio::time::sleep(Duration::from_millis(3)).await;
                let skipped = skip.lock().unwrap().take_if(|p| *p == delivery.partition);
                let message = Message::decode(&delivery.payload).ok();
                Ok::<_, HandlerError>(match (message, skipped) {
                    (Some(message), None) => Output::Done(message.partition_seq),
                    _ => Output::Unreadable(Unreadable::Foreign),
                })
            }
        };
        let builder = Builder::new(client, self.names.clone(), id, PARTITIONS).lease(LEASE);
        let member = builder.join(handler).await.unwrap();
        self.members.insert(name.into(), member);
    }

    /// In the middle of whatever it does.
    pub fn kill_member(&mut self, name: &str) {
        self.members.remove(name);
    }

    /// Everybody but the coordinator is killed.
    pub fn kill_all(&mut self) {
        self.members.clear();
        self.producers.clear();
    }

    pub fn settings(&self) -> CoordinatorSettings {
        let keeper: Arc<dyn Keeper> = self.vault.clone();
        CoordinatorSettings {
            judge: JudgeSettings {
                partitions: PARTITIONS,
                weights: None,
                lease: LEASE,
                unowned_bound: LEASE + secs(5),
                startup_bound: secs(20),
                processing_min: Duration::ZERO,
                stall: secs(10),
                promise: coordinator::Promise::ExactlyOnce,
                sticky: true,
                required: vec![],
                started_at: self.clock.started_at(),
            },
            clock: self.clock,
            duration: self.duration,
            drain_bound: secs(30),
            producers: Some(2),
            trim_after: self.trim_after,
            checkpoint: Some(CheckpointPlan { every: self.every, keeper, chaos: None }),
            resume: None,
            detail: coordinator::Detail::Run,
        }
    }

    pub fn lead(&mut self) -> Leading {
        self.lead_by(self.settings())
    }

    fn lead_by(&mut self, settings: CoordinatorSettings) -> Leading {
        let client = self.client("coordinator");
        let (told, progress) = watch::channel(Progress::default());
        let (events, mut happened) = mpsc::channel::<Vec<Event>>(64);
        let (stop, stopping) = watch::channel(false);
        let (names, channel) = (self.names.clone(), self.channel.clone());
        let coordinator = Coordinator::new(client, names, channel, settings.clone(), told, events);
        let coordinator = coordinator.recorded_by(Some(Box::new(self.book.clone())));
        let mut task = JoinSet::new();
        task.spawn(coordinator.run(stopping));
        let list = self.events.clone();
        tokio::spawn(async move {
            while let Some(batch) = happened.recv().await {
                list.lock().unwrap().extend(batch);
            }
        });
        Leading { task, progress, stop, settings }
    }

    /// Goes on from the newest state in the vault.
    pub async fn resume(&mut self, stopped: Stopped) -> Leading {
        let state = self.vault.newest();
        self.resume_from(state, stopped).await
    }

    pub async fn resume_from(&mut self, state: RunState, stopped: Stopped) -> Leading {
        let (client, now) = (self.client("resume"), self.wall.now());
        self.book.goes_on_after(state.told);
        let resumed = Resumed::begin(&client, &self.names, &self.channel, state, stopped, now);
        let resumed = resumed.await.unwrap();
        self.clock = resumed.clock;
        let settings = CoordinatorSettings { resume: Some(resumed), ..self.settings() };
        self.lead_by(settings)
    }

    /// Follows the phases to the end, as producers and workers do, and judges.
    pub async fn finish(&mut self, leading: Leading) -> Report {
        self.try_finish(leading).await.unwrap()
    }

    pub async fn try_finish(&mut self, mut leading: Leading) -> Result<Report, CoordinatorError> {
        let mut known = Phase::Running;
        let conducted = loop {
            tokio::select! {
                biased;
                conducted = leading.task.join_next() => break conducted.unwrap().unwrap()?,
                Ok(()) = leading.progress.changed() => {
                    let phase = leading.progress.borrow_and_update().phase;
                    if std::mem::replace(&mut known, phase) != phase {
                        self.follow(phase);
                    }
                }
            }
        };
        let Conducted { mut judge, drained_within, broker_reachable, interrupted, .. } = conducted;
        let at = leading.settings.clock.now();
        let resources = BTreeMap::new();
        let end = End { at, drained_within, broker_reachable, interrupted, resources };
        let report = judge.finish(end.clone(), &RunInfo::default());
        let again = self.book.judge(self.settings().judge, end);
        assert_eq!(again, report, "what was written down is what was judged");
        Ok(report)
    }

    pub fn stop_producers(&self) {
        self.producers.iter().for_each(|(stop, _)| _ = stop.send_replace(true));
    }

    fn follow(&mut self, phase: Phase) {
        match phase {
            Phase::Running => {}
            Phase::Draining => self.stop_producers(),
            Phase::Done => {
                for (_, member) in std::mem::take(&mut self.members) {
                    tokio::spawn(member.leave());
                }
            }
        }
    }

    /// What the stream itself says was sent: the last message of each partition always stays.
    pub fn sent(&self) -> u64 {
        let mut last = BTreeMap::new();
        for record in self.broker.records(&self.names.messages, Seq(1)) {
            let message = Message::decode(&record.payload).unwrap();
            last.insert(message.partition, message.partition_seq.0);
        }
        last.values().sum()
    }

    /// Stored at once, whoever it is from.
    pub fn tell(&self, report: &reports::Report) {
        let (stream, root) = (self.channel.stream.clone(), self.channel.all());
        let root = root.as_str().trim_end_matches(".>");
        let name = match report {
            reports::Report::Producer(report) => format!("{root}.producer.{}", report.producer),
            reports::Report::Worker(report) => format!("{root}.worker.{}.1", report.member),
            reports::Report::Fault(fault) => format!("{root}.fault.{}", fault.id),
            reports::Report::Phase(_) => format!("{root}.phase"),
        };
        let subject = broker::Subject::new(name).unwrap();
        let payload = serde_json::to_vec(report).unwrap();
        self.broker.append_now(Append::new(stream, subject, payload)).unwrap();
    }
}

impl Leading {
    /// As SIGKILL does.
    pub async fn kill(mut self) {
        self.task.abort_all();
        while self.task.join_next().await.is_some() {}
    }

    /// As SIGINT does.
    pub fn interrupt(&self) {
        self.stop.send_replace(true);
    }
}

/// Runs a test in virtual time.
pub fn run<F: Future<Output = ()>>(test: F) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().unwrap().block_on(test);
}
