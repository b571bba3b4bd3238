//! The pages. No handler waits for anything: each answers from what was published last. Chaos by
//! hand stands in a file of its own.

use std::net::SocketAddr;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Shared;
use crate::door::Door;
use crate::limits::Limits;
use crate::{assets, by_hand, live};

/// Every page of a server that listens on `address`.
pub(crate) fn routes(shared: Shared, limits: Limits, address: SocketAddr) -> Router {
    let door = Door::of(address);
    let chaos = by_hand::routes(shared.clone(), limits, door);
    let live = live::routes(shared.clone(), door);
    Router::new()
        .route("/", get(assets::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/metrics", get(metrics))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .fallback(unknown)
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

async fn readyz(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.status().ready {
        (StatusCode::OK, "ok\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the run is not under way\n")
    }
}

async fn status(State(shared): State<Shared>) -> Response {
    let newest = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (newest, Json(shared.status())).into_response()
}

async fn unknown() -> (StatusCode, String) {
    let pages = "/, /live, /metrics, /healthz, /readyz, /status and /chaos";
    (StatusCode::NOT_FOUND, format!("no such page; there are {pages}\n"))
}
