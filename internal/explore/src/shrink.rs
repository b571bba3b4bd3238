//! Making a scenario that fails smaller, as long as it still fails. First the script: halves of it,
//! then smaller and smaller parts, down to single lines (delta debugging); then everything else, step
//! by step; and again, since either may make the other possible.

use config::{Config, Scripted};

use crate::simpler;

/// A scenario that was made smaller.
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// It still fails.
    pub scenario: Config,
    /// How many runs that took.
    pub runs: usize,
    /// Nothing smaller that was thought of fails, too; otherwise the budget was spent.
    pub finished: bool,
}

/// Makes `scenario` smaller with at most `budget` runs. `fails` says of a scenario whether it fails
/// in the same way; of the first one it is taken for granted.
pub fn shrink(scenario: &Config, budget: usize, fails: impl FnMut(&Config) -> bool) -> Shrunk {
    let mut attempts = Attempts { best: scenario.clone(), fails, left: budget };
    loop {
        let before = attempts.best.clone();
        attempts.fewer_faults();
        attempts.simpler();
        let finished = attempts.best == before;
        if finished || attempts.left == 0 {
            let runs = budget - attempts.left;
            return Shrunk { scenario: attempts.best, runs, finished: attempts.left > 0 };
        }
    }
}

struct Attempts<F> {
    best: Config,
    fails: F,
    left: usize,
}

impl<F: FnMut(&Config) -> bool> Attempts<F> {
    /// Takes `candidate` if it fails, too.
    fn attempt(&mut self, candidate: Config) -> bool {
        if self.left == 0 || candidate == self.best {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.best = candidate;
        }
        fails
    }

    fn fewer_faults(&mut self) {
        let mut part = self.best.chaos.script.len();
        while part > 0 && self.left > 0 {
            let mut from = 0;
            while from < self.best.chaos.script.len() {
                let script = without(&self.best.chaos.script, from, part);
                let candidate = with_script(&self.best, script);
                if !self.attempt(candidate) {
                    from += part;
                }
            }
            part /= 2;
        }
    }

    /// Every step as often as it helps.
    fn simpler(&mut self) {
        for step in simpler::STEPS {
            while let Some(candidate) = step(&self.best) {
                if !self.attempt(candidate) {
                    break;
                }
            }
        }
    }
}

fn without(script: &[Scripted], from: usize, part: usize) -> Vec<Scripted> {
    let to = (from + part).min(script.len());
    [&script[..from], &script[to..]].concat()
}

/// Chaos without a script is none.
pub(crate) fn with_script(scenario: &Config, script: Vec<Scripted>) -> Config {
    let mut scenario = scenario.clone();
    scenario.chaos.enabled = !script.is_empty();
    scenario.chaos.script = script;
    scenario
}
