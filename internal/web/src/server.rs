//! The listening socket: takes connections, as many as the limit allows, until it is told to stop.

use std::future::Future;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::limits::Limits;
use crate::{Shared, WebError, connection, routes};

/// Before the next try when a connection cannot be taken, as when no file descriptor is left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(500);

/// The HTTP server of a run. It binds first: a port that is taken is known before the run starts.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

impl Server {
    /// Listens on `host`, a name or an address, and `port`; on port 0 the system chooses one.
    ///
    /// # Errors
    ///
    /// The port is taken or not permitted, or the host is not one of this machine.
    pub async fn bind(host: &str, port: u16) -> Result<Self, WebError> {
        let bound = async {
            let listener = TcpListener::bind((host, port)).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address, limits: Limits::default() })
        };
        bound.await.map_err(|source| WebError::of(written(host, port), source))
    }

    /// Listens on `host` and the first of `ports` that is free: for processes that are many on one
    /// machine, and that share one configuration.
    ///
    /// # Errors
    ///
    /// None of the ports is free, or as [`Server::bind`].
    pub async fn bind_first_free(host: &str, ports: RangeInclusive<u16>) -> Result<Self, WebError> {
        let address = format!("{} to {}", written(host, *ports.start()), ports.end());
        for port in ports {
            match Self::bind(host, port).await {
                Err(WebError::PortTaken { .. }) => {}
                bound => return bound,
            }
        }
        Err(WebError::PortTaken { address })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests from what is published in `shared` until `shutdown` is done; then lets the
    /// answers under way end, for a second at most.
    pub async fn serve(self, shared: Shared, shutdown: impl Future<Output = ()>) {
        let app = routes::routes(shared, self.limits, self.address);
        let (stop, stopping) = watch::channel(());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let stream = tokio::select! {
                biased;
                () = &mut shutdown => break,
                Some(_) = connections.join_next() => continue,
                stream = self.accept(), if connections.len() < self.limits.connections => stream,
            };
            let served = connection::serve(stream, app.clone(), self.limits, stopping.clone());
            connections.spawn(served);
        }
        drop((self.listener, stop));
        while connections.join_next().await.is_some() {}
    }

    async fn accept(&self) -> TcpStream {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// The address as it is written in URLs.
fn written(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{Instant, timeout};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    /// A server within `limits`, for as long as the test lasts.
    async fn start(limits: Limits) -> SocketAddr {
        let server = Server::bind("127.0.0.1", 0).await.unwrap();
        let address = server.local_addr();
        let server = Server { limits, ..server };
        let shared = Shared::new().unwrap();
        tokio::spawn(server.serve(shared, std::future::pending()));
        address
    }

    /// What comes until the connection is closed.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut bytes = Vec::new();
        // A reset is an end, too.
        let _ = timeout(SOON, stream.read_to_end(&mut bytes)).await.expect("an end");
        String::from_utf8(bytes).unwrap()
    }

    #[tokio::test]
    async fn whoever_does_not_end_its_request_is_cut_off() {
        let address =
            start(Limits { head_time: Duration::from_millis(50), ..Limits::default() }).await;
        for part in ["", "GET /healthz HTTP/1.1\r\nHos"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(part.as_bytes()).await.unwrap();
            assert!(!rest(&mut stream).await.contains("200 OK"), "{part:?}");
        }
    }

    #[tokio::test]
    async fn whoever_does_not_end_its_body_is_answered_all_the_same() {
        let limits = Limits { body_time: Duration::from_millis(50), ..Limits::default() };
        let server = Server::bind("127.0.0.1", 0).await.unwrap();
        let (address, shared) = (server.local_addr(), Shared::new().unwrap());
        let (control, _commands) = chaos::Control::new(config::Config::default().into());
        shared.set_chaos(control, None);
        tokio::spawn(Server { limits, ..server }.serve(shared, std::future::pending()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "POST /chaos/pause HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                    Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{";
        stream.write_all(head.as_bytes()).await.unwrap();
        assert!(rest(&mut stream).await.contains("408"));
    }

    #[tokio::test]
    async fn a_connection_ends_with_its_life() {
        let life = Duration::from_millis(100);
        let address = start(Limits { life, ..Limits::default() }).await;
        let begun = Instant::now();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(rest(&mut stream).await.contains("200 OK"), "answered, then ended");
        assert!(begun.elapsed() >= life);
    }

    #[tokio::test]
    async fn whoever_listens_and_does_not_read_is_gone_when_its_time_is_up() {
        let (life, grace) = (Duration::from_millis(100), Duration::from_millis(50));
        let server = Server::bind("127.0.0.1", 0).await.unwrap();
        let (address, shared) = (server.local_addr(), Shared::new().unwrap());
        shared.set_run(crate::live::tests::run());
        let limits = Limits { life, grace, ..Limits::default() };
        tokio::spawn(Server { limits, ..server }.serve(shared, std::future::pending()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        assert!(rest(&mut stream).await.contains("event: snapshot"), "told, then gone");
    }

    #[tokio::test]
    async fn more_clients_than_the_limit_wait_their_turn() {
        let address = start(Limits { connections: 1, ..Limits::default() }).await;
        let first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        second.write_all(request).await.unwrap();
        let early = timeout(Duration::from_millis(200), second.readable()).await;
        assert!(early.is_err(), "the second one was served beside the first");
        drop(first);
        assert!(rest(&mut second).await.contains("200 OK"));
    }
}
