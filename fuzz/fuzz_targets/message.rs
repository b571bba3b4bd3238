//! A payload on any subject.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::message(data));
