//! Breaking things: a schedule that is pure and seeded, and a director that carries it out on a
//! fleet and reports every fault to the coordinator.

mod director;
mod fleet;
mod schedule;

pub use director::{Director, DirectorSettings};
pub use fleet::Fleet;
pub use schedule::{Planned, schedule};
