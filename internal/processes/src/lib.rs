//! Child processes, each with a known state, none of which outlives us.
//!
//! A [`Manager`] starts [`Process`]es in a process group of its own and kills that group when it is
//! dropped, and also when this program dies without dropping anything. A process can be stopped,
//! killed, paused and slowed down; [`adopt`] gives the same verbs over a process that somebody else
//! started. Nothing here knows what the processes are for.
//!
//! A process that leaves its process group (a daemon) escapes; those of this project do not.

#![cfg(unix)]

mod adopt;
mod error;
mod exit;
mod group;
mod handle;
mod launch;
mod log;
mod manager;
mod process;
mod slow;
mod state;

pub use adopt::{Started, adopt};
pub use error::ProcessError;
pub use exit::Exit;
pub use launch::Launch;
pub use log::Log;
pub use manager::Manager;
pub use process::Process;
pub use rustix::process::Signal;
pub use state::State;
