//! Random histories: those of a correct group pass, and those with one planted defect are flagged
//! with exactly the class of the defect.

mod script;

use std::collections::{BTreeMap, VecDeque};

use coordinator::{Class, FaultEntry, FaultKind, Report, Verdict};
use proptest::prelude::*;
use script::{History, found};

/// One turn of a correct group: members a, b and c share partition 0, hand it over, die, step aside
/// and return; d owns the others all along.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Store(u64),
    Effect(usize),
    HandOver,
    Crash,
    Pause,
    Return,
    StepAside,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        4 => (1u64..6).prop_map(Turn::Store),
        4 => (1usize..6).prop_map(Turn::Effect),
        1 => Just(Turn::HandOver),
        1 => Just(Turn::Crash),
        1 => Just(Turn::Pause),
        1 => Just(Turn::Return),
        1 => Just(Turn::StepAside),
    ]
}

/// What is planted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    None,
    Drop,
    Repeat,
    Swap,
    Forge,
    Unstored,
    Unreleased,
    Stale,
}

/// A group that writes its own script, ten milliseconds a line.
struct Model {
    script: String,
    time: u64,
    stored: u64,
    waiting: VecDeque<u64>,
    owner: usize,
    epoch: u64,
    effects: Vec<(String, String, Vec<u64>)>,
}

const NAMES: [&str; 3] = ["a", "b", "c"];

impl Model {
    fn new() -> Self {
        let mut model = Self {
            script: String::new(),
            time: 0,
            stored: 0,
            waiting: VecDeque::new(),
            owner: 0,
            epoch: 1,
            effects: Vec::new(),
        };
        for line in ["join a", "join b", "join c", "lead a", "grant a 1 0", "claim a 0 1"] {
            model.say(line);
        }
        for line in ["join d", "grant d 1 1-3", "claim d 1 1", "claim d 2 1", "claim d 3 1"] {
            model.say(line);
        }
        model
    }

    fn say(&mut self, line: &str) -> String {
        self.time += 10;
        let line = format!("{}.{:03} {line}\n", self.time / 1000, self.time % 1000);
        self.script.push_str(&line);
        line
    }

    fn beats(&mut self, silent: Option<usize>) {
        let all = NAMES.iter().enumerate().filter(|(index, _)| Some(*index) != silent);
        all.for_each(|(_, name)| drop(self.say(&format!("alive {name}"))));
        self.say("alive d");
    }

    fn effect(&mut self, count: usize) {
        let done: Vec<u64> = self.waiting.drain(..count.min(self.waiting.len())).collect();
        if done.is_empty() {
            return;
        }
        let owner = NAMES[self.owner];
        let line = self.say(&effect_of(owner, &done));
        self.effects.push((line, owner.into(), done));
    }

    /// The next owner claims after the old one lost its grant.
    fn claim_by(&mut self, next: usize, gone: bool) {
        self.epoch += 1;
        if !gone {
            let (owner, epoch) = (NAMES[self.owner], self.epoch);
            self.say(&format!("grant {owner} {epoch}"));
            self.say(&format!("release {owner} 0"));
            self.say(&format!("alive {owner} {epoch}"));
            self.epoch += 1;
        }
        self.owner = next;
        let (owner, epoch) = (NAMES[next], self.epoch);
        self.say(&format!("grant {owner} {epoch} 0"));
        self.say(&format!("claim {owner} 0 {epoch}"));
    }

