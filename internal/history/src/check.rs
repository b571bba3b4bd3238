//! Judging a history: the same judge is told the same, in the same order.

use coordinator::{Judge, Report, RunInfo};

use crate::clerk::Clerk;
use crate::error::{HistoryError, Wrong};
use crate::header::Header;
use crate::line::{Ending, Line};
use crate::series::{Part, Series};

/// A history that was judged.
pub struct Checked {
    /// The report.
    pub report: Report,
    /// How much the judge was told.
    pub told: u64,
    /// Why the history ends before the run did, if it does.
    pub cut: Option<String>,
}

/// How a part of a history ended.
enum Last {
    /// The next part goes on from here.
    Next,
    End(Box<Ending>),
    Cut(String),
}

/// Judges a history, line by line.
///
/// # Errors
///
/// [`HistoryError`] if a line is damaged. A history that only ends too early is judged as far as it
/// goes.
pub fn check(series: Series) -> Result<Checked, HistoryError> {
    let parts = series.parts();
    let first = parts.first().expect("a series has a part, and the last one counts").header.clone();
    let mut judge = Judge::new(first.settings());
    let mut told = 0;
    let mut last = Last::Cut(killed(0));
    for part in parts {
        let after = part.header.after;
        if after != told {
            let why = format!("of what the judge was told, {told} to {after} is missing");
            last = keep(last, why);
            break;
        }
        last = take(part, &mut judge, &mut told)?;
    }
    Ok(finish(judge, &first, last, told))
}

/// A reason that was given is better than one that is guessed.
fn keep(last: Last, why: String) -> Last {
    match last {
        Last::Cut(given) if !given.starts_with(KILLED) => Last::Cut(given),
        _ => Last::Cut(why),
    }
}

const KILLED: &str = "the history has no end";

fn killed(told: u64) -> String {
    format!("{KILLED}: whoever wrote it was stopped after telling the judge {told} things")
}

/// Tells the judge as much of a part as counts.
fn take(part: Part, judge: &mut Judge, told: &mut u64) -> Result<Last, HistoryError> {
    let Part { mut lines, count, .. } = part;
    let mut clerk = Clerk::default();
    for _ in 0..count {
        match lines.read()? {
            Some(Line::Entry(entry)) => judge.take(*entry),
            Some(Line::Simple(simple)) => {
                clerk.tell(*simple, judge).map_err(|why| lines.here(Wrong::Damaged(why)))?;
            }
            Some(Line::End(mut end)) => {
                end.at = end.at.max(clerk.at);
                // Nothing may follow; and of what is compressed the checksum does.
                lines.read()?;
                return Ok(Last::End(end));
            }
            Some(Line::Cut(why)) => return Ok(Last::Cut(format!("the history was cut: {why}"))),
            None => return Ok(Last::Cut(killed(*told))),
        }
        *told += 1;
        // Nobody listens.
        judge.drain_events();
    }
    Ok(Last::Next)
}

fn finish(mut judge: Judge, header: &Header, last: Last, told: u64) -> Checked {
    let mut run = RunInfo {
        seed: header.seed.0,
        commit: header.commit.clone(),
        config: header.config.clone(),
        ..RunInfo::default()
    };
    match last {
        Last::End(ending) => {
            let end = ending.end();
            (run.reproduce, run.virtual_time) = (ending.reproduce, ending.virtual_time);
            Checked { report: judge.finish(end, &run), told, cut: None }
        }
        Last::Cut(why) => {
            Checked { report: judge.give_up(why.clone(), &run), told, cut: Some(why) }
        }
        Last::Next => {
            let why = killed(told);
            Checked { report: judge.give_up(why.clone(), &run), told, cut: Some(why) }
        }
    }
}
