//! Why a history cannot be judged.

use std::io;

use crate::header::VERSION;

/// What is wrong with a history, and where.
#[derive(Debug, thiserror::Error)]
#[error("history {file}{}: {wrong}", place(*.line))]
pub struct HistoryError {
    /// The file.
    pub file: String,
    /// The line, counted from 1; 0 if it is about the whole file.
    pub line: u64,
    /// What is wrong.
    pub wrong: Wrong,
}

/// What is wrong with a history.
#[derive(Debug, thiserror::Error)]
pub enum Wrong {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// Nothing is in it.
    #[error("it is empty")]
    Empty,
    /// There is none.
    #[error(
        "there is none: the run was made with coordinator.history: false, or did not begin; name \
         the directory of a run, or a file"
    )]
    Missing,
    /// Somebody else's file.
    #[error(
        "it is no history: its first line must be {{\"kind\":\"history\",\"version\":{VERSION},\
         \"partitions\":…}}"
    )]
    Foreign,
    /// Another version of the format.
    #[error("it is of version {0}, and this program reads version {VERSION}")]
    Version(u64),
    /// Something in it cannot be.
    #[error("{0}")]
    Damaged(String),
}

fn place(line: u64) -> String {
    if line == 0 { String::new() } else { format!(", line {line}") }
}
