//! Several servers of our own that are one cluster.

use std::io;
use std::net::TcpListener;

use futures_util::future::try_join_all;

use super::error::EmbeddedError;
use super::{Embedded, EmbeddedOptions};

/// How often a cluster is started until each of its servers has its ports: whoever connects meanwhile
/// may be given one that a route was to have.
const TRIES: u32 = 5;

impl Embedded {
    /// Starts one cluster of servers with these options, or a server that is alone if there is one of them.
    ///
    /// # Errors
    ///
    /// As [`Embedded::start`], of the first that does not start, and if there is no free port.
    pub async fn start_cluster(servers: &[EmbeddedOptions]) -> Result<Vec<Self>, EmbeddedError> {
        let mut tries = 1;
        loop {
            match try_start(servers).await {
                Err(_) if servers.len() > 1 && tries < TRIES => tries += 1,
                started => return started,
            }
        }
    }
}

async fn try_start(servers: &[EmbeddedOptions]) -> Result<Vec<Embedded>, EmbeddedError> {
    let ports = free_ports(servers.len()).map_err(EmbeddedError::NoPort)?;
    let starting = servers.iter().enumerate().map(|(index, options)| {
        let mut options = options.clone();
        if servers.len() > 1 {
            options.extra_config += &member(index, &ports);
        }
        Embedded::start(options)
    });
    try_join_all(starting).await
}

/// Free ports for the servers to find one another.
fn free_ports(count: usize) -> io::Result<Vec<u16>> {
    let held: Vec<_> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0))).collect::<Result<_, _>>()?;
    held.iter().map(|port| Ok(port.local_addr()?.port())).collect()
}

fn member(index: usize, ports: &[u16]) -> String {
    let routes: Vec<_> = ports.iter().map(|port| format!("\"nats://127.0.0.1:{port}\"")).collect();
    let (routes, port) = (routes.join(", "), ports[index]);
    format!(
        "\nserver_name: server_{index}\n\
         cluster {{ name: embedded, listen: \"127.0.0.1:{port}\", routes: [{routes}] }}\n"
    )
}
