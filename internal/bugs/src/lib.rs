//! Bugs that are planted on purpose: a harness that has never been red proves nothing.
//!
//! Whoever has a bug asks [`has`] at the place where it would be made. In a normal build that is the
//! constant `false`, and the bug is not in the program. With the feature `planted`, which only
//! `simulation selftest` is built with, one bug can be switched on for a whole process.

mod catalogue;

pub use catalogue::Bug;

#[cfg(feature = "planted")]
mod planted;
#[cfg(feature = "planted")]
pub use planted::{has, plant, spoil};

/// Whether `bug` is switched on in this process: never, in this build.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn has(_bug: Bug) -> bool {
    false
}
