//! The fold: what happened, one after the other, into what is shown.

use coordinator::{Event, Finding, Ownership, Progress, Rebalance, Totals, Verdict};
use model::Timestamp;
use parti::MemberId;
use reports::{Fault, FaultKind, Phase};

use crate::beaten::{Beaten, Blow};
use crate::map::{Map, Place, code};
use crate::members::Members;
use crate::newest::Newest;
use crate::series::Series;
use crate::shown::{Held, Member, Now, Producer, Seat, Shown};
use crate::{Ownerships, ProducerState, Run};

/// Plans that are kept.
const REBALANCES_MAX: usize = 200;
/// Faults that are kept.
const FAULTS_MAX: usize = 500;
/// Findings that are kept.
const FINDINGS_MAX: usize = 100;
/// Producers that are shown one by one.
const PRODUCERS_MAX: u32 = 1_000;

/// A run as it is looked at.
#[derive(Clone, Debug)]
pub struct View {
    run: Run,
    /// Rises with everything that is told.
    version: u64,
    members: Members,
    leader: Option<MemberId>,
    /// Each producer, with the version in which it changed last.
    producers: Vec<(u64, Beaten)>,
    broker: Beaten,
    map: Map,
    rebalances: Newest<Rebalance>,
    faults: Newest<Fault>,
    findings: Newest<Finding>,
    series: Series,
    phase: Phase,
    elapsed_seconds: f64,
    totals: Totals,
    verdict: Verdict,
    dropped: u64,
}

impl View {
    /// Nothing has happened yet.
    pub fn new(run: Run) -> Self {
        let producers = run.producers.min(PRODUCERS_MAX) as usize;
        Self {
            version: 1,
            members: Members::default(),
            leader: None,
            producers: vec![(1, Beaten::default()); producers],
            broker: Beaten::default(),
            map: Map::new(run.weights.len()),
            rebalances: Newest::new(REBALANCES_MAX),
            faults: Newest::new(FAULTS_MAX),
            findings: Newest::new(FINDINGS_MAX),
            series: Series::default(),
            phase: Phase::default(),
            elapsed_seconds: 0.0,
            totals: Totals::default(),
            verdict: Verdict::Running,
            dropped: 0,
            run,
        }
    }

    /// Something happened.
    pub fn happened(&mut self, event: &Event) {
        self.version += 1;
        let version = self.version;
        match event {
            Event::Joined { at, member, session, .. } => {
                self.members.joined(member, *session, *at, version);
            }
            Event::Left { at, member, session } => {
                self.members.left(member, *session, *at, version);
            }
            Event::Expired { at, member, session } => {
                self.members.expired(member, *session, *at, version);
            }
            Event::Elected { at, member, .. } => self.led_by(Some((member, *at))),
            Event::Vacant { .. } => self.led_by(None),
            Event::Ownership(ownership) => self.owned(ownership),
            Event::Planned(plan) | Event::Settled(plan) => {
                self.rebalances
                    .put(plan.clone(), version, |a, b| (a.term, a.epoch) == (b.term, b.epoch));
            }
            Event::Fault(fault) => self.broken(fault),
            Event::Finding(finding) => {
                self.findings.put(finding.clone(), version, |a, b| a == b);
            }
            Event::Dropped { count } => self.dropped += count,
            // What is told again changes nothing.
            Event::Resumed { .. } => {}
        }
    }

    /// How the run is going. What is older than what was told before changes nothing.
    pub fn progress(&mut self, progress: &Progress) {
        let seconds = progress.elapsed.as_secs_f64();
        if seconds < self.elapsed_seconds {
            return;
        }
        self.version += 1;
        (self.phase, self.elapsed_seconds) = (progress.phase, seconds);
        self.totals = progress.totals.clone();
        self.series.take(seconds, &self.totals, self.version);
    }

    /// The run was judged.
    pub fn judged(&mut self, verdict: Verdict, totals: &Totals) {
        self.version += 1;
        (self.verdict, self.phase, self.totals) = (verdict, Phase::Done, totals.clone());
    }

    /// Rises with everything that is told.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What is known of the run.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Who owned what, as far back as it is known.
    pub fn ownerships(&self) -> &Ownerships {
        &self.map.past
    }

