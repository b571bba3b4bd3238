//! One checkpoint as bytes: header, compressed state, checksum.
//!
//! The state is JSON under gzip: it describes itself (the records in it are tagged and untagged
//! unions), and a person can read it. At the fastest level it is a tenth of its size.

use std::io::{self, Read, Write};

use coordinator::RunState;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::difference::difference;
use crate::error::Refusal;
use crate::header::{Expected, Header, Whose, configuration_hash};

/// The last line: eight digits and an end of line.
const SUM_BYTES: usize = 9;

/// A checkpoint that was read, and may be gone on from.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Its first line.
    pub header: Header,
    /// The effective configuration of the run, secrets left out.
    pub configuration: String,
    /// Where the run stood.
    pub state: RunState,
}

#[derive(Serialize)]
struct Written<'a> {
    configuration: &'a str,
    state: &'a RunState,
}

#[derive(Deserialize)]
struct Body {
    configuration: String,
    state: RunState,
}

/// Counts what goes through.
struct Counted<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.to.write(buffer)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The bytes of a checkpoint.
pub(crate) fn encode(whose: &Whose<'_>, state: &RunState) -> Result<Vec<u8>, serde_json::Error> {
    let gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let mut raw = Counted { to: io::BufWriter::with_capacity(1 << 16, gzip), bytes: 0 };
    serde_json::to_writer(&mut raw, &Written { configuration: whose.configuration, state })?;
    let gzip = raw.to.into_inner().map_err(|error| serde_json::Error::io(error.into_error()))?;
    let body = gzip.finish().map_err(serde_json::Error::io)?;
    let header = Header::new(whose, state, body.len() as u64, raw.bytes);
    let mut bytes = serde_json::to_vec(&header)?;
    bytes.push(b'\n');
    bytes.extend(body);
    let sum = crc32fast::hash(&bytes);
    bytes.extend(format!("{sum:08x}\n").into_bytes());
    Ok(bytes)
}

impl Checkpoint {
    /// Reads the bytes of a checkpoint, if a run that expects this may go on from it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says what is wrong with it.
    pub fn decode(bytes: &[u8], expected: &Expected) -> Result<Self, Refusal> {
        let damaged = |why: &str| Refusal::Damaged(why.to_owned());
        if bytes.is_empty() {
            return Err(damaged("it is empty"));
        }
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let header = Header::parse(line)?;
        let whole = header.body_bytes.saturating_add((line.len() + 1 + SUM_BYTES) as u64);
        if whole != bytes.len() as u64 {
            let why = format!("it has {} bytes and should have {whole}", bytes.len());
            return Err(Refusal::Damaged(why));
        }
        let (content, sum) = bytes.split_at(bytes.len() - SUM_BYTES);
        if format!("{:08x}\n", crc32fast::hash(content)).as_bytes() != sum {
            return Err(damaged("its checksum is wrong"));
        }
        header.check_seed(expected)?;
        let mut raw = Vec::new();
        let body = GzDecoder::new(&content[line.len() + 1..]);
        body.take(header.raw_bytes)
            .read_to_end(&mut raw)
            .map_err(|error| Refusal::Damaged(error.to_string()))?;
        let body: Body =
            serde_json::from_slice(&raw).map_err(|error| Refusal::Damaged(error.to_string()))?;
        if let Some(own) = &expected.configuration
            && header.configuration != format!("{:08x}", configuration_hash(own))
        {
            return Err(Refusal::OtherConfiguration(difference(&body.configuration, own)));
        }
        Ok(Self { header, configuration: body.configuration, state: body.state })
    }
}
