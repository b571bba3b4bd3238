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
use twox_hash::XxHash3_64;

use self::line::Line;
use crate::observe::{Happening, Observer};

/// Hashes what happens, and writes it down if it is told where.
pub struct Trace {
    hasher: XxHash3_64,
    /// What is hashed of one thing that happened: in one go, since the hasher dislikes small pieces.
    piece: Piece,
    count: u64,
    lines: Option<Box<dyn Write + Send>>,
    /// Why a line could not be written.
    failed: Option<std::io::Error>,
}

impl Trace {
    /// A trace that is hashed, and written to `lines`, too.
    pub fn new(lines: Option<Box<dyn Write + Send>>) -> Self {
        Self { hasher: XxHash3_64::new(), piece: Piece::default(), count: 0, lines, failed: None }
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
}

/// What is hashed of one thing that happened.
#[derive(Default)]
struct Piece(Vec<u8>);

impl Piece {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn number(&mut self, number: u64) {
        self.bytes(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
        self.byte(0xff);
    }

    fn append(&mut self, append: &Append) {
        let Append { stream, subject, payload, expect, id } = append;
        self.text(stream.as_str());
        self.text(subject.as_str());
        self.number(payload.len() as u64);
        self.bytes(payload);
        self.byte(u8::from(expect.is_some()) | u8::from(id.is_some()) << 1);
        if let Some(expect) = expect {
            self.text(expect.subject.as_str());
            self.number(expect.seq.0);
        }
        if let Some(id) = id {
            self.text(id.as_str());
        }
    }

    fn outcome(&mut self, outcome: &Result<Seq, AppendError>) {
        match outcome {
            Ok(seq) => self.number(seq.0),
            Err(error) => {
                self.number(u64::MAX);
                self.text(&error.to_string());
            }
        }
    }

    fn take(&mut self, happening: &Happening<'_>) {
        self.byte(kind(happening));
        match happening {
            Happening::Connected(nth) => self.number(*nth),
            Happening::Network(network) => self.text(&format!("{network:?}")),
            Happening::Up(up) => self.byte(u8::from(*up)),
            Happening::Stalled => {}
            Happening::Appended { append, outcome } => {
                self.append(append);
                self.outcome(outcome);
            }
            Happening::Unheard { append, stored } => {
                self.append(append);
                self.byte(u8::from(*stored));
            }
            Happening::Lost { append } => self.append(append),
            Happening::Reads { stream, filters, start } => {
                self.text(stream.as_str());
                self.number(filters.len() as u64);
                filters.iter().for_each(|filter| self.text(filter.as_str()));
                self.number(match start {
                    Start::At(seq) => seq.0,
                    Start::LastPerSubject => u64::MAX,
                });
            }
            Happening::Trimmed { stream, subject, below } => {
                self.text(stream.as_str());
                self.text(subject.as_str());
                self.number(below.0);
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
        self.piece.0.clear();
        self.piece.bytes(&at.0.to_le_bytes());
        self.piece.text(client);
        self.piece.take(happening);
        self.hasher.write(&self.piece.0);
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