    /// Everything that changed after `version`; all of it after version 0.
    pub fn since(&self, version: u64) -> Shown {
        Shown {
            version: self.version,
            run: (version == 0).then(|| self.run.clone()),
            now: self.now(),
            members: self.members_since(version),
            producers: self.producers_since(version),
            seats: self.seats_since(version),
            rebalances: self.rebalances.since(version),
            faults: self.faults.since(version),
            findings: self.findings.since(version),
            series: self.series.since(version),
        }
    }

    fn now(&self) -> Now {
        let leader = self.leader.as_ref().and_then(|leader| self.members.find(leader.as_str()));
        Now {
            verdict: self.verdict,
            phase: self.phase,
            elapsed_seconds: self.elapsed_seconds,
            totals: self.totals.clone(),
            leader: code(leader),
            load_bound: self.run.bound(self.members.taking_part()),
            broker: if self.broker.worst().is_some() { Held::Down } else { Held::Up },
            findings: self.findings.count,
            dropped: self.dropped,
        }
    }

    fn members_since(&self, version: u64) -> Vec<Member> {
        let changed = self.members.all().filter(|(_, known)| known.version > version);
        changed
            .map(|(n, known)| Member {
                n,
                id: known.id.to_string(),
                state: known.state(),
                since: self.run.seconds(known.since),
                declared_dead: known.declared_dead(),
                session: known.session.0,
                owned: known.owned,
                load: known.load,
            })
            .collect()
    }

    fn producers_since(&self, version: u64) -> Vec<Producer> {
        let changed = (0..).zip(&self.producers).filter(|(_, (changed, _))| *changed > version);
        changed
            .map(|(n, (_, beaten))| Producer {
                n,
                state: match beaten.worst() {
                    None => ProducerState::Live,
                    Some(Blow::Slow) => ProducerState::Slow,
                    Some(Blow::Paused) => ProducerState::Paused,
                    Some(Blow::Cut) => ProducerState::Cut,
                    Some(Blow::Killed) => ProducerState::Crashed,
                },
            })
            .collect()
    }

    fn seats_since(&self, version: u64) -> Vec<Seat> {
        let changed = (0..).zip(&self.map.places).filter(|(_, place)| place.version > version);
        let seat = |(n, place): (u32, &Place)| {
            Seat(n, code(place.owner), self.run.seconds(place.since), place.epoch)
        };
        changed.map(seat).collect()
    }

    fn led_by(&mut self, leader: Option<(&MemberId, Timestamp)>) {
        if let Some((member, at)) = leader {
            self.members.number(member, at, self.version);
        }
        self.leader = leader.map(|(member, _)| member.clone());
    }

    fn owned(&mut self, ownership: &Ownership) {
        let partition = ownership.partition.0 as usize;
        if !self.map.is_new(partition, ownership.ledger.0) {
            return;
        }
        let (holder, version) = (&ownership.holder, self.version);
        let by = self.members.number(&holder.member, ownership.at, version);
        let held = self.map.places.get(partition).and_then(|place| place.owner);
        // Whoever was taken over from has nothing to let go of.
        if ownership.released && held != Some(by) {
            return;
        }
        let owner = (!ownership.released).then_some(by);
        let (since, epoch, ledger) = (ownership.at, holder.epoch.0, ownership.ledger.0);
        let place = Place { owner, since, epoch, ledger, version };
        let seconds = self.run.seconds(ownership.at);
        let before = self.map.changed(partition, place, seconds);
        let weight = self.run.weight(partition);
        if let Some(before) = before {
            self.members.owns(before, weight, false, version);
        }
        if let Some(owner) = owner {
            self.members.owns(owner, weight, true, version);
        }
    }

    fn broken(&mut self, fault: &Fault) {
        let version = self.version;
        self.faults.put(fault.clone(), version, |a, b| a.id == b.id);
        if fault.kind == FaultKind::Broker {
            self.broker.hit(fault);
        } else if let Some(producer) = self.producer(&fault.target) {
            if producer.1.hit(fault) {
                producer.0 = version;
            }
        } else {
            self.members.hit(fault, version);
        }
    }

    fn producer(&mut self, target: &str) -> Option<&mut (u64, Beaten)> {
        let place: usize = target.strip_prefix("producer-")?.parse().ok()?;
        self.producers.get_mut(place)
    }
}
