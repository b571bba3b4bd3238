//! What `simulation bench` measures with, and how it writes down what came of it. The program says what
//! to measure; nothing here knows its command line.

pub mod assign;
mod machine;
mod micro;
mod page;
mod quantile;
mod table;
mod timing;

pub use machine::Machine;
pub use micro::{Micro, MicroError, collected, micro_table};
pub use page::{PageError, with_section};
pub use quantile::{median, quantile};
pub use table::{Table, mark};
