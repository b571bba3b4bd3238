//! Breaking things: a schedule that is pure and seeded, and a director that carries it out on a
//! fleet and reports every fault to the coordinator.

mod fleet;
mod planned;
mod schedule;
mod terms;

pub use fleet::{Fleet, Manner, Network, Node, Trouble};
pub use planned::{How, Planned};
pub use schedule::{PLANNED_MAX, schedule};
pub use terms::Terms;
