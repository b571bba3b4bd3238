//! One request to another process of a run, and its answer.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::HOST;
use hyper::http::request::Builder;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest answer.
const BYTES_MAX: usize = 64 * 1024;

/// Why there is no answer.
pub type Why = Box<dyn std::error::Error + Send + Sync>;

/// Asks for `path` at `url`, such as `http://127.0.0.1:9091`; a path in the URL itself comes first.
/// `dress` adds what the request needs beside that.
pub async fn ask(
    url: &str,
    path: &str,
    body: Vec<u8>,
    dress: impl FnOnce(Builder) -> Builder,
) -> Result<(StatusCode, Bytes), Why> {
    let asking = async {
        let rest = url.strip_prefix("http://").ok_or("the address must begin with http://")?;
        let (host, own) = rest.split_once('/').unwrap_or((rest, ""));
        let path = if own.is_empty() { path.to_owned() } else { format!("/{own}") };
        let stream = TcpStream::connect(host).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let request = dress(Request::builder().uri(path).header(HOST, host));
        let answer = sender.send_request(request.body(Full::new(Bytes::from(body)))?).await?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BYTES_MAX).collect().await?.to_bytes();
        Ok((status, body))
    };
    match tokio::time::timeout(ANSWER_MAX, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {ANSWER_MAX:?}").into()),
    }
}
