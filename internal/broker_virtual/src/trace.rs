//! The trace of a run as one number, and line by line if somebody wants to compare two.
//!
//! The number covers whatever a line shows, and every byte of a payload: what changes the one changes
//! the other, so that two runs with different numbers have a first line that differs.

mod line;

use std::fmt::{self, Debug};
use std::hash::Hasher;
use std::io::Write;

use broker::{Append, AppendError, Seq, Start};
use model::Timestamp;
use siphasher::sip::SipHasher13;

use self::line::Line;
use crate::observe::{Happening, Observer};

/// Hashes what happens, and writes it down if it is told where.
pub struct Trace {
    hasher: SipHasher13,
    count: u64,
    lines: Option<Box<dyn Write + Send>>,
    /// Why a line could not be written.
    failed: Option<std::io::Error>,
}

impl Trace {
    /// A trace that is hashed, and written to `lines`, too.
    pub fn new(lines: Option<Box<dyn Write + Send>>) -> Self {
        Self { hasher: SipHasher13::new(), count: 0, lines, failed: None }
    }

    /// The hash of all that happened so far.
    pub fn hash(&self) -> u64 {
        self.hasher.finish()
    }

    /// How many things happened.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes what is still to be written.
    ///
    /// # Errors
    ///
    /// Why the lines cannot be written, now or before.
    pub fn flush(&mut self) -> std::io::Result<()> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.lines.as_mut().map_or(Ok(()), |lines| lines.flush()),
        }
    }

    /// A line after one that is missing would be taken for its successor, so there is none. The run
    /// goes on: whoever flushes is told.
    fn write(&mut self, line: fmt::Arguments<'_>) {
        let Some(lines) = &mut self.lines else { return };
        if self.failed.is_none() {
            self.failed = lines.write_fmt(line).err();
        }
    }

    fn text(&mut self, text: &str) {
        self.hasher.write(text.as_bytes());
        self.hasher.write_u8(0xff);
    }

    fn append(&mut self, append: &Append) {
        let Append { stream, subject, payload, expect } = append;
        self.text(stream.as_str());
        self.text(subject.as_str());
        self.hasher.write_u64(payload.len() as u64);
        self.hasher.write(payload);
        self.hasher.write_u8(u8::from(expect.is_some()));
        if let Some(expect) = expect {
            self.text(expect.subject.as_str());
            self.hasher.write_u64(expect.seq.0);
        }
    }

    fn outcome(&mut self, outcome: &Result<Seq, AppendError>) {
        match outcome {
            Ok(seq) => self.hasher.write_u64(seq.0),
            Err(error) => {
                self.hasher.write_u64(u64::MAX);
                self.text(&error.to_string());
            }
        }
    }

    fn take(&mut self, happening: &Happening<'_>) {
        self.hasher.write_u8(kind(happening));
        match happening {
            Happening::Connected(nth) => self.hasher.write_u64(*nth),
            Happening::Network(network) => self.text(&format!("{network:?}")),
            Happening::Up(up) => self.hasher.write_u8(u8::from(*up)),
            Happening::Stalled => {}
            Happening::Appended { append, outcome } => {
                self.append(append);
                self.outcome(outcome);
            }
            Happening::Unheard { append, stored } => {
                self.append(append);
                self.hasher.write_u8(u8::from(*stored));
            }
            Happening::Lost { append } => self.append(append),
            Happening::Reads { stream, filters, start } => {
                self.text(stream.as_str());
                self.hasher.write_u64(filters.len() as u64);
                filters.iter().for_each(|filter| self.text(filter.as_str()));
                self.hasher.write_u64(match start {
                    Start::At(seq) => seq.0,
                    Start::LastPerSubject => u64::MAX,
                });
            }
            Happening::Trimmed { stream, subject, below } => {
                self.text(stream.as_str());
                self.text(subject.as_str());
                self.hasher.write_u64(below.0);
            }
        }
    }
}

/// So that nothing is taken for something else with the same content.
fn kind(happening: &Happening<'_>) -> u8 {
    match happening {
        Happening::Connected(_) => 0,
        Happening::Network(_) => 1,
        Happening::Up(_) => 2,
        Happening::Stalled => 3,
        Happening::Appended { .. } => 4,
        Happening::Unheard { .. } => 5,
        Happening::Lost { .. } => 6,
        Happening::Reads { .. } => 7,
        Happening::Trimmed { .. } => 8,
    }
}

impl Observer for Trace {
    fn observe(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>) {
        self.count += 1;
        self.hasher.write_i64(at.0);
        self.text(client);
        self.take(happening);
        // The broker itself has no name.
        let client = if client.is_empty() { "-" } else { client };
        let number = self.count;
        self.write(format_args!("{number} {} {client} {}\n", at.0, Line(happening)));
    }
}

impl Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("count", &self.count).finish_non_exhaustive()
    }
}
