//! The figures of a run for Prometheus, and what a process uses. Nothing is counted here: the judge
//! counts, as do producers, workers and chaos in processes of their own; this room translates what
//! they say into names and units that dashboards expect.

mod changing;
mod checkpoints;
mod error;
mod families;
mod live;
mod metrics;
mod process;
mod register;
mod resources;
mod roles;
mod spans;
mod table;

pub use error::MetricsError;
pub use metrics::{CONTENT_TYPE, Lag, Metrics, Role};
pub use process::Process;
pub use register::Described;
pub use resources::{Usage, usage_of};
pub use roles::ChaosFigures;
