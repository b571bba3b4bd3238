//! Accepting connections, a bounded number of them.

use std::sync::Arc;
use std::time::Duration;

use model::Rng;
use rand::SeedableRng;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::connection::{Way, serve};
use crate::figures::Counters;
use model::Network;

/// How many connections may be open; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 256;
/// How long to wait when no connection can be accepted (no descriptors left).
const PAUSE: Duration = Duration::from_millis(100);

/// Serves connections until it is dropped, and they with it.
pub(crate) async fn listen(
    listener: TcpListener,
    upstreams: Arc<[String]>,
    conditions: watch::Receiver<Network>,
    counters: Arc<Counters>,
    mut rng: Rng,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                Ok((client, _)) => {
                    counters.connections.add(1);
                    // A generator for each direction: what one draws does not depend on the other.
                    let rngs = [Rng::from_rng(&mut rng), Rng::from_rng(&mut rng)];
                    connections.spawn(serve(client, Way {
                        upstreams: upstreams.clone(),
                        conditions: conditions.clone(),
                        counters: counters.clone(),
                        rngs,
                    }));
                }
                Err(error) => {
                    tracing::warn!("the proxy cannot accept a connection: {error}");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}
