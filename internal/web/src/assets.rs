//! What the page is made of, out of the program itself: it works without the internet.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderName, IF_NONE_MATCH,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::Shared;

/// Nothing but what this server sends; nothing inline; in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A file of the page.
pub(crate) struct Asset {
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! assets {
    ($($name:literal: $file:literal),* $(,)?) => {
        &[$(Asset { name: $name, text: include_str!(concat!("../assets/", $file)) }),*]
    };
}

/// Every file of the page but the page itself.
pub(crate) const ASSETS: &[Asset] = assets! {
    "chaos.js": "chaos.js",
    "charts.js": "charts.js",
    "colours.js": "colours.js",
    "format.js": "format.js",
    "icon.svg": "icon.svg",
    "live.js": "live.js",
    "map.js": "map.js",
    "members.js": "members.js",
    "report.js": "report.js",
    "state.js": "state.js",
    "style.css": "style.css",
    "timeline.js": "timeline.js",
    "uplot.css": "vendor/uPlot.min.css",
    "uplot.js": "vendor/uPlot.iife.min.js",
};

/// The text of an asset that is known to be there.
pub(crate) fn text_of(name: &str) -> &'static str {
    ASSETS.iter().find(|asset| asset.name == name).map_or("", |asset| asset.text)
}

/// `GET /`: the page, if there is a run to look at.
pub(crate) async fn page(State(shared): State<Shared>, head: HeaderMap) -> Response {
    if shared.live().is_none() {
        let why = "no run is judged here: look at its coordinator; there are /metrics, /healthz, \
                   /readyz, /status and /chaos\n";
        return (StatusCode::NOT_FOUND, why).into_response();
    }
    let text = include_str!("../assets/page.html");
    let mut response = sent("page.html", text, &head);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}

/// `GET /assets/…`.
pub(crate) async fn asset(Path(name): Path<String>, head: HeaderMap) -> Response {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => sent(asset.name, asset.text, &head),
        None => (StatusCode::NOT_FOUND, "no such asset; the page is at /\n").into_response(),
    }
}

/// A file, or that the client has it already.
fn sent(name: &str, text: &'static str, head: &HeaderMap) -> Response {
    let tag = tag(text);
    let fields: [(HeaderName, HeaderValue); 4] = [
        (ETAG, tag.clone()),
        // Asked for again each time: the next program on this port may be another version.
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    if head.get(IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, fields).into_response();
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static(kind(name)))];
    (fields, kind, text).into_response()
}

fn tag(text: &str) -> HeaderValue {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let tag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish()));
    tag.expect("hexadecimal digits are text")
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
