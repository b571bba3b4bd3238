//! A server on a port of its own, and the smallest client that can ask it something.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use web::{Server, Shared};

/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub struct Running {
    pub address: SocketAddr,
    pub shared: Shared,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Running {
    pub async fn start() -> Self {
        Self::on("127.0.0.1").await
    }

    pub async fn on(host: &str) -> Self {
        Self::serve(host, Shared::new().expect("metrics")).await
    }

    /// What a process with `shared` shows.
    pub async fn serving(shared: Shared) -> Self {
        Self::serve("127.0.0.1", shared).await
    }

    async fn serve(host: &str, shared: Shared) -> Self {
        let server = Server::bind(host, 0).await.expect("a free port");
        let (stop, stopped) = oneshot::channel::<()>();
        let address = server.local_addr();
        let served = server.serve(shared.clone(), async move {
            let _ = stopped.await;
        });
        Self { address, shared, stop, served: tokio::spawn(served) }
    }

    /// Asks for a page.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")).await
    }

    /// Sends a request as it is, and reads until the server closes the connection.
    pub async fn ask(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("a request");
        Answer::read(&mut stream).await
    }

    /// Stops the server and waits for it.
    pub async fn stop(self) {
        drop(self.stop);
        timeout(PATIENCE, self.served).await.expect("an end").expect("no panic");
    }
}

impl Answer {
    /// Reads until the connection is closed.
    pub async fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A server that refuses a request unread resets the connection after its answer.
        let _ = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end");
        let text = String::from_utf8(bytes).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("head and body");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Self { status, head: head.to_lowercase(), body: body.into() }
    }

    /// A field of the head.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
