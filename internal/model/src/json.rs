//! JSON as it is kept and read by the million: without room to grow, and looked through for valid text
//! once, not string by string.

use std::cell::Cell;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
pub use serde_json::Error;

thread_local! {
    /// Where a value is written before its length is known.
    static DRAFT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Digits of a number that is read without looking whether it fits; longer ones are left to the parser.
const DIGITS_MAX: usize = 19;
/// Drafts up to this size stay for the next one.
const DRAFT_MAX: usize = 64 * 1024;

/// A value as JSON.
///
/// # Errors
///
/// If it has none: a map whose keys are no texts.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, Error> {
    compose(|pieces| pieces.value("", value).map(|_| ()))
}

/// A text that is put together piece by piece: what is written by the million, and has few shapes, takes a
/// serializer many small steps. Whoever puts it together answers for its being JSON.
#[derive(Debug)]
pub struct Pieces<'a>(pub &'a mut Vec<u8>);

impl Pieces<'_> {
    /// Text as it is, and a number behind it.
    pub fn number(&mut self, before: &str, number: impl itoa::Integer) -> &mut Self {
        self.text(before);
        self.0.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self
    }

    /// Text as it is.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    /// Text as it is, and a value behind it.
    ///
    /// # Errors
    ///
    /// If it has no JSON: a map whose keys are no texts.
    pub fn value<T: Serialize + ?Sized>(
        &mut self,
        before: &str,
        value: &T,
    ) -> Result<&mut Self, Error> {
        self.text(before);
        serde_json::to_writer(&mut *self.0, value)?;
        Ok(self)
    }

    /// Text as it is, and a string behind it.
    pub fn string(&mut self, before: &str, string: &str) -> &mut Self {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        // Without a way out, it looks at many bytes at once.
        if string.bytes().fold(true, |so_far, byte| so_far & is_plain(byte)) {
            return self.text(before).text("\"").text(string).text("\"");
        }
        self.value(before, string).expect("a string has JSON")
    }
}

/// A text that `write` puts together.
///
/// # Errors
///
/// That of `write`.
pub fn compose(write: impl FnOnce(&mut Pieces<'_>) -> Result<(), Error>) -> Result<Bytes, Error> {
    let mut draft = DRAFT.take();
    draft.clear();
    let written = write(&mut Pieces(&mut draft));
    let text = written.map(|()| Bytes::copy_from_slice(&draft));
    if draft.capacity() <= DRAFT_MAX {
        DRAFT.set(draft);
    }
    text
}

/// Reads a text that is as somebody put it together, in its order and without blanks; `None` leaves it to
/// the parser, whatever it is.
#[derive(Debug)]
pub struct Scan<'a>(&'a [u8]);

impl<'a> Scan<'a> {
    /// Begins with a payload.
    pub fn new(payload: &'a [u8]) -> Self {
        Self(payload)
    }

    /// What follows, if it begins with `text`.
    pub fn skip(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text.as_bytes())?;
        Some(())
    }

    /// The digits that follow `before`; not those that JSON would not take for a number.
    pub fn number<N: TryFrom<u64>>(&mut self, before: &str) -> Option<N> {
        self.skip(before)?;
        let (mut number, mut digits) = (0_u64, 0);
        // So many fit, whatever they are.
        let first = &self.0[..self.0.len().min(DIGITS_MAX)];
        while let Some(digit) = first.get(digits).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            number = number * 10 + u64::from(digit);
            digits += 1;
        }
        let is_number = digits == 1 || digits > 1 && self.0[0] != b'0';
        // What ends with the text may go on elsewhere.
        if !is_number || self.0.get(digits).is_none_or(u8::is_ascii_digit) {
            return None;
        }
        self.0 = &self.0[digits..];
        N::try_from(number).ok()
    }

    /// The string that follows `before`, if it stands there as it is meant.
    pub fn string(&mut self, before: &str) -> Option<&'a str> {
        self.skip(before)?;
        self.skip("\"")?;
        let is_plain = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
        let end = self.0.iter().position(|byte| !is_plain(byte))?;
        let (string, rest) = self.0.split_at(end);
        self.0 = rest.strip_prefix(b"\"")?;
        std::str::from_utf8(string).ok()
    }

    /// What is left.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Reads a value from JSON.
///
/// # Errors
///
/// Why the text is not that value.
pub fn decode<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, Error> {
    match std::str::from_utf8(payload) {
        Ok(text) => serde_json::from_str(text),
        // It says where.
        Err(_) => serde_json::from_slice(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_however_long_the_ones_before_were() {
        for length in [3, DRAFT_MAX * 2, 0, 200] {
            let text = "x".repeat(length);
            let encoded = encode(&text).unwrap();
            assert_eq!(encoded, format!("\"{text}\""));
            assert_eq!(decode::<String>(&encoded).unwrap(), text);
        }
        assert!(DRAFT.take().capacity() <= DRAFT_MAX, "a long draft does not stay");
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let error = decode::<String>(b"\"a\xff\"").unwrap_err();
        assert!(error.to_string().contains("invalid unicode"), "{error}");
    }
}
