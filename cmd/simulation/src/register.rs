//! Registering with a chaos controller: who and which process we are; the answer is where we find the
//! broker.

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::request::Builder;
use web::{Registered, Registration, Role};

use crate::failure::Failure;
use crate::http::{self, Why};

/// Registers this process with the controller at `url`, such as `http://127.0.0.1:9091`.
pub async fn register(
    url: &str,
    token: Option<&str>,
    role: Role,
    id: &str,
) -> Result<Registered, Failure> {
    let registration = Registration { role, id: id.to_owned(), pid: std::process::id() };
    ask(url, token, &registration).await.map_err(|why| {
        Failure::Environment(format!(
            "the chaos controller at {url} does not register us: {why}; start it with \
             --mode chaos, or leave CHAOS_URL out"
        ))
    })
}

async fn ask(url: &str, token: Option<&str>, what: &Registration) -> Result<Registered, Why> {
    let dress = |request: Builder| {
        let request = request.method(Method::POST).header(CONTENT_TYPE, "application/json");
        match token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    };
    let body = serde_json::to_vec(what)?;
    let url = url.trim_end_matches('/');
    let (status, body) = http::ask(url, "/chaos/register", body, dress).await?;
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body).trim()).into());
    }
    Ok(serde_json::from_slice(&body)?)
}
