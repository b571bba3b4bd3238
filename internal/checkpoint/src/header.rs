//! The first line of a checkpoint: what it is, and whose.

use std::path::PathBuf;

use coordinator::{Cause, RunState};
use model::{Seed, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::Refusal;

/// The version of the format; another one is refused.
pub const VERSION: u32 = 3;

/// What stands at the beginning of every checkpoint.
const FORMAT: &str = "parti-simulation checkpoint";

/// Tells configurations apart: the CRC-32 of their text.
pub fn configuration_hash(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes())
}

/// The first line of a checkpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// What the file is.
    pub(crate) format: String,
    /// The version of the format.
    pub version: u32,
    /// When the state was taken.
    pub at: Timestamp,
    /// Why.
    pub cause: Cause,
    /// The seed of the run.
    pub seed: Seed,
    /// The commit that the program was built from.
    pub commit: String,
    /// CRC-32 of the effective configuration, as eight digits.
    pub configuration: String,
    /// How long the run had lasted.
    pub elapsed_seconds: f64,
    /// Where its report, its events and its server are.
    pub run_directory: PathBuf,
    /// Bytes of the compressed state.
    pub body_bytes: u64,
    /// Bytes of the state before it was compressed.
    pub raw_bytes: u64,
}

/// Whose state it is.
pub(crate) struct Whose<'a> {
    pub seed: Seed,
    pub commit: &'a str,
    pub configuration: &'a str,
    pub run_directory: &'a std::path::Path,
}

/// Only the parts of a header that every version has.
#[derive(Deserialize)]
struct Any {
    format: Option<String>,
    version: Option<u64>,
}

/// What a run demands of the checkpoint that it goes on from.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The seed, if one was asked for.
    pub seed: Option<Seed>,
    /// The effective configuration, secrets left out.
    pub configuration: Option<String>,
}

impl Header {
    pub(crate) fn new(whose: &Whose<'_>, state: &RunState, body: u64, raw: u64) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            at: state.at,
            cause: state.cause,
            seed: whose.seed,
            commit: whose.commit.into(),
            configuration: format!("{:08x}", configuration_hash(whose.configuration)),
            elapsed_seconds: state.progress.elapsed.as_secs_f64(),
            run_directory: whose.run_directory.into(),
            body_bytes: body,
            raw_bytes: raw,
        }
    }

    /// Reads the first line. Its version is looked at before anything else.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Refusal> {
        let any: Any = serde_json::from_slice(line).map_err(|_| Refusal::Foreign)?;
        match (any.format, any.version) {
            // The first version did not say what it was.
            (None, Some(version @ 1)) => return Err(Refusal::Version(version)),
            (Some(format), Some(version)) if format == FORMAT => {
                if version != u64::from(VERSION) {
                    return Err(Refusal::Version(version));
                }
            }
            _ => return Err(Refusal::Foreign),
        }
        serde_json::from_slice(line).map_err(|error| Refusal::Damaged(error.to_string()))
    }

    pub(crate) fn check_seed(&self, expected: &Expected) -> Result<(), Refusal> {
        match expected.seed {
            Some(asked) if asked != self.seed => {
                Err(Refusal::OtherSeed { found: self.seed, asked })
            }
            _ => Ok(()),
        }
    }
}
