//! Many seeds at once, each on a thread of its own; what became of them is told in their order.
//!
//! Seeds are handed out in order. So when one fails, all before it have been handed out already, and
//! which failure is the first does not depend on how many ran at once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{ControlFlow, Range};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use explore::{Fate, Outcome};
use tokio::time::Instant;

/// How often somebody who waits is told that nothing happened.
const TICK: Duration = Duration::from_millis(100);

/// What a thread says.
enum Word {
    Began(u64),
    Ended(Box<Outcome>),
    Left,
}

/// The seeds that are still to be run.
#[derive(Clone)]
struct ToDo(Arc<Mutex<Range<u64>>>);

impl ToDo {
    fn next(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// No more seeds.
    fn end(&self) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.start = left.end;
    }
}

/// Threads that run seeds.
pub struct Swarm {
    to_do: ToDo,
    words: Receiver<(usize, Word)>,
    /// Threads that may still say something.
    there: BTreeSet<usize>,
    /// What each of them runs, and since when.
    running: BTreeMap<usize, (u64, Instant)>,
    /// What became of seeds whose turn has not come.
    early: BTreeMap<u64, Outcome>,
    next: u64,
    /// How long one seed may take.
    patience: Duration,
}

impl Swarm {
    /// Begins to run `seeds` on `jobs` threads; the first failure ends it unless it is to go on.
    pub fn begin(
        seeds: Range<u64>,
        jobs: usize,
        goes_on: bool,
        patience: Duration,
        run: impl Fn(u64) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let (next, to_do) = (seeds.start, ToDo(Arc::new(Mutex::new(seeds))));
        let (told, words) = mpsc::channel();
        let run = Arc::new(run);
        for job in 0..jobs {
            let (to_do, told, run) = (to_do.clone(), told.clone(), run.clone());
            std::thread::spawn(move || {
                work(job, &to_do, &told, |seed| {
                    let outcome = run(seed);
                    if outcome.fate.is_failure() && !goes_on {
                        to_do.end();
                    }
                    outcome
                });
            });
        }
        let (there, running, early) = ((0..jobs).collect(), BTreeMap::new(), BTreeMap::new());
        Self { to_do, words, there, running, early, next, patience }
    }

    /// Tells of every seed in order, and now and then that time has passed, until all have run or it
    /// is told to break off. Then the seeds that were begun are still told of.
    pub fn tell(mut self, mut told: impl FnMut(Option<Outcome>) -> ControlFlow<()>) {
        while !self.there.is_empty() {
            match self.words.recv_timeout(TICK) {
                Ok((job, word)) => self.heard(job, word),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.there.clear(),
            }
            self.give_up();
            if told(None).is_break() {
                self.to_do.end();
            }
            while let Some(outcome) = self.early.remove(&self.next) {
                self.next += 1;
                if told(Some(outcome)).is_break() {
                    self.to_do.end();
                    return;
                }
            }
        }
    }

    fn heard(&mut self, job: usize, word: Word) {
        match word {
            Word::Began(seed) => drop(self.running.insert(job, (seed, Instant::now()))),
            Word::Ended(outcome) => {
                // Who was given up and ends all the same goes on; its seed has been told of.
                self.there.insert(job);
                if self.running.remove(&job).is_some() {
                    self.early.insert(outcome.seed, *outcome);
                }
            }
            Word::Left => drop(self.there.remove(&job)),
        }
    }

    /// What a run does without ever waiting ends it never; nothing can stop its thread, either.
    fn give_up(&mut self) {
        let patience = self.patience;
        let late = self.running.iter().filter(|(_, (_, since))| since.elapsed() > patience);
        for (job, seed) in late.map(|(job, (seed, _))| (*job, *seed)).collect::<Vec<_>>() {
            let why = format!("no end after {} s of real time", patience.as_secs());
            self.running.remove(&job);
            self.there.remove(&job);
            self.early.insert(seed, Outcome::unfinished(seed, Fate::Stuck(why)));
        }
    }
}

fn work(job: usize, to_do: &ToDo, told: &Sender<(usize, Word)>, run: impl Fn(u64) -> Outcome) {
    // Nobody listens when the exploration is over; then this thread is over, too.
    let tell = |word| told.send((job, word)).is_ok();
    while let Some(seed) = to_do.next() {
        if !tell(Word::Began(seed)) || !tell(Word::Ended(Box::new(run(seed)))) {
            return;
        }
    }
    tell(Word::Left);
}

#[cfg(test)]
mod tests {
    use coordinator::Verdict;

    use super::*;

    const PATIENT: Duration = Duration::from_secs(600);

    fn outcome(seed: u64, verdict: Verdict) -> Outcome {
        Outcome::unfinished(seed, Fate::Judged(verdict))
    }

    /// All pass but those of `failing`; those that come early take longer.
    fn some_fail(failing: &'static [u64]) -> impl Fn(u64) -> Outcome + Send + Sync + 'static {
        move |seed| {
            let work: u64 = (0..(7 - seed % 7) * 20_000).map(std::hint::black_box).sum();
            std::hint::black_box(work);
            let fails = failing.contains(&seed);
            outcome(seed, if fails { Verdict::Correctness } else { Verdict::Pass })
        }
    }

    /// Which seeds are told of until one fails, or all.
    fn told(swarm: Swarm, goes_on: bool) -> Vec<u64> {
        let mut told = Vec::new();
        swarm.tell(|outcome| {
            let Some(outcome) = outcome else { return ControlFlow::Continue(()) };
            told.push(outcome.seed);
            match outcome.fate.is_failure() && !goes_on {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        told
    }

    #[test]
    fn all_are_told_of_in_order() {
        for jobs in [1, 2, 7] {
            let swarm = Swarm::begin(10..60, jobs, true, PATIENT, some_fail(&[12, 30]));
            assert_eq!(told(swarm, true), (10..60).collect::<Vec<_>>(), "{jobs} jobs");
        }
    }

    #[test]
    fn the_first_failure_is_the_same_however_many_run_at_once() {
        for jobs in [1, 2, 7, 20] {
            let swarm = Swarm::begin(0..60, jobs, false, PATIENT, some_fail(&[21, 22, 23, 24]));
            assert_eq!(told(swarm, false), (0..=21).collect::<Vec<_>>(), "{jobs} jobs");
        }
    }

    #[test]
    fn who_breaks_off_is_told_of_what_was_begun() {
        let swarm = Swarm::begin(0..1_000_000, 3, true, PATIENT, some_fail(&[]));
        let mut told = Vec::new();
        swarm.tell(|outcome| {
            told.extend(outcome.map(|outcome| outcome.seed));
            if told.len() < 9 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        assert_eq!(told[..9], [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(told.len() < 1_000_000, "nothing more is begun");
    }

    #[test]
    fn a_seed_that_never_ends_is_stuck_and_the_others_go_on() {
        let run = |seed| {
            if seed == 3 {
                loop {
                    std::thread::park();
                }
            }
            outcome(seed, Verdict::Pass)
        };
        let swarm = Swarm::begin(0..20, 2, true, Duration::from_secs(1), run);
        let mut fates = Vec::new();
        swarm.tell(|outcome| {
            fates.extend(outcome.map(|outcome| (outcome.seed, outcome.fate.word())));
            ControlFlow::Continue(())
        });
        assert_eq!(fates.len(), 20);
        let stuck: Vec<_> = fates.iter().filter(|(_, word)| word == "stuck").collect();
        assert_eq!(stuck, [&(3, "stuck".to_owned())]);
    }
}
