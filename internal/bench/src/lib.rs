//! What `simulation bench` measures with, and how it writes down what came of it. The program says what
//! to measure; nothing here knows its command line.

pub mod assign;
mod machine;
mod median;
mod micro;
mod page;
mod table;

pub use machine::Machine;
pub use median::median;
pub use micro::{Micro, MicroError, collected, micro_table};
pub use page::{PageError, with_section};
pub use table::Table;
