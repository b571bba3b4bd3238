//! The history of a run as a file: everything that its judge is told, in the order in which it is told,
//! one JSON object a line. [`Recording`] writes it while the run goes on, [`check`] judges it again.
//!
//! The format is open: other programs write histories, too (`docs/history.md`).

mod check;
mod clerk;
mod error;
mod header;
mod line;
mod lines;
mod recording;
mod series;
mod simple;

pub use check::{Checked, check};
pub use error::{HistoryError, Wrong};
pub use header::{Header, VERSION};
pub use line::{Ending, Line};
pub use lines::Lines;
pub use recording::{Pace, Recording};
pub use series::{Series, bytes_in, forget_in, next_in};
pub use simple::Simple;
