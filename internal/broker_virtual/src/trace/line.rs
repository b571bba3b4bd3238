//! A happening in words: one line, for people, and for a comparison with another run's.

use std::fmt;

use broker::{Append, AppendError, Refusal, Seq};

use crate::observe::Happening;

/// A happening as a line of the trace: a payload is told by its size and its checksum.
pub(super) struct Line<'a>(pub(super) &'a Happening<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Happening::Connected(nth) => write!(f, "connected {nth}"),
            Happening::Network(network) => write!(f, "network {network:?}"),
            Happening::Up(up) => f.write_str(if *up { "broker started" } else { "broker stopped" }),
            Happening::Stalled => f.write_str("broker stalled"),
            Happening::Appended { append, outcome } => {
                write!(f, "append {}", Record(append))?;
                match outcome {
                    Ok(Seq(seq)) => write!(f, " stored {seq}"),
                    Err(AppendError::Refused(Refusal::Expectation(expect)))
                        if Some(expect) == append.expect.as_ref() =>
                    {
                        f.write_str(" refused")
                    }
                    Err(AppendError::Refused(Refusal::Duplicate(Seq(seq)))) => {
                        write!(f, " is {seq} already")
                    }
                    Err(error) => write!(f, " {error}"),
                }
            }
            Happening::Unheard { append, stored } => {
                let what = if *stored { "stored" } else { "not stored" };
                write!(f, "unheard {} {what}", Record(append))
            }
            Happening::Lost { append } => write!(f, "lost {}", Record(append)),
            Happening::Reads { stream, filters, start } => {
                write!(f, "reads {stream} {start:?}")?;
                filters.iter().try_for_each(|filter| write!(f, " {filter}"))
            }
            Happening::Trimmed { stream, subject, below } => {
                write!(f, "trimmed {stream} {subject} below {}", below.0)
            }
        }
    }
}

struct Record<'a>(&'a Append);

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Append { stream, subject, payload, expect, id } = self.0;
        write!(f, "{stream} {subject} {}B#{:08x}", payload.len(), crc32fast::hash(payload))?;
        if let Some(expect) = expect {
            write!(f, " if {} is {}", expect.subject, expect.seq.0)?;
        }
        match id {
            Some(id) => write!(f, " as {id}"),
            None => Ok(()),
        }
    }
}
