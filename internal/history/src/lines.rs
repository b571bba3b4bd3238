//! The lines of one file, one after the other: compressed or not, whole or torn.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use model::Timestamp;

use crate::error::{HistoryError, Wrong};
use crate::header::Header;
use crate::line::Line;

/// The longest line: a report of a very large run.
const LINE_MAX: u64 = 64 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 17;
/// How a compressed file begins.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// The lines of one history.
pub struct Lines {
    file: String,
    input: Box<dyn BufRead>,
    number: u64,
    line: Vec<u8>,
    /// The next line, if it was read already.
    ahead: Option<Line>,
    over: bool,
}

impl Lines {
    /// Opens a file and reads its first line.
    ///
    /// # Errors
    ///
    /// [`HistoryError`] if it is not there, or no history.
    pub fn open(path: &Path) -> Result<(Header, Self), HistoryError> {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => Self::begin(name, file),
            Err(error) => {
                Err(HistoryError { file: name, line: 0, wrong: Wrong::Unreadable(error) })
            }
        }
    }

    /// The same for whatever else can be read; `name` is what errors call it.
    ///
    /// # Errors
    ///
    /// [`HistoryError`] if it is no history.
    pub fn begin(name: String, input: impl Read + 'static) -> Result<(Header, Self), HistoryError> {
        let mut raw = BufReader::with_capacity(BUFFER, input);
        let gzip = raw.fill_buf().is_ok_and(|bytes| bytes.starts_with(GZIP));
        let input: Box<dyn BufRead> = match gzip {
            true => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        let mut lines =
            Self { file: name, input, number: 0, line: Vec::new(), ahead: None, over: false };
        match lines.advance() {
            Ok(true) => {}
            Ok(false) => return Err(lines.wrong(0, Wrong::Empty)),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(lines.wrong(0, Wrong::Empty));
            }
            Err(error) => return Err(lines.wrong(0, Wrong::Unreadable(error))),
        }
        let mut header = Header::parse(&lines.line).map_err(|wrong| lines.wrong(1, wrong))?;
        if header.started_at == Timestamp::default() {
            // It does not say when it began: with its first line.
            lines.ahead = lines.read()?;
            if let Some(Line::Simple(first)) = &lines.ahead {
                header.started_at = first.at();
            }
        }
        Ok((header, lines))
    }

    /// The next line; `None` if the file ends. What was being written when its program was killed
    /// ends it, too, and so does [`Line::End`] or [`Line::Cut`].
    ///
    /// # Errors
    ///
    /// [`HistoryError`] names the line and says what is wrong with it.
    pub fn read(&mut self) -> Result<Option<Line>, HistoryError> {
        if let Some(line) = self.ahead.take() {
            return Ok(Some(line));
        }
        loop {
            match self.advance() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(self.here(Wrong::Unreadable(error))),
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        if self.over {
            let wrong = Wrong::Damaged("something comes after the end".into());
            return Err(self.here(wrong));
        }
        match Line::parse(&self.line) {
            Ok(line) => {
                self.over = matches!(line, Line::End(_) | Line::Cut(_));
                Ok(Some(line))
            }
            // It was never finished.
            Err(_) if self.line.last() != Some(&b'\n') => Ok(None),
            Err(why) => Err(self.here(Wrong::Damaged(why))),
        }
    }

    /// Takes in the next line; says whether there was one.
    fn advance(&mut self) -> io::Result<bool> {
        self.line.clear();
        self.number += 1;
        let mut limited = (&mut self.input).take(LINE_MAX);
        let read = limited.read_until(b'\n', &mut self.line)?;
        if read as u64 == LINE_MAX && self.line.last() != Some(&b'\n') {
            let why = format!("a line is longer than {LINE_MAX} bytes");
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        Ok(read > 0)
    }

    /// What is wrong with the line that was read last.
    pub(crate) fn here(&self, wrong: Wrong) -> HistoryError {
        self.wrong(self.number, wrong)
    }

    fn wrong(&self, line: u64, wrong: Wrong) -> HistoryError {
        HistoryError { file: self.file.clone(), line, wrong }
    }
}
