//! `POST /chaos/register`: a process that was started elsewhere hands itself over to chaos, and is told
//! where it finds the broker.

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::Shared;
use crate::answer::{Refusal, done};

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

/// Hands a registration over, and waits for the answer.
pub(crate) async fn register(shared: &Shared, body: &str) -> Result<Response, Refusal> {
    let Some(arrivals) = shared.arrivals() else {
        let why = "no registrations are taken here; ask the process with simulation.mode: chaos";
        return Err(Refusal::new(StatusCode::NOT_FOUND, why));
    };
    let registration = serde_json::from_str(body).map_err(|error| {
        let right = r#"send {"role": "worker", "id": "worker-0", "pid": 4711}"#;
        Refusal::new(StatusCode::BAD_REQUEST, format!("not a registration ({error}); {right}"))
    })?;
    let over = |_| Refusal::new(StatusCode::GONE, "chaos has ended");
    let (answer, answered) = oneshot::channel();
    arrivals.send((registration, answer)).await.map_err(|_| over(()))?;
    match answered.await.map_err(|_| over(()))? {
        Ok(registered) => Ok(done(registered)),
        Err(why) => Err(Refusal::new(StatusCode::BAD_REQUEST, why)),
    }
}
