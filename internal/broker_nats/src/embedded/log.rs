//! The server's log: kept over restarts, quoted when a start fails.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::{EmbeddedError, failed};

/// How many lines an error quotes.
const QUOTED_LINES: usize = 12;
/// How much of a log is looked at for them.
const LOOKED_AT: u64 = 64 << 10;

/// The log file, and where this run's part of it begins.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    /// Opens the log in `dir`.
    pub(super) fn open(dir: &Path) -> Result<Self, EmbeddedError> {
        let path = dir.join("nats-server.log");
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        opened.map_err(failed("open the log", &path))?;
        let path = path.canonicalize().map_err(failed("find the log", &path))?;
        let begin = fs::metadata(&path).map_err(failed("open the log", &path))?.len();
        Ok(Self { path, begin })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The error for a start that failed.
    pub(super) fn explain(&self, why: String, port: Option<u16>) -> EmbeddedError {
        let text = self.end().unwrap_or_default();
        match port {
            Some(port) if text.contains("address already in use") => {
                EmbeddedError::PortTaken { port }
            }
            _ => EmbeddedError::NotReady { why, log: self.path.clone(), tail: last_lines(&text) },
        }
    }

    fn end(&self) -> std::io::Result<String> {
        let mut file = File::open(&self.path)?;
        let from = self.begin.max(file.metadata()?.len().saturating_sub(LOOKED_AT));
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    let from = lines.len().saturating_sub(QUOTED_LINES);
    lines[from..].join("\n")
}
