//! The pages. No handler here waits for anything: each answers from what was published last. The run as
//! it happens and chaos by hand stand in files of their own.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use metrics::Role;

use crate::Shared;
use crate::answer::done;
use crate::door::Door;
use crate::limits::Limits;
use crate::{assets, by_hand, live};

/// Every page of a server that listens on `address`.
pub(crate) fn routes(shared: Shared, limits: Limits, address: SocketAddr) -> Router {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(unknown);
    let (role, door) = (shared.role(), Door::of(address));
    if matches!(role, Role::Producer | Role::Worker) {
        return router.with_state(shared);
    }
    let chaos = by_hand::routes(shared.clone(), limits, door);
    if role == Role::Chaos {
        return router.with_state(shared).merge(chaos);
    }
    let live = live::routes(shared.clone(), door);
    router
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/status", get(status))
        .with_state(shared)
        .merge(chaos)
        .merge(live)
}

async fn metrics(State(shared): State<Shared>) -> Response {
    match shared.metrics().encode() {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be shown");
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")).into_response()
        }
    }
}

/// The program runs and answers; whether the run goes well is the verdict's affair.
async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(shared): State<Shared>) -> (StatusCode, String) {
    match shared.unready() {
        None => (StatusCode::OK, "ok\n".into()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    }
}

async fn status(State(shared): State<Shared>) -> Response {
    done(shared.status())
}

async fn unknown(State(shared): State<Shared>) -> (StatusCode, String) {
    let pages = match shared.role() {
        Role::Run => "/, /live, /metrics, /healthz, /readyz, /status and /chaos",
        Role::Chaos => "/metrics, /healthz, /readyz and /chaos",
        Role::Producer | Role::Worker => "/metrics, /healthz and /readyz",
    };
    (StatusCode::NOT_FOUND, format!("no such page; there are {pages}\n"))
}
