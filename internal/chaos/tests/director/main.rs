//! The director on a fleet of puppets, in virtual time: every event, the bounds, trouble, mending
//! at the end, and commands by hand.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod bounds;
mod events;
mod hand;
mod support;
mod trouble;
