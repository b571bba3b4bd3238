//! Waiting until a server is ready: it has written its ports, and says that it is healthy.
//!
//! A server greets clients before its streams are there; only its health tells.

use std::path::Path;
use std::time::Duration;

use processes::Process;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// How long a start may take; reading a large store back takes its time.
const READY_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// How long one question about its health may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Where a server listens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) client: u16,
    pub(super) monitor: u16,
}

/// Waits until the server is ready; the error says why it is not.
pub(super) async fn wait(dir: &Path, server: &Process) -> Result<Ports, String> {
    let ready = async {
        loop {
            if let Some(exit) = server.state().ended() {
                return Err(format!("it {exit}"));
            }
            match ports(dir, server.pid()) {
                Some(ports) if is_healthy(ports.monitor).await => return Ok(ports),
                _ => sleep(POLL).await,
            }
        }
    };
    timeout(READY_WITHIN, ready)
        .await
        .unwrap_or_else(|_| Err(format!("it was not ready within {} s", READY_WITHIN.as_secs())))
}

/// The file that the server writes for `ports_file_dir`; it is not written in one step.
#[derive(Deserialize)]
struct PortsFile {
    nats: Vec<String>,
    monitoring: Vec<String>,
}

/// Reads `<program>_<pid>.ports`, if it is there and complete.
fn ports(dir: &Path, pid: u32) -> Option<Ports> {
    let end = format!("_{pid}.ports");
    let mut entries = std::fs::read_dir(dir).ok()?.flatten();
    let entry = entries.find(|entry| entry.file_name().to_string_lossy().ends_with(&end))?;
    let file: PortsFile = serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok()?;
    Some(Ports { client: port(file.nats.first()?)?, monitor: port(file.monitoring.first()?)? })
}

fn port(url: &str) -> Option<u16> {
    url.rsplit(':').next()?.trim_end_matches('/').parse().ok()
}

/// Whether `GET /healthz` is answered with 200.
async fn is_healthy(monitor: u16) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(("127.0.0.1", monitor)).await?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n").await?;
        let mut status = [0; 12];
        stream.read_exact(&mut status).await?;
        std::io::Result::Ok(status)
    };
    match timeout(ANSWER_WITHIN, asked).await {
        Ok(Ok(status)) => status.starts_with(b"HTTP/1.") && status.ends_with(b" 200"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_urls() {
        assert_eq!(port("nats://127.0.0.1:4222"), Some(4222));
        assert_eq!(port("http://127.0.0.1:8222/"), Some(8222));
        assert_eq!(port("nats://127.0.0.1"), None);
    }
}
