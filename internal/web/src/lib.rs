//! What a run shows over HTTP while it lasts: metrics for Prometheus, two probes and its figures as
//! JSON. It only reads what others have published into [`Shared`]: a slow or hostile client costs a
//! bounded number of connections, never the run.

mod connection;
mod error;
mod limits;
mod register;
mod routes;
mod server;
mod shared;

pub use error::WebError;
pub use register::{Arrival, Registered, Registration, Role};
pub use server::Server;
pub use shared::{Shared, Status};
