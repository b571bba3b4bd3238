//! Breaking things: a schedule that is pure and seeded, and a director that carries it out on a
//! fleet and reports every fault to the coordinator.
//!
//! Every node that an event hits is a fault of its own: a change of scale by three is three faults,
//! a rolling restart one for each worker. An event that cannot happen is one, too, with the target
//! `-` and an effect that begins with `skipped:`.

mod book;
mod calls;
mod control;
mod courier;
mod deeds;
mod director;
mod fleet;
mod hand;
mod planned;
mod schedule;
mod terms;
mod words;

pub use control::{Answer, Command, Control, ControlError, OpenFault, State, Trigger};
pub use director::{Director, DirectorSettings, Position};
pub use fleet::{Fleet, Manner, Node, Trouble};
pub use model::Network;
pub use planned::{How, Planned};
pub use schedule::{PLANNED_MAX, schedule};
pub use terms::Terms;
