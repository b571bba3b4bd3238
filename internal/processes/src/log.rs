//! The file that a process logs to: kept over restarts, quoted when a start fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// How many lines an error quotes.
const QUOTED_LINES: usize = 12;
/// How much of a log is looked at for them.
const LOOKED_AT: u64 = 64 << 10;

/// A log file, and where the part of one life of a process begins.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    /// Opens the log at `path`, or makes it; what is in it is kept, and belongs to earlier lives.
    ///
    /// # Errors
    ///
    /// As of opening a file to append to it.
    pub fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path)?;
        let path = path.canonicalize()?;
        let begin = fs::metadata(&path)?.len();
        Ok(Self { path, begin })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The end of this life's part, some thousand lines; empty if it cannot be read.
    pub fn text(&self) -> String {
        self.read_end().unwrap_or_default()
    }

    /// The end of this life's part: a few lines, to be shown.
    pub fn tail(&self) -> String {
        let text = self.text();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
    }

    fn read_end(&self) -> io::Result<String> {
        let mut file = File::open(&self.path)?;
        let from = self.begin.max(file.metadata()?.len().saturating_sub(LOOKED_AT));
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(LOOKED_AT).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    pub(crate) fn open_to_append(&self) -> io::Result<File> {
        OpenOptions::new().append(true).open(&self.path)
    }

    /// Looks for `text` in what this life writes.
    pub(crate) fn seek(&self, text: &str) -> io::Result<Seeker> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.begin))?;
        Ok(Seeker { file, text: text.as_bytes().to_vec(), seen: Vec::new() })
    }
}

/// Follows a growing file until a text stands there.
#[derive(Debug)]
pub(crate) struct Seeker {
    file: File,
    text: Vec<u8>,
    /// What was read and may still be the beginning of the text.
    seen: Vec<u8>,
}

impl Seeker {
    /// Whether the text is there by now.
    pub(crate) fn found(&mut self) -> io::Result<bool> {
        if self.text.is_empty() {
            return Ok(true);
        }
        loop {
            if (&mut self.file).take(LOOKED_AT).read_to_end(&mut self.seen)? == 0 {
                return Ok(false);
            }
            if self.seen.windows(self.text.len()).any(|window| window == self.text) {
                return Ok(true);
            }
            let kept = self.seen.len().saturating_sub(self.text.len() - 1);
            self.seen.drain(..kept);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_text_is_found_in_pieces_but_not_in_earlier_lives() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("log");
        fs::write(&path, "it is ready\n").expect("a file");
        let log = Log::open(&path).expect("a log");
        let mut file = log.open_to_append().expect("the file");
        let mut seeker = log.seek("is ready").expect("the file");
        assert!(!seeker.found().expect("it is read"));
        for (piece, found) in [("it is", false), (" re", false), ("ady", true)] {
            file.write_all(piece.as_bytes()).expect("it is written");
            assert_eq!(seeker.found().expect("it is read"), found, "{piece}");
        }
        assert_eq!(log.tail(), "it is ready");
    }

    #[test]
    fn the_tail_is_a_few_lines() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = Log::open(&dir.path().join("log")).expect("a log");
        let mut file = log.open_to_append().expect("the file");
        for n in 0..30_000 {
            writeln!(file, "{n}").expect("it is written");
        }
        let tail = log.tail();
        assert_eq!(tail.lines().count(), QUOTED_LINES);
        assert!(tail.ends_with("29999"));
    }
}
