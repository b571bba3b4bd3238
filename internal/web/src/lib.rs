//! What a run shows over HTTP while it lasts: a page to look at, its events as they happen, metrics for
//! Prometheus, two probes and its figures as JSON; and, when it is over, as one file. Pages only read
//! what others have published into [`Shared`]: a slow or hostile client costs a bounded number of
//! connections, never the run. The one exception is chaos by hand, which only whoever may break the
//! run can reach.

mod answer;
mod assets;
mod by_hand;
mod connection;
mod door;
mod error;
mod limits;
mod live;
mod register;
mod report_page;
mod routes;
mod server;
mod shared;

pub use error::WebError;
pub use register::{Arrival, Registered, Registration, Role};
pub use report_page::report_page;
pub use server::Server;
pub use shared::{Shared, Status};
