//! Exploring: many small runs, each with a scenario of its own that a seed draws within one
//! configuration, the frame. Here is what is pure of it: drawing a scenario ([`draw`]), adding up
//! what became of all of them ([`Campaign`]), and making one that fails smaller ([`shrink`]). Nothing
//! here runs anything.
//!
//! A scenario is a complete configuration, with its faults as an explicit script. So what failed is
//! one file and one seed, and can be run, read and cut down without the frame.

mod campaign;
mod dice;
mod draw;
mod frame;
mod mix;
mod outcome;
mod script;
mod seeds;
mod shrink;
mod simpler;
mod situations;
mod text;

pub use campaign::{Campaign, Failed};
pub use draw::draw;
pub use frame::{Frame, FrameError};
pub use outcome::{Fate, Faults, Outcome};
pub use seeds::{Seeds, SeedsError};
pub use shrink::{Shrunk, shrink};
