//! Where each worker and producer finds the broker: at its own address, behind a proxy that can cut,
//! delay and lose, if the run's chaos breaks networks; at the broker's otherwise.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use config::{Chaos, ChaosEvent, Config};
use model::{Network, Seed};
use proxy::Proxy;

/// The port of an address that names none.
const DEFAULT_PORT: u16 = 4222;

/// The addresses of the broker as the workers and producers are told it.
pub struct Addresses {
    broker: Vec<String>,
    seed: Seed,
    /// One for each worker and producer that was ever told an address; `None`: no network is broken.
    proxies: Option<Mutex<BTreeMap<String, Proxy>>>,
}

impl Addresses {
    /// Of the broker at `broker`, for a run of `config`.
    pub fn new(config: &Config, seed: Seed, broker: Vec<String>) -> Self {
        let proxies = breaks_networks(&config.chaos).then(Mutex::default);
        Self { broker, seed, proxies }
    }

    /// The address for `name`, the same at every call.
    pub async fn of(&self, name: &str) -> io::Result<Vec<String>> {
        let Some(proxies) = &self.proxies else { return Ok(self.broker.clone()) };
        let known = |proxies: &BTreeMap<String, Proxy>| proxies.get(name).map(Proxy::addr);
        let addr = known(&proxies.lock().unwrap_or_else(PoisonError::into_inner));
        let addr = match addr {
            Some(addr) => addr,
            None => {
                let upstreams = self.broker.iter().map(|url| host_and_port(url)).collect();
                let proxy = Proxy::start(upstreams, self.seed.rng(&format!("network of {name}")))?;
                let addr = proxy.addr();
                proxies
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(name.to_owned(), proxy);
                addr
            }
        };
        Ok(vec![format!("nats://{}{addr}", self.login())])
    }

    /// Breaks or mends the network of `name`.
    pub fn set(&self, name: &str, network: Network) -> Result<(), String> {
        let Some(proxies) = &self.proxies else {
            return Err("no proxy stands before it: name a network event in chaos.events".into());
        };
        let proxies = proxies.lock().unwrap_or_else(PoisonError::into_inner);
        let proxy = proxies.get(name).ok_or("it has never connected")?;
        proxy.set(network);
        Ok(())
    }

    /// What an address of the broker carries besides host and port.
    fn login(&self) -> &str {
        let first = self.broker.first().map_or("", String::as_str);
        let rest = first.split_once("://").map_or(first, |(_, rest)| rest);
        rest.rfind('@').map_or("", |at| &rest[..=at])
    }
}

fn breaks_networks(chaos: &Chaos) -> bool {
    let drawn = chaos.events.iter().map(|mixed| mixed.event);
    let mut events = drawn.chain(chaos.script.iter().map(|scripted| scripted.event));
    chaos.enabled && events.any(ChaosEvent::is_network)
}

fn host_and_port(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match rest.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => rest.to_owned(),
        _ => format!("{rest}:{DEFAULT_PORT}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        for (url, right) in [
            ("nats://127.0.0.1:4333", "127.0.0.1:4333"),
            ("nats://me:se@cret@host/", "host:4222"),
            ("host", "host:4222"),
            ("nats://[::1]:5", "[::1]:5"),
            ("nats://[::1]", "[::1]:4222"),
        ] {
            assert_eq!(host_and_port(url), right, "{url}");
        }
    }

    #[tokio::test]
    async fn everybody_has_an_address_of_their_own_if_networks_are_to_break() {
        let chaos = "chaos: {enabled: true, interval: 1s, events: [network_disconnect]}";
        let config = Config::parse(chaos, "test", &config::Overrides::default()).unwrap();
        let broker = vec!["nats://me:word@127.0.0.1:1".to_owned()];
        let addresses = Addresses::new(&config, Seed(1), broker.clone());
        let one = addresses.of("worker-1").await.unwrap();
        assert_eq!(one, addresses.of("worker-1").await.unwrap());
        assert_ne!(one, addresses.of("worker-2").await.unwrap());
        assert!(one[0].starts_with("nats://me:word@127.0.0.1:"), "{one:?}");
        assert!(addresses.set("worker-1", Network::Cut).is_ok());
        assert!(addresses.set("worker-3", Network::Cut).is_err());

        let addresses = Addresses::new(&Config::default(), Seed(1), broker.clone());
        assert_eq!(addresses.of("worker-1").await.unwrap(), broker);
        assert!(addresses.set("worker-1", Network::Cut).is_err());
    }
}