    fn turn(&mut self, turn: Turn) {
        self.beats(None);
        let next = (self.owner + 1) % 3;
        match turn {
            Turn::Store(count) => {
                let (from, to) = (self.stored + 1, self.stored + count);
                self.say(&format!("store 0 {from}-{to}"));
                self.say(&format!("ack 0 1-{to}"));
                self.waiting.extend(from..=to);
                self.stored = to;
            }
            Turn::Effect(count) => self.effect(count),
            Turn::HandOver => self.claim_by(next, false),
            Turn::Crash | Turn::Pause => {
                let (silent, owner) = (self.owner, NAMES[self.owner]);
                let crash = matches!(turn, Turn::Crash);
                let fault = if crash { "crash" } else { "pause" };
                self.say(&format!("fault {fault} {owner} for=3"));
                for _ in 0..4 {
                    self.time += 900;
                    self.beats(Some(silent));
                }
                self.say(&format!("expire {owner}"));
                self.claim_by(next, true);
                self.say(&format!("join {owner} {}", self.epoch));
                self.say(&format!("worked {owner} attempts=9 fenced=3"));
            }
            Turn::Return => {
                let owner = NAMES[self.owner];
                self.say(&format!("fault crash {owner}"));
                self.time += 500;
                self.say(&format!("join {owner} {}", self.epoch));
                self.say(&format!("claim {owner} 0 {}", self.epoch));
            }
            Turn::StepAside => {
                let (owner, epoch) = (NAMES[self.owner], self.epoch);
                self.say(&format!("fault restart {owner} for=1"));
                self.say(&format!("release {owner} 0"));
                self.say(&format!("alive {owner}"));
                self.time += 900;
                self.beats(Some(self.owner));
                self.say(&format!("join {owner} {epoch}"));
                self.say(&format!("claim {owner} 0 {epoch}"));
            }
        }
    }

    fn finish(mut self, defect: Defect, at: usize) -> Option<String> {
        self.say("draining");
        self.beats(None);
        self.effect(usize::MAX);
        self.plant(defect, at)?;
        self.beats(None);
        self.say("end drained");
        Some(self.script)
    }

    fn plant(&mut self, defect: Defect, at: usize) -> Option<()> {
        if defect == Defect::None {
            return Some(());
        }
        let (line, owner, mut done) = self.effects.get(at % self.effects.len().max(1))?.clone();
        let index = at % done.len();
        // Everything keeps its `through`, so that only the outputs change.
        let through = format!(" through={}", done.last()?);
        match defect {
            Defect::Drop => drop(done.remove(index)),
            Defect::Repeat => done.push(done[index]),
            Defect::Swap if done.len() > 1 => done.swap(0, 1),
            Defect::Swap => return None,
            Defect::Forge => done.insert(index, 1_000_000),
            Defect::Unstored => drop(self.say(&format!("ack 0 {}", self.stored + 1))),
            Defect::Unreleased => {
                self.beats(None);
                let next = NAMES[(self.owner + 1) % 3];
                self.say(&format!("claim {next} 0 {}", self.epoch + 1));
                self.beats(None);
            }
            _ => {
                let owner = NAMES[self.owner];
                self.say(&format!("release {owner} 0"));
                self.say(&format!("claim {owner} 0 0"));
            }
        }
        let time = line.split(' ').next()?;
        let changed = format!("{time} {}{through}\n", effect_of(&owner, &done));
        self.script = self.script.replace(&line, &changed);
        Some(())
    }
}

fn effect_of(owner: &str, done: &[u64]) -> String {
    let done: Vec<_> = done.iter().map(u64::to_string).collect();
    let done = if done.is_empty() { "-".into() } else { done.join(",") };
    format!("effect {owner} 0 {done}")
}

fn judge(turns: &[Turn], defect: Defect, at: usize) -> Option<(Report, String)> {
    let mut model = Model::new();
    model.turn(Turn::Store(5));
    turns.iter().for_each(|turn| model.turn(*turn));
    let script = model.finish(defect, at)?;
    Some((History::parse(&script).judge_in_every_order(), script))
}

