//! The proxy as its user sees it.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use model::Rng;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::figures::{Counters, Figures};
use crate::listen::listen;
use model::Network;

/// A proxy. Dropping it ends it and its connections.
#[derive(Debug)]
pub struct Proxy {
    addr: SocketAddr,
    conditions: watch::Sender<Network>,
    counters: Arc<Counters>,
    task: AbortHandle,
}

impl Proxy {
    /// Starts a proxy on a free port of the loopback interface, under [`Network::Clear`]. For
    /// each connection the `upstreams` (`host:port`) are tried in turn. `rng` decides about jitter
    /// and losses. It must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// There is no address to connect to, or no port to listen on.
    pub fn start(upstreams: Vec<String>, rng: Rng) -> io::Result<Self> {
        for upstream in &upstreams {
            check(upstream)?;
        }
        if upstreams.is_empty() {
            return Err(wrong("a proxy needs at least one address to connect to".to_owned()));
        }
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let addr = listener.local_addr()?;
        let (conditions, current) = watch::channel(Network::default());
        let counters = Arc::new(Counters::default());
        let task = listen(listener, upstreams.into(), current, counters.clone(), rng);
        Ok(Self { addr, conditions, counters, task: tokio::spawn(task).abort_handle() })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Changes what the network is like.
    pub fn set(&self, conditions: Network) {
        self.conditions.send_if_modified(|current| {
            let changed = *current != conditions;
            *current = conditions;
            changed
        });
    }

    /// What the network is like.
    pub fn conditions(&self) -> Network {
        *self.conditions.borrow()
    }

    /// What it has done so far.
    pub fn figures(&self) -> Figures {
        self.counters.figures()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn check(upstream: &str) -> io::Result<()> {
    let port = upstream.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>()));
    match port {
        Some((host, Ok(port))) if !host.is_empty() && port > 0 => Ok(()),
        _ => Err(wrong(format!("{upstream:?} is no address of a broker; write host:port"))),
    }
}

fn wrong(text: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
