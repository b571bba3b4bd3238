//! A checkpoint, before its state is compressed.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzzing::checkpoint(data));
