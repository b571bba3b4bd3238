//! Chaos by hand: look, pause, resume, ask for an event, and hand oneself over to it. The only pages
//! that wait for an answer; what is asked for is the director's to decide.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chaos::ControlError;
use serde_json::json;
use tokio::time::timeout;

use crate::Shared;
use crate::answer::{Refusal, done};
use crate::door::{Door, is_json};
use crate::limits::Limits;
use crate::register::register;
use crate::shared::ByHand;

/// What the pages need.
#[derive(Clone)]
struct Context {
    shared: Shared,
    limits: Limits,
    door: Door,
}

pub(crate) fn routes(shared: Shared, limits: Limits, door: Door) -> Router {
    Router::new()
        .route("/chaos", get(show))
        .route("/chaos/pause", post(pause))
        .route("/chaos/resume", post(resume))
        .route("/chaos/trigger", post(trigger))
        .route("/chaos/register", post(registration))
        .with_state(Context { shared, limits, door })
}

async fn show(State(context): State<Context>, head: HeaderMap) -> Response {
    answer(async {
        let control = &context.admit(&head)?.control;
        Ok(done(control.show().await.map_err(refusal)?))
    })
    .await
}

async fn pause(State(context): State<Context>, request: Request) -> Response {
    answer(async {
        context.body(request).await?;
        context.by_hand()?.control.pause().await.map_err(refusal)?;
        Ok(done(json!({ "paused": true })))
    })
    .await
}

async fn resume(State(context): State<Context>, request: Request) -> Response {
    answer(async {
        context.body(request).await?;
        context.by_hand()?.control.resume().await.map_err(refusal)?;
        Ok(done(json!({ "paused": false })))
    })
    .await
}

async fn trigger(State(context): State<Context>, request: Request) -> Response {
    answer(async {
        let body = context.body(request).await?;
        let began = context.by_hand()?.control.trigger(&body).await.map_err(refusal)?;
        Ok(done(json!({ "began": began.lines().collect::<Vec<_>>() })))
    })
    .await
}

async fn registration(State(context): State<Context>, request: Request) -> Response {
    answer(async {
        let body = context.body(request).await?;
        register(&context.shared, &body).await
    })
    .await
}

async fn answer(answering: impl Future<Output = Result<Response, Refusal>>) -> Response {
    let refusal = match answering.await {
        Ok(response) => return response,
        Err(refusal) => refusal,
    };
    let asks = refusal.status == StatusCode::UNAUTHORIZED;
    let mut response = refusal.into_response();
    if asks {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

fn refusal(error: ControlError) -> Refusal {
    let status = match error {
        ControlError::Wrong(_) => StatusCode::BAD_REQUEST,
        ControlError::Refused(_) => StatusCode::CONFLICT,
        ControlError::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        ControlError::Over => StatusCode::GONE,
    };
    Refusal::new(status, error.to_string())
}

impl Context {
    fn by_hand(&self) -> Result<&ByHand, Refusal> {
        self.shared.chaos().ok_or_else(|| {
            let why = "no chaos here: this process does not play it; use chaos.enabled: true in an \
                       all-in-one run, or ask the process with simulation.mode: chaos";
            Refusal::new(StatusCode::NOT_FOUND, why)
        })
    }

    fn admit(&self, head: &HeaderMap) -> Result<&ByHand, Refusal> {
        let by_hand = self.by_hand()?;
        self.door.admit(head, by_hand.token.as_deref())?;
        Ok(by_hand)
    }

    /// The body of a request that may come in and says that it is JSON.
    async fn body(&self, request: Request) -> Result<String, Refusal> {
        self.admit(request.headers())?;
        is_json(request.headers())?;
        let (most, within) = (self.limits.body_bytes, self.limits.body_time);
        let bytes = match timeout(within, read(request.into_body(), most)).await {
            Ok(bytes) => bytes?,
            Err(_) => {
                let why = format!("the body did not come within {} s", within.as_secs());
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, why));
            }
        };
        String::from_utf8(bytes)
            .map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body is not UTF-8; send JSON"))
    }
}

async fn read(body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let why = format!("the body is longer than {most} bytes, or ended early; send one event");
    let bytes = to_bytes(body, most).await;
    bytes.map(Vec::from).map_err(|_| Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, why))
}
