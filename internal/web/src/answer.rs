//! Answers in JSON to whoever asks for something: what was done, or why not.

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// Never to be kept: it is about this moment.
const NEWEST: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Why a request is refused: `{"error": …}`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: StatusCode,
    pub why: String,
}

impl Refusal {
    pub fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, [NEWEST], Json(json!({ "error": self.why }))).into_response()
    }
}

/// What was asked for.
pub(crate) fn done(body: impl Serialize) -> Response {
    ([NEWEST], Json(body)).into_response()
}
