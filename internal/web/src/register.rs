//! `POST /chaos/register`: a process that was started elsewhere hands itself over to chaos, and is told
//! where it finds the broker.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::Shared;

/// What a process is in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It owns partitions.
    Worker,
    /// It sends.
    Producer,
}

/// A process that may be killed, paused and cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// What it is.
    pub role: Role,
    /// Its name in the run, such as `worker-3`.
    pub id: String,
    /// Its process id on the machine of whoever breaks it.
    pub pid: u32,
}

/// The answer to a [`Registration`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Where it finds the broker from now on; several addresses are separated by commas.
    pub nats_url: String,
}

/// A registration, and where the answer goes.
pub type Arrival = (Registration, oneshot::Sender<Result<Registered, String>>);

/// Where registrations go.
pub(crate) type Arrivals = mpsc::Sender<Arrival>;

pub(crate) async fn register(
    State(shared): State<Shared>,
    Json(registration): Json<Registration>,
) -> Response {
    let Some(arrivals) = shared.arrivals() else {
        let why = "this process does not take registrations; start one with --mode chaos\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    };
    let (answer, answered) = oneshot::channel();
    if arrivals.send((registration, answer)).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "chaos has ended\n").into_response();
    }
    match answered.await {
        Ok(Ok(registered)) => Json(registered).into_response(),
        Ok(Err(why)) => (StatusCode::BAD_REQUEST, format!("{why}\n")).into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "chaos has ended\n").into_response(),
    }
}
