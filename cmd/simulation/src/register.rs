//! Registering with a chaos controller: who and which process we are; the answer is where we find the
//! broker.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use web::{Registered, Registration, Role};

use crate::failure::Failure;

/// How long the controller may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest answer.
const BYTES_MAX: usize = 64 * 1024;

/// Registers this process with the controller at `url`, such as `http://127.0.0.1:9091`.
pub async fn register(
    url: &str,
    token: Option<&str>,
    role: Role,
    id: &str,
) -> Result<Registered, Failure> {
    let registration = Registration { role, id: id.to_owned(), pid: std::process::id() };
    let asking = ask(url, token, &registration);
    let answer = match tokio::time::timeout(ANSWER_MAX, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {ANSWER_MAX:?}").into()),
    };
    answer.map_err(|why| {
        Failure::Environment(format!(
            "the chaos controller at {url} does not register us: {why}; start it with \
             --mode chaos, or leave CHAOS_URL out"
        ))
    })
}

type Why = Box<dyn std::error::Error + Send + Sync>;

async fn ask(url: &str, token: Option<&str>, what: &Registration) -> Result<Registered, Why> {
    let host = url.strip_prefix("http://").ok_or("the address must begin with http://")?;
    let host = host.trim_end_matches('/');
    let stream = TcpStream::connect(host).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/chaos/register")
        .header(HOST, host)
        .header(CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let body = Full::new(Bytes::from(serde_json::to_vec(what)?));
    let answer = sender.send_request(request.body(body)?).await?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await?.to_bytes();
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body).trim()).into());
    }
    Ok(serde_json::from_slice(&body)?)
}
