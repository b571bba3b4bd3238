//! JSON as it is kept and read by the million: without room to grow, and looked through for valid text
//! once, not string by string.

use std::cell::Cell;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Error;

thread_local! {
    /// Where a value is written before its length is known.
    static DRAFT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Drafts up to this size stay for the next one.
const DRAFT_MAX: usize = 64 * 1024;

/// A value as JSON.
///
/// # Errors
///
/// If it has none: a map whose keys are no texts.
pub fn encode<T: Serialize>(value: &T) -> Result<Bytes, Error> {
    let mut draft = DRAFT.take();
    draft.clear();
    let written = serde_json::to_writer(&mut draft, value);
    let text = written.map(|()| Bytes::copy_from_slice(&draft));
    if draft.capacity() <= DRAFT_MAX {
        DRAFT.set(draft);
    }
    text
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
