//! Which of the situations that matter a run has been in: a run that never lost a leader in the middle
//! of a rebalance proves nothing about it.
//!
//! [`Watch`] looks on at a virtual broker and counts, for each [`Probe`], how often its situation
//! came about. It goes by what is visible at the broker alone, changes nothing, and judges nothing:
//! the coordinator says whether what followed was right. `docs/probes.md` is the [`CATALOGUE`].
//!
//! Pure: no clock, no chance, no broker asked.

mod chain;
mod doubt;
mod grants;
mod hits;
mod leader;
mod ledger;
mod member;
mod members;
mod probe;
mod watch;
mod weather;

pub use hits::Hits;
pub use probe::{CATALOGUE, Probe};
pub use watch::Watch;
