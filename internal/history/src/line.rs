//! One line of a history after the first: what the judge is told, or how the history ends.

use std::borrow::Cow;
use std::collections::BTreeMap;

use coordinator::{End, Entry, RunInfo, VirtualTime};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::simple::Simple;

/// One line of a history after the first.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// The next thing that the judge is told.
    Entry(Box<Entry>),
    /// The same in the words of another program.
    Simple(Box<Simple>),
    /// The run was over.
    End(Box<Ending>),
    /// The run went on, but its history does not.
    Cut(String),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// When; without it, at the time of the line before.
    #[serde(default)]
    pub at: Timestamp,
    /// Every stored message was done within the bound for draining.
    #[serde(default = "yes")]
    pub drained: bool,
    /// The broker answered.
    #[serde(default = "yes")]
    pub reachable: bool,
    /// Somebody ended it before its time.
    #[serde(default)]
    pub interrupted: bool,
    /// What the run used.
    #[serde(default)]
    pub resources: BTreeMap<String, f64>,
    /// The command that repeats it.
    #[serde(default)]
    pub reproduce: String,
    /// Where time was virtual, how fast it went.
    #[serde(rename = "virtual", default, skip_serializing_if = "Option::is_none")]
    pub virtual_time: Option<VirtualTime>,
}

fn yes() -> bool {
    true
}

/// As it is written.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Last<'a> {
    End(&'a Ending),
    Cut { why: &'a str },
}

/// Why a history was cut.
#[derive(Deserialize)]
struct Cut {
    why: String,
}

/// What a line is, whatever else it says.
#[derive(Deserialize)]
struct Any<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

impl Ending {
    /// What the judge has to know at the end, and what it only passes on.
    pub(crate) fn new(end: &End, run: &RunInfo) -> Self {
        Self {
            at: end.at,
            drained: end.drained_within,
            reachable: end.broker_reachable,
            interrupted: end.interrupted,
            resources: end.resources.clone(),
            reproduce: run.reproduce.clone(),
            virtual_time: run.virtual_time.clone(),
        }
    }

    pub(crate) fn end(&self) -> End {
        End {
            at: self.at,
            drained_within: self.drained,
            broker_reachable: self.reachable,
            interrupted: self.interrupted,
            resources: self.resources.clone(),
        }
    }

    /// As a line.
    pub(crate) fn line(&self) -> Vec<u8> {
        line(&Last::End(self))
    }
}

/// The line that says why there are no more.
pub(crate) fn cut(why: &str) -> Vec<u8> {
    line(&Last::Cut { why })
}

fn line(last: &Last<'_>) -> Vec<u8> {
    let mut line = serde_json::to_vec(last).expect("numbers and text under text keys are JSON");
    line.push(b'\n');
    line
}

impl Line {
    /// Reads a line.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words.
    pub fn parse(line: &[u8]) -> Result<Self, String> {
        let wrong = |error: serde_json::Error| error.to_string();
        let Any { kind } = serde_json::from_slice(line).map_err(wrong)?;
        match &*kind {
            "end" => Ok(Self::End(Box::new(serde_json::from_slice(line).map_err(wrong)?))),
            "cut" => serde_json::from_slice(line).map(|Cut { why }| Self::Cut(why)).map_err(wrong),
            kind => {
                if let Some(simple) = Simple::read(kind, line) {
                    return Ok(Self::Simple(Box::new(simple.map_err(wrong)?)));
                }
                let entry = Entry::read(kind, line)
                    .ok_or_else(|| format!("no line of a history is of the kind {kind:?}"))?;
                Ok(Self::Entry(Box::new(entry.map_err(wrong)?)))
            }
        }
    }
}
