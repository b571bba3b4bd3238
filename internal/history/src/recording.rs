//! Writing a history while the run goes on.
//!
//! The run's task only turns what the judge is told into lines; a thread compresses and writes them.
//! A disk that fails, is too slow or too small costs the history, never the run, and a history that
//! was left ends with a line that says why, if it still can be written.

use std::fs::File;
use std::io::{self, Write};
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use coordinator::{End, Entry, Recorder, RunInfo};
use flate2::Compression;
use flate2::write::GzEncoder;
use model::json::Pieces;

use crate::header::Header;
use crate::line::{Ending, cut};

/// Bytes of lines that are handed to the thread at once.
const CHUNK: usize = 32 << 10;
/// Chunks that wait for it: 64 MiB.
const WAITING_MAX: usize = 2_048;
/// How long the rest may take when the run is over.
const WRITING_MAX: Duration = Duration::from_secs(10);

/// What happens when the disk is slower than the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// The run goes on, and the history ends there.
    Real,
    /// The run waits: its time stands still meanwhile.
    Virtual,
}

/// Writes the history of a run.
#[derive(Debug)]
pub struct Recording {
    pace: Pace,
    lines: Vec<u8>,
    chunks: Option<SyncSender<Vec<u8>>>,
    /// Nothing more is written.
    over: Arc<AtomicBool>,
    /// Ends when everything is written. Only a lock makes it something that can be shared.
    done: Mutex<Receiver<()>>,
}

impl Recording {
    /// Begins a history of at most `max` compressed bytes.
    ///
    /// # Errors
    ///
    /// [`io::Error`] if the file cannot be written.
    pub fn create(path: &Path, header: &Header, max: u64, pace: Pace) -> io::Result<Self> {
        let file = Counted { to: File::create(path)?, bytes: 0 };
        let over = Arc::new(AtomicBool::new(false));
        let (chunks, waiting) = sync_channel(WAITING_MAX);
        let (working, done) = channel::<()>();
        let gzip = GzEncoder::new(file, Compression::fast());
        let mut writer = Writer { path: path.to_owned(), gzip, max, over: over.clone() };
        let mut first = serde_json::to_vec(header)?;
        first.push(b'\n');
        // A disk that takes nothing at all should be known at the beginning.
        writer.write(&first)?;
        std::thread::spawn(move || {
            writer.run(&waiting);
            drop(working);
        });
        Ok(Self {
            pace,
            lines: Vec::with_capacity(CHUNK),
            chunks: Some(chunks),
            over,
            done: Mutex::new(done),
        })
    }

    fn hand_over(&mut self) {
        let Some(chunks) = self.chunks.as_ref().filter(|_| !self.lines.is_empty()) else { return };
        let chunk = mem::replace(&mut self.lines, Vec::with_capacity(CHUNK));
        let kept_up = match self.pace {
            Pace::Virtual => chunks.send(chunk).is_ok(),
            Pace::Real => !matches!(chunks.try_send(chunk), Err(TrySendError::Full(_))),
        };
        if !kept_up {
            tracing::error!("the disk is too slow for the history of the run: it ends here");
            self.over.store(true, Ordering::Relaxed);
            self.chunks = None;
        }
    }

    fn push(&mut self, line: &[u8]) {
        self.lines.extend_from_slice(line);
        if self.lines.len() >= CHUNK {
            self.hand_over();
        }
    }
}

impl Recorder for Recording {
    fn record(&mut self, told: &Entry) {
        if self.over.load(Ordering::Relaxed) {
            return;
        }
        let begun = self.lines.len();
        if let Err(error) = told.write(&mut Pieces(&mut self.lines)) {
            tracing::error!(%error, ?told, "this cannot be written down: the history ends here");
            self.lines.truncate(begun);
            self.over.store(true, Ordering::Relaxed);
            return;
        }
        self.push(b"\n");
    }

    fn flush(&mut self) {
        // A run in virtual time cannot go on where it was stopped; small pieces compress badly.
        if self.pace == Pace::Real {
            self.hand_over();
        }
    }

    fn end(&mut self, end: &End, run: &RunInfo) {
        if !self.over.load(Ordering::Relaxed) {
            self.push(&Ending::new(end, run).line());
        }
        self.close();
    }
}

impl Recording {
    /// Waits until everything is written. The disk may take its time, but not for ever.
    fn close(&mut self) {
        self.hand_over();
        if self.chunks.take().is_some() {
            let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
            let _ = done.recv_timeout(WRITING_MAX);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread writes to.
struct Writer {
    path: PathBuf,
    gzip: GzEncoder<Counted>,
    max: u64,
    over: Arc<AtomicBool>,
}

impl Writer {
    fn run(mut self, waiting: &Receiver<Vec<u8>>) {
        let mut ended = None;
        for chunk in waiting {
            if ended.is_some() {
                continue;
            }
            if let Err(error) = self.write(&chunk) {
                tracing::error!(path = %self.path.display(), %error,
                    "the history of the run cannot be written; the run goes on without");
                ended = Some("the disk failed".to_owned());
            } else if self.gzip.get_ref().bytes > self.max {
                let max = self.max;
                tracing::warn!(path = %self.path.display(), max, "the history of the run is full");
                ended = Some(format!("it was full: coordinator.history_max left {max} bytes"));
            }
            self.over.fetch_or(ended.is_some(), Ordering::Relaxed);
        }
        if ended.is_none() && self.over.load(Ordering::Relaxed) {
            ended = Some("the disk was too slow".to_owned());
        }
        if let Some(why) = ended {
            let _ = self.write(&cut(&why));
        }
        if let Err(error) = self.gzip.try_finish() {
            tracing::error!(path = %self.path.display(), %error, "the history has no end");
        }
    }

    /// Whatever was written so far can be read, even if the program is killed now.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.gzip.write_all(bytes)?;
        self.gzip.flush()
    }
}

/// Counts what reaches the disk.
struct Counted {
    to: File,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.to.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
