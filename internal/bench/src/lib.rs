//! What `simulation bench` measures with, and how it writes down what came of it. The program says what
//! to measure; nothing here knows its command line.

mod machine;
mod page;
mod table;

pub use machine::Machine;
pub use page::{PageError, with_section};
pub use table::Table;
