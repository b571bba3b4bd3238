//! Breaking things: a schedule that is pure and seeded, and a director that carries it out on a
//! fleet and reports every fault to the coordinator.

mod fleet;
mod schedule;

pub use fleet::{Fleet, Manner, Network, Node, Trouble};
pub use schedule::{Planned, schedule};
