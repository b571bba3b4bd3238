//! The line on a terminal while seeds run.

use std::time::Duration;

use explore::Campaign;
use tokio::time::Instant;

use crate::terminal::TerminalLine;

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(200);
/// How wide its bar is.
const WIDTH: u64 = 24;

/// A line on stderr, if that is a terminal.
pub struct Line {
    seeds: u64,
    began: Instant,
    aside: Duration,
    drawn: Option<Instant>,
    line: TerminalLine,
}

impl Line {
    /// For so many seeds.
    pub fn new(seeds: u64) -> Self {
        let line = TerminalLine::new();
        Self { seeds, began: Instant::now(), aside: Duration::ZERO, drawn: None, line }
    }

    /// Draws how far it is.
    pub fn draw(&mut self, campaign: &Campaign) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < EVERY) {
            return;
        }
        self.drawn = Some(Instant::now());
        let done = campaign.seeds;
        let full = (done * WIDTH / self.seeds.max(1)).min(WIDTH) as usize;
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(WIDTH as usize - full));
        let rate = done as f64 / self.seconds().max(f64::EPSILON);
        let (met, all) = (campaign.met.len() - campaign.missed().len(), campaign.met.len());
        let found: Vec<_> = campaign.classes().filter(|(_, seeds)| *seeds > 0).collect();
        let found: Vec<_> = found.iter().map(|(class, seeds)| format!("{class} {seeds}")).collect();
        let found =
            if found.is_empty() { String::new() } else { format!(" ({})", found.join(", ")) };
        self.say(&format!(
            "{bar} {done}/{} seeds · {rate:.1}/s · came across {met} of {all} · failed {}{found}",
            self.seeds, campaign.failures
        ));
    }

    /// Draws something else.
    pub fn say(&self, what: &str) {
        self.line.say(what);
    }

    /// Makes room for something that stays.
    pub fn clear(&self) {
        self.line.clear();
    }

    /// Does something that is not counted as running seeds.
    pub fn aside<T>(&mut self, what: impl FnOnce(&Self) -> T) -> T {
        let began = Instant::now();
        self.clear();
        let done = what(self);
        self.clear();
        self.aside += began.elapsed();
        done
    }

    /// How long seeds have been running.
    pub fn seconds(&self) -> f64 {
        self.began.elapsed().saturating_sub(self.aside).as_secs_f64()
    }
}
