//! A made-up soak: many partitions, workers that come and go, faults, and messages on their way.

use std::time::Duration;

use broker::Seq;
use coordinator::{
    Cause, Fault, FaultKind, Judge, JudgeSettings, Output, PartitionSent, ProducerReport, Progress,
    Range, RunState, WorkerReport,
};
use model::{
    Message, PartitionId, PartitionSeq, ProducerId, ProducerSeq, Rng, Seed, Timestamp, Weight,
    Weights, producer_range,
};
use parti::MemberId;
use parti::records::{Epoch, Grant, Holder, LeaderRecord, LedgerRecord, MemberRecord, Plan};
use parti::records::{Session, Term};
use rand::RngExt;

const WORKERS: u32 = 100;
const PRODUCERS: u32 = 10;

/// What one partition has come to.
#[derive(Clone)]
struct Place {
    stored: u64,
    done: u64,
    /// Stored, and not done.
    waiting: Vec<(Seq, u64)>,
    holder: Holder,
    claim: Seq,
}

pub struct Soak {
    judge: Judge,
    rng: Rng,
    at: Timestamp,
    places: Vec<Place>,
    sessions: Vec<Session>,
    first: u64,
    messages: u64,
    ledger: u64,
    group: u64,
    epoch: u64,
    faults: u64,
}

fn worker(index: usize) -> MemberId {
    MemberId::new(format!("worker-{index}")).unwrap()
}

impl Soak {
    /// A soak that begins as if `before` messages had been sent already.
    pub fn new(partitions: u32, before: u64) -> Self {
        let weights = Weights::exponential(partitions, 0.05, Weight(100), Weight(1), Seed(7));
        let judge = Judge::new(JudgeSettings {
            partitions,
            weights: Some(weights),
            lease: Duration::from_secs(3),
            unowned_bound: Duration::from_secs(8),
            startup_bound: Duration::from_secs(20),
            processing_min: Duration::ZERO,
            stall: Duration::from_secs(15),
            promise: coordinator::Promise::ExactlyOnce,
            sticky: true,
            required: vec![],
            started_at: Timestamp(1_790_000_000_000_000),
        });
        let first = before / u64::from(partitions);
        let holder =
            Holder { term: Term(1), epoch: Epoch(0), session: Session(0), member: worker(0) };
        let place = Place { stored: first, done: first, waiting: vec![], holder, claim: Seq::NONE };
        let mut soak = Self {
            judge,
            rng: Seed(7).rng("soak"),
            at: Timestamp(1_790_000_000_000_000),
            places: vec![place; partitions as usize],
            sessions: vec![Session(0); WORKERS as usize],
            first,
            messages: before,
            ledger: before / 10,
            group: 0,
            epoch: 0,
            faults: 0,
        };
        (0..WORKERS as usize).for_each(|index| soak.join(index));
        let (seq, member, session) = (soak.next_group(), worker(0), soak.sessions[0]);
        soak.judge.leader(seq, soak.at, LeaderRecord::Elected { member, session });
        (0..WORKERS as usize).for_each(|index| soak.claim_all(index));
        soak
    }

    /// So many rounds; in each every partition gets a message, and a third of them have an effect.
    pub fn run(&mut self, rounds: u32) {
        for _ in 0..rounds {
            for index in 0..self.places.len() {
                self.store(index);
                if self.rng.random_bool(0.3) {
                    self.effect(index);
                }
            }
            self.beat();
            if self.rng.random_bool(0.05) {
                self.crash();
            }
            if self.rng.random_bool(0.1) {
                self.report();
            }
            self.judge.drain_events();
        }
    }

    /// Where it stands.
    pub fn state(&self) -> RunState {
        let totals = self.judge.totals();
        let progress = Progress { totals, ..Progress::default() };
        let judge = self.judge.clone();
        RunState { at: self.at, cause: Cause::Interval, progress, chaos: None, judge, told: 0 }
    }

    fn pass(&mut self, micros: u64) {
        self.at = self.at + Duration::from_micros(self.rng.random_range(0..=2 * micros));
    }

    fn next_group(&mut self) -> Seq {
        self.group += 1;
        Seq(self.group)
    }

    fn join(&mut self, index: usize) {
        let (seq, acked) = (self.next_group(), Epoch(self.epoch));
        self.sessions[index] = Session(seq.0);
        self.judge.member(worker(index), seq, self.at, MemberRecord::Joined { acked, seat: None });
    }

