//! Checkpoints on disk: written whole or not at all, counted, and the oldest removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::snapshot::{Snapshot, VERSION};

const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".json";

/// Why a checkpoint was not written or not read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The disk said no.
    #[error("checkpoint {path}: {error}; is the directory writable, and is there room?")]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The file is not what was written.
    #[error("checkpoint {path} is damaged: {why}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file is of another version of the format.
    #[error("checkpoint {path} is of version {found}; this program reads version {VERSION}")]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
}

/// A checkpoint that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

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
    /// [`CheckpointError::Io`] if the directory cannot be made.
    pub fn open(dir: &Path, keep: usize) -> Result<Self, CheckpointError> {
        fs::create_dir_all(dir).map_err(io_error(dir))?;
        Ok(Self { dir: dir.to_owned(), keep: keep.max(1) })
    }

    /// Writes a checkpoint. Blocks for as long as the disk takes.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`]; the checkpoints before are untouched.
    pub fn save(&self, snapshot: &Snapshot) -> Result<Saved, CheckpointError> {
        let path = self.dir.join(format!("{PREFIX}{:020}{SUFFIX}", snapshot.at.0.max(0)));
        let json = serde_json::to_string(snapshot).map_err(|error| CheckpointError::Damaged {
            path: path.clone(),
            why: error.to_string(),
        })?;
        let text = format!("{json}\n{:08x}\n", crc32fast::hash(json.as_bytes()));
        let beside = path.with_extension("tmp");
        write_whole(&beside, &path, text.as_bytes()).map_err(|error| {
            // What was begun is of no use; what cannot be removed either is overwritten next time.
            let _ = fs::remove_file(&beside);
            CheckpointError::Io { path: path.clone(), error }
        })?;
        self.forget_old()?;
        Ok(Saved { path, bytes: text.len() as u64 })
    }

    /// The checkpoints, oldest first.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Io`] if the directory cannot be read.
    pub fn list(&self) -> Result<Vec<PathBuf>, CheckpointError> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(io_error(&self.dir))? {
            let path = entry.map_err(io_error(&self.dir))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with(PREFIX) && name.ends_with(SUFFIX) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    fn forget_old(&self) -> Result<(), CheckpointError> {
        let files = self.list()?;
        for old in files.iter().rev().skip(self.keep) {
            fs::remove_file(old).map_err(io_error(old))?;
        }
        Ok(())
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] says what is wrong with the file.
    pub fn load(path: &Path) -> Result<Snapshot, CheckpointError> {
        let text = fs::read_to_string(path).map_err(io_error(path))?;
        let damaged = |why: &str| CheckpointError::Damaged { path: path.into(), why: why.into() };
        let (json, sum) = text.trim_end().rsplit_once('\n').ok_or_else(|| damaged("cut short"))?;
        if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(json.as_bytes())) {
            return Err(damaged("its checksum is wrong"));
        }
        let value: serde_json::Value =
            serde_json::from_str(json).map_err(|error| damaged(&error.to_string()))?;
        match value.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(found) => return Err(CheckpointError::Version { path: path.into(), found }),
            None => return Err(damaged("it has no version")),
        }
        serde_json::from_value(value).map_err(|error| damaged(&error.to_string()))
    }
}

fn write_whole(beside: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = File::create(beside)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(beside, path)?;
    // The rename is on the disk once its directory is.
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> CheckpointError + '_ {
    move |error| CheckpointError::Io { path: path.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use coordinator::Progress;
    use model::{Seed, Timestamp};

    use super::*;

    fn snapshot(at: i64) -> Snapshot {
        Snapshot {
            version: VERSION,
            at: Timestamp(at),
            seed: Seed(1),
            commit: "abc".into(),
            config: 7,
            progress: Progress::default(),
        }
    }

    #[test]
    fn the_newest_ones_stay_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(dir.path(), 2).unwrap();
        for at in [1, 2, 30] {
            checkpoints.save(&snapshot(at)).unwrap();
        }
        let files = checkpoints.list().unwrap();
        let read: Vec<_> = files.iter().map(|file| Checkpoints::load(file).unwrap()).collect();
        assert_eq!(read, [snapshot(2), snapshot(30)]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside them");
    }

    #[test]
    fn damage_and_other_versions_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let checkpoints = Checkpoints::open(dir.path(), 1).unwrap();
        let path = checkpoints.save(&snapshot(1)).unwrap().path;
        let whole = fs::read_to_string(&path).unwrap();
        for damaged in [whole.replace("abc", "abd"), whole[..20].to_owned(), String::new()] {
            fs::write(&path, damaged).unwrap();
            let error = Checkpoints::load(&path).unwrap_err();
            assert!(matches!(error, CheckpointError::Damaged { .. }), "{error}");
        }
        let newer = whole.lines().next().unwrap().replace("\"version\":1", "\"version\":9");
        let sum = crc32fast::hash(newer.as_bytes());
        fs::write(&path, format!("{newer}\n{sum:08x}\n")).unwrap();
        let error = Checkpoints::load(&path).unwrap_err();
        assert!(matches!(error, CheckpointError::Version { found: 9, .. }), "{error}");
    }

    #[test]
    fn a_directory_that_cannot_be_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Checkpoints::open(&file, 1).unwrap_err();
        assert!(error.to_string().contains("writable"), "{error}");
    }
}
