//! One client: answers its requests within the limits until it leaves, its time is up or the server
//! stops.

use std::pin::pin;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::limits::Limits;

/// Serves `stream`; `stopping` is closed when the server stops.
pub(crate) async fn serve(
    stream: TcpStream,
    app: Router,
    limits: Limits,
    mut stopping: watch::Receiver<()>,
) {
    // Answers are small and written whole: there is nothing to wait for.
    let _ = stream.set_nodelay(true);
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.head_fields)
        .max_buf_size(limits.head_bytes);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        end = connection.as_mut() => {
            if let Err(error) = end {
                tracing::debug!(%error, "a connection broke");
            }
            return;
        }
        _ = stopping.changed() => {}
        () = sleep(limits.life) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(limits.grace, connection).await;
}
