//! Assignments, measured: how fast a strategy is, how even the load is, what moves when members come
//! and go, beside other ways to hash; and how many bytes a leader writes for it.

mod bounds;
mod case;
mod field;
mod records;
mod show;
mod size;

pub use bounds::{Verdict, record_verdicts, verdicts};
pub use case::{Case, Change, Changed, Measured, Outcome, Spread, WeightsOf, measure};
pub use field::{Contestant, Leaver, field};
pub use records::{PAYLOAD_MAX, RecordsError, Written, written};
pub use show::{Judged, bounds_table, contest_table, records_table};
pub use size::{InvalidSize, Size};
