//! The program as its users start it, against real servers. These tests wait for most of their time, so that
//! several of them are run side by side.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../common/mod.rs"]
mod common;

mod bad_input;
mod bench_runs;
mod chaos;
mod chaos_role;
mod faults;
mod rehearsal;
mod resume;
mod roles;
mod soak;
mod watched;
