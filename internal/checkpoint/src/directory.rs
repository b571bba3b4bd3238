//! The checkpoints in one directory: written whole or not at all, counted, the oldest removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use coordinator::RunState;

use crate::error::{CheckpointError, Refusal, io_error};
use crate::file::{Checkpoint, encode};
use crate::header::{Expected, Header, Whose};

const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".ckpt";
/// What is being written.
const BESIDE: &str = ".tmp";

/// The checkpoints in one directory.
#[derive(Clone, Debug)]
pub struct Checkpoints {
    dir: PathBuf,
    keep: usize,
}

impl Checkpoints {
    /// In `dir`, which is made if it is not there; the newest `keep` files stay.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] if nothing can be written there.
    pub fn open(dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        let probe = dir.join(format!("{PREFIX}probe{BESIDE}"));
        File::create(&probe).map_err(io_error(dir))?;
        for begun in named(dir, BESIDE).map_err(io_error(dir))? {
            // Begun by a program that was stopped meanwhile.
            fs::remove_file(&begun).map_err(io_error(&begun))?;
        }
        Ok(Self { dir: dir.to_owned(), keep: keep.max(1) })
    }

    /// Writes a checkpoint. Blocks for as long as the disk takes.
    pub(crate) fn save(
        &self,
        whose: &Whose<'_>,
        state: &RunState,
    ) -> Result<(PathBuf, u64), CheckpointError> {
        let name = format!("{PREFIX}{:020}", state.at.0.max(0));
        let (path, beside) = (self.dir.join(name.clone() + SUFFIX), self.dir.join(name + BESIDE));
        let bytes = encode(whose, state).map_err(|error| CheckpointError::Unspeakable {
            path: path.clone(),
            why: error.to_string(),
        })?;
        write_whole(&beside, &path, &bytes).map_err(|error| {
            // What was begun is of no use; what cannot be removed either is removed at the next start.
            let _ = fs::remove_file(&beside);
            CheckpointError::Io { path: path.clone(), error }
        })?;
        // It is written: an old one that cannot be removed is no failure of this one.
        for old in self.list()?.iter().rev().skip(self.keep) {
            let _ = fs::remove_file(old);
        }
        Ok((path, bytes.len() as u64))
    }

    /// The checkpoints, oldest first.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] if the directory cannot be read.
    pub fn list(&self) -> Result<Vec<PathBuf>, CheckpointError> {
        named(&self.dir, SUFFIX).map_err(io_error(&self.dir))
    }

    /// Reads the newest checkpoint in `dir`.
    ///
    /// # Errors
    ///
    /// As [`Checkpoints::load`]; [`CheckpointError::None`] if there is none.
    pub fn newest(
        dir: &Path,
        expected: &Expected,
    ) -> Result<(PathBuf, Checkpoint), CheckpointError> {
        let newest = newest_in(dir)?;
        let checkpoint = Self::load(&newest, expected)?;
        Ok((newest, checkpoint))
    }

    /// The first line of the newest checkpoint in `dir`, to know whose it is.
    ///
    /// # Errors
    ///
    /// As [`Checkpoints::load`]; [`CheckpointError::None`] if there is none.
    pub fn newest_header(dir: &Path) -> Result<(PathBuf, Header), CheckpointError> {
        let newest = newest_in(dir)?;
        let header = Self::load(&newest, &Expected::default())?.header;
        Ok((newest, header))
    }

    /// Reads a checkpoint that a run which expects this may go on from.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Refused`] says what is wrong with it, and names the next older good one.
    pub fn load(path: &Path, expected: &Expected) -> Result<Checkpoint, CheckpointError> {
        read(path, expected).map_err(|why| CheckpointError::Refused {
            path: path.to_owned(),
            why,
            older: older(path, expected),
        })
    }
}

fn read(path: &Path, expected: &Expected) -> Result<Checkpoint, Refusal> {
    Checkpoint::decode(&fs::read(path).map_err(Refusal::Unreadable)?, expected)
}

fn newest_in(dir: &Path) -> Result<PathBuf, CheckpointError> {
    let files = match named(dir, SUFFIX) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        files => files.map_err(io_error(dir))?,
    };
    files.into_iter().next_back().ok_or_else(|| CheckpointError::None(dir.to_owned()))
}

/// The newest good checkpoint in the same directory, older than `path` if its name tells its age.
fn older(path: &Path, expected: &Expected) -> Option<PathBuf> {
    let files = named(path.parent()?, SUFFIX).ok()?;
    let dated = files.iter().any(|file| file.file_name() == path.file_name());
    let before = |file: &&PathBuf| !dated || file.file_name() < path.file_name();
    files.iter().rev().filter(before).find(|file| read(file, expected).is_ok()).cloned()
}

/// The files of ours that end in `suffix`, oldest first.
fn named(dir: &Path, suffix: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    // The empty path is this directory.
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(suffix) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn write_whole(beside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    // The rename is on the disk once its directory is.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}
