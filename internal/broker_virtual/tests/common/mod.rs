//! The stream that these tests are about, and one that takes it all.
#![allow(dead_code, reason = "every test file uses a part of it")]

use broker::{Append, Storage, StreamName, StreamSpec, Subject};

pub fn stream() -> StreamName {
    StreamName::new("s").expect("a good name")
}

pub fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a good name")
}

pub fn append(payload: impl ToString) -> Append {
    Append::new(stream(), subject("s.a"), payload.to_string())
}

/// In memory, without a limit.
pub fn spec() -> StreamSpec {
    StreamSpec::new(stream(), subject("s.>"), Storage::Memory)
}
