//! The coordinator at work: reads the streams, tells the judge, and leads the run through its
//! phases. First *safety*: messages flow and faults happen. Then *liveness*: faults end, producers
//! stop, and everything must drain within a bound.

mod conduct;
mod error;
mod feed;
mod follow;
mod judging;
mod keep;
mod phases;
mod record;
mod resume;
mod state;
mod trim;

pub use conduct::{Conducted, Coordinator, CoordinatorSettings, Progress};
pub use error::CoordinatorError;
pub use feed::Read;
pub use keep::{CheckpointFigures, CheckpointPlan, Keeper, Kept, group_history};
pub use record::Recorder;
pub use resume::{Resumed, Stopped};
pub use state::{Cause, ChaosPosition, Downtime, RunState};
