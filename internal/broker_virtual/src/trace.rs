//! The trace of a run as one number, and line by line if somebody wants to compare two.

use std::fmt::{self, Debug};
use std::hash::Hasher;
use std::io::Write;

use broker::{Append, AppendError, Seq, Start};
use model::Timestamp;
use siphasher::sip::SipHasher13;

use crate::observe::{Happening, Observer};

/// Hashes what happens, and writes it down if it is told where.
pub struct Trace {
    hasher: SipHasher13,
    count: u64,
    lines: Option<Box<dyn Write + Send>>,
}

impl Trace {
    /// A trace that is hashed, and written to `lines`, too.
    pub fn new(lines: Option<Box<dyn Write + Send>>) -> Self {
        Self { hasher: SipHasher13::new(), count: 0, lines }
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
        self.lines.as_mut().map_or(Ok(()), |lines| lines.flush())
    }

    fn text(&mut self, text: &str) {
        self.hasher.write(text.as_bytes());
        self.hasher.write_u8(0xff);
    }

    fn append(&mut self, append: &Append) {
        self.text(append.subject.as_str());
        self.hasher.write(&append.payload);
        self.hasher.write_u64(append.expect.as_ref().map_or(0, |expect| expect.seq.0 + 1));
    }

    fn take(&mut self, happening: &Happening<'_>) {
        match happening {
            Happening::Connected(nth) => self.hasher.write_u64(*nth),
            Happening::Network(network) => self.text(&network.to_string()),
            Happening::Up(up) => self.hasher.write_u8(u8::from(*up)),
            Happening::Stalled => self.hasher.write_u8(2),
            Happening::Appended { append, outcome } => {
                self.append(append);
                self.hasher.write_u64(outcome.as_ref().map_or(0, |seq| seq.0));
            }
            Happening::Unheard { append, stored } => {
                self.append(append);
                self.hasher.write_u8(u8::from(*stored));
            }
            Happening::Lost { append } => self.append(append),
            Happening::Reads { stream, filters, start } => {
                self.text(stream.as_str());
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

impl Observer for Trace {
    fn observe(&mut self, at: Timestamp, client: &str, happening: &Happening<'_>) {
        self.count += 1;
        self.hasher.write_i64(at.0);
        self.text(client);
        self.take(happening);
        if let Some(lines) = &mut self.lines {
            let number = self.count;
            // What cannot be written is missed when it is flushed; a run is not stopped for it.
            let _ = writeln!(lines, "{number} {} {client} {}", at.0, Line(happening));
        }
    }
}

impl Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("count", &self.count).finish_non_exhaustive()
    }
}

/// A happening as a line of the trace: a payload is told by its size and its checksum.
struct Line<'a>(&'a Happening<'a>);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Happening::Connected(nth) => write!(f, "connected {nth}"),
            Happening::Network(network) => write!(f, "network {network}"),
            Happening::Up(up) => f.write_str(if *up { "broker started" } else { "broker stopped" }),
            Happening::Stalled => f.write_str("broker stalled"),
            Happening::Appended { append, outcome } => {
                write!(f, "append {}", Record(append))?;
                match outcome {
                    Ok(Seq(seq)) => write!(f, " stored {seq}"),
                    Err(AppendError::Refused(_)) => f.write_str(" refused"),
                    Err(error) => write!(f, " {error}"),
                }
            }
            Happening::Unheard { append, stored } => {
                let what = if *stored { "stored" } else { "refused" };
                write!(f, "unheard {} {what}", Record(append))
            }
            Happening::Lost { append } => write!(f, "lost {}", Record(append)),
            Happening::Reads { stream, filters, start } => {
                let filters: Vec<_> =
                    filters.iter().take(3).map(|filter| filter.as_str()).collect();
                write!(f, "reads {stream} {} {start:?}", filters.join(","))
            }
            Happening::Trimmed { stream, subject, below } => {
                write!(f, "trimmed {stream} {subject} {}", below.0)
            }
        }
    }
}

struct Record<'a>(&'a Append);

impl fmt::Display for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Append { subject, payload, expect, .. } = self.0;
        write!(f, "{subject} {}B#{:08x}", payload.len(), crc32fast::hash(payload))?;
        match expect {
            Some(expect) => write!(f, " if {} is {}", expect.subject, expect.seq.0),
            None => Ok(()),
        }
    }
}
