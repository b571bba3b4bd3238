//! The files of one run: one for each time that it was started. A run that goes on from a checkpoint
//! repeats what its judge had been told since, so a file counts only up to where a later one begins.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::{HistoryError, Wrong};
use crate::header::Header;
use crate::lines::Lines;

/// The files of one run, in order.
pub struct Series {
    parts: Vec<Part>,
}

/// One file of them.
pub(crate) struct Part {
    pub header: Header,
    pub lines: Lines,
    /// How much of it counts.
    pub count: u64,
}

/// The file of the `life`th start of a run, the first one being 1.
fn name(life: u32) -> String {
    match life {
        1 => "history.jsonl.gz".into(),
        life => format!("history-{life}.jsonl.gz"),
    }
}

/// The files in the directory of a run.
fn files(dir: &Path) -> Vec<PathBuf> {
    (1..).map(|life| dir.join(name(life))).take_while(|path| path.exists()).collect()
}

/// The file for the next start of the run in `dir`.
pub fn next_in(dir: &Path) -> PathBuf {
    let life = u32::try_from(files(dir).len()).unwrap_or(u32::MAX - 1) + 1;
    dir.join(name(life))
}

/// How large the files in the directory of a run are, all together.
pub fn bytes_in(dir: &Path) -> u64 {
    let sizes = files(dir).into_iter().filter_map(|path| path.metadata().ok());
    sizes.map(|file| file.len()).sum()
}

/// Removes the files in the directory of a run: another one begins there.
///
/// # Errors
///
/// [`io::Error`] if one cannot be removed.
pub fn forget_in(dir: &Path) -> io::Result<()> {
    files(dir).into_iter().try_for_each(fs::remove_file)
}

impl Series {
    /// The history in the directory of a run, or in one file.
    ///
    /// # Errors
    ///
    /// [`HistoryError`] if there is none, or if it is none.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let files = if path.is_dir() { files(path) } else { vec![path.to_owned()] };
        let mut opened = Vec::new();
        for (index, file) in files.iter().enumerate() {
            match Lines::open(file) {
                Ok(part) => opened.push(part),
                // It was killed as soon as it was started again.
                Err(HistoryError { wrong: Wrong::Empty, .. }) if index > 0 => {}
                Err(error) => return Err(error),
            }
        }
        if opened.is_empty() {
            let file = path.display().to_string();
            return Err(HistoryError { file, line: 0, wrong: Wrong::Missing });
        }
        Ok(Self::of(opened))
    }

    /// A history that comes from elsewhere; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`HistoryError`] if it is none.
    pub fn read(name: String, input: impl Read + 'static) -> Result<Self, HistoryError> {
        Ok(Self::of(vec![Lines::begin(name, input)?]))
    }

    fn of(opened: Vec<(Header, Lines)>) -> Self {
        let mut next = u64::MAX;
        let mut parts: Vec<Part> = Vec::new();
        for (header, lines) in opened.into_iter().rev() {
            let count = next.saturating_sub(header.after);
            next = next.min(header.after);
            // Otherwise a later part repeats all of it.
            if count > 0 {
                parts.push(Part { header, lines, count });
            }
        }
        parts.reverse();
        Self { parts }
    }

    pub(crate) fn parts(self) -> Vec<Part> {
        self.parts
    }
}