/// What must hold of the faults of any correct group.
fn follows(report: &Report, turns: &[Turn], script: &str) -> Result<(), TestCaseError> {
    let count = |is: fn(&Turn) -> bool| turns.iter().filter(|turn| is(turn)).count();
    let kills = count(|turn| matches!(turn, Turn::Crash | Turn::Return));
    let pauses = count(|turn| matches!(turn, Turn::Pause));
    let restarts = count(|turn| matches!(turn, Turn::StepAside));
    prop_assert_eq!(report.faults.len(), kills + pauses + restarts);
    let of = |kind| report.recoveries.iter().filter(move |recovery| recovery.kind == kind);
    prop_assert_eq!(of(FaultKind::Crash).count(), kills, "{}", script);
    prop_assert_eq!(of(FaultKind::Restart).count(), restarts, "{}", script);
    let (mut unowned, mut fenced, mut taken, mut alone) = (0.0, 0, 0, true);
    for FaultEntry { fault, impact } in &report.faults {
        let stable = impact.stable_seconds;
        prop_assert!(stable.is_some_and(|seconds| seconds > 0.01), "{:?}\n{}", impact, script);
        let zombie = impact.doubly_processed_seconds > 0.0;
        prop_assert_eq!(zombie, fault.kind == FaultKind::Silence, "{:?}\n{}", impact, script);
        prop_assert!(impact.unowned_max_seconds <= impact.unowned_seconds);
        prop_assert!(impact.needed <= impact.moved);
        for other in &impact.shared_with {
            let other = report.faults.iter().find(|entry| entry.fault.id == *other);
            let mutual = other.is_some_and(|other| other.impact.shared_with.contains(&fault.id));
            prop_assert!(mutual, "{:?}\n{}", impact, script);
        }
        alone &= impact.shared_with.is_empty();
        unowned += impact.unowned_seconds;
        fenced += impact.fenced;
        taken += impact.taken_over;
    }
    prop_assert!(!alone || unowned <= report.totals.unowned_seconds + 1e-6);
    prop_assert_eq!(fenced, report.totals.fenced, "{}", script);
    let turned = count(|turn| matches!(turn, Turn::Crash | Turn::Pause));
    prop_assert_eq!(taken, turned as u64, "{}", script);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_judge_that_was_put_away_judges_the_same(
        turns in prop::collection::vec(turn(), 0..30),
        defect in prop_oneof![
            Just(Defect::None),
            Just(Defect::Drop),
            Just(Defect::Repeat),
            Just(Defect::Swap),
            Just(Defect::Forge),
            Just(Defect::Unstored),
            Just(Defect::Unreleased),
            Just(Defect::Stale),
        ],
        at in 0usize..1000,
        cuts in prop::collection::btree_set(0usize..400, 1..4),
    ) {
        let mut model = Model::new();
        model.turn(Turn::Store(5));
        turns.iter().for_each(|turn| model.turn(*turn));
        let Some(script) = model.finish(defect, at) else { return Ok(()) };
        let history = History::parse(&script);
        let cut = history.judge_with_cuts(|index| cuts.contains(&index));
        prop_assert_eq!(cut, history.judge(), "{}", script);
    }
}

proptest! {
    #[test]
    fn a_correct_group_passes(turns in prop::collection::vec(turn(), 0..30)) {
        let (report, script) = judge(&turns, Defect::None, 0).unwrap();
        prop_assert_eq!(report.verdict, Verdict::Pass, "{}\n{}", report.text(), script);
        prop_assert_eq!(report.totals.sent, report.totals.received);
        follows(&report, &turns, &script)?;
    }

    #[test]
    fn one_defect_is_flagged_with_its_class(
        turns in prop::collection::vec(turn(), 0..30),
        (defect, class) in prop_oneof![
            Just((Defect::Drop, Class::LostInDelivery)),
            Just((Defect::Repeat, Class::Duplicate)),
            Just((Defect::Swap, Class::OutOfOrder)),
            Just((Defect::Forge, Class::Unexpected)),
            Just((Defect::Unstored, Class::LostByBroker)),
            Just((Defect::Unreleased, Class::TwoOwners)),
            Just((Defect::Stale, Class::StaleEpoch)),
        ],
        at in 0usize..1000,
    ) {
        let Some((report, script)) = judge(&turns, defect, at) else { return Ok(()) };
        let expected = BTreeMap::from([(class, 1)]);
        prop_assert_eq!(found(&report), expected, "{}\n{}", report.text(), script);
        prop_assert_eq!(report.verdict, Verdict::Correctness);
    }
}