    /// A member is granted its share, and claims it.
    fn claim_all(&mut self, index: usize) {
        self.epoch += 1;
        let own: Vec<usize> = (index..self.places.len()).step_by(WORKERS as usize).collect();
        let plan = Plan {
            term: Term(1),
            epoch: Epoch(self.epoch),
            leader: worker(0),
            joined: vec![worker(index)],
            left: vec![],
            expired: vec![],
            members: WORKERS,
            moved: own.len() as u64,
            needed: own.len() as u64,
            moved_weight: 1_000,
            needed_weight: 1_000,
        };
        let seq = self.next_group();
        self.judge.plan(seq, self.at, plan);
        let partitions = own.iter().map(|p| PartitionId(*p as u32)).collect();
        let grant =
            Grant { term: Term(1), epoch: Epoch(self.epoch), session: Session(0), partitions };
        let seq = self.next_group();
        self.judge.grant(worker(index), seq, self.at, grant);
        let session = self.sessions[index];
        let holder =
            Holder { term: Term(1), epoch: Epoch(self.epoch), session, member: worker(index) };
        for partition in own {
            self.ledger += 1;
            self.pass(50);
            let place = &mut self.places[partition];
            (place.holder, place.claim) = (holder.clone(), Seq(self.ledger));
            let claim = LedgerRecord::Claim { holder: holder.clone(), through: Seq::NONE };
            let partition = PartitionId(partition as u32);
            self.judge.ledger(partition, Seq(self.ledger), self.at, claim);
        }
    }

    fn store(&mut self, index: usize) {
        self.pass(40);
        self.messages += 1;
        let place = &mut self.places[index];
        place.stored += 1;
        place.waiting.push((Seq(self.messages), place.stored));
        let partition = PartitionId(index as u32);
        let message = Message {
            partition,
            partition_seq: PartitionSeq(place.stored),
            producer: ProducerId("producer-1".into()),
            producer_seq: ProducerSeq(self.messages),
            sent_at: self.at,
            weight: Weight(1),
        };
        self.judge.stored(partition, Seq(self.messages), self.at, message.into());
    }

    fn effect(&mut self, index: usize) {
        self.pass(30);
        let place = &mut self.places[index];
        // Often the newest message is still on its way.
        let keep = usize::from(self.rng.random_bool(0.5));
        let count = place.waiting.len().saturating_sub(keep);
        let done: Vec<_> = place.waiting.drain(..count).collect();
        let Some((through, last)) = done.last().copied() else { return };
        self.ledger += 1;
        place.done = last;
        let outputs = done.iter().map(|(_, seq)| Output::Done(PartitionSeq(*seq))).collect();
        let (holder, claim) = (place.holder.clone(), place.claim);
        let effect = LedgerRecord::Effect { holder, claim, through, outputs };
        self.judge.ledger(PartitionId(index as u32), Seq(self.ledger), self.at, effect);
    }

    fn beat(&mut self) {
        for index in 0..WORKERS as usize {
            self.pass(500);
            let (session, acked) = (self.sessions[index], Epoch(self.epoch));
            let alive = MemberRecord::Alive { session, seat: session, acked, owned: 15 };
            let seq = self.next_group();
            self.judge.member(worker(index), seq, self.at, alive);
        }
    }

    fn crash(&mut self) {
        let index = self.rng.random_range(0..WORKERS as usize);
        self.faults += 1;
        self.judge.fault(Fault {
            id: self.faults,
            at: self.at,
            event: "worker_crash".into(),
            kind: FaultKind::Crash,
            target: worker(index).to_string(),
            duration: None,
            ended_at: Some(self.at + Duration::from_secs(10)),
            effect: format!("killed; comes back as worker-{index}"),
        });
        self.pass(2_000_000);
        self.join(index);
        self.claim_all(index);
    }

    fn report(&mut self) {
        for producer in 0..PRODUCERS {
            let own = producer_range(producer, PRODUCERS, self.places.len() as u32);
            let sent = |p: u32| PartitionSent {
                acked: vec![Range(self.first + 1, self.places[p as usize].stored)],
                in_doubt: vec![],
            };
            let partitions = own.map(|p| (PartitionId(p), sent(p))).collect();
            self.judge.producer_report(ProducerReport {
                producer: ProducerId(format!("producer-{producer}")),
                session: 1,
                at: self.at,
                partitions,
                retries: 3,
                rejected: 0,
                recovered: 1,
                shed: 0,
                publishing: None,
                finished: false,
            });
        }
        for index in 0..WORKERS as usize {
            self.judge.worker_report(WorkerReport {
                member: worker(index),
                session: self.sessions[index],
                at: self.at,
                attempts: self.messages / u64::from(WORKERS),
                failures: 0,
                fenced: 2,
                fenced_last: vec![],
                processing: Duration::from_millis(self.messages),
                processing_max: Duration::from_millis(31),
                durations: None,
                finished: false,
            });
        }
    }
}
