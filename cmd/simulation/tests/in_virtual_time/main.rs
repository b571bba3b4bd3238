//! The program in virtual time, and what it makes of what such runs leave behind; what is said of designs is
//! said of a server, too.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../common/mod.rs"]
mod common;

mod check;
mod designs;
mod explore;
mod found;
mod probes;
mod runs;
