//! From configuration to connections.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker::{Admin, BrokerError, Queue};
use broker_nats::{
    Auth, ConnectOptions, EmbeddedOptions, Managed, NatsBroker, Store, Tls, find_server,
};
use chaos::Network;
use config::{Config, Nats, NatsMode, Storage};

use crate::failure::Failure;
use crate::proxies::Addresses;
use crate::setup::Setup;

/// How long a request may go without an answer before its outcome is in doubt.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// What can be done to a server.
#[derive(Clone, Copy, Debug)]
pub enum Power {
    /// Start it again.
    Start,
    /// Ask it to stop.
    Stop,
    /// Kill it.
    Kill,
}

/// Opens connections to the run's broker: one for each producer and worker, as on as many machines.
pub trait Connector: Clone + Send + Sync + 'static {
    /// What it connects to.
    type Broker: Admin + Queue;

    /// A connection of the harness, under a name that the broker's operator sees.
    fn connect(&self, name: &str)
    -> impl Future<Output = Result<Self::Broker, BrokerError>> + Send;

    /// The connection of a worker or a producer: what [`Connector::network`] does happens to it.
    fn member(&self, name: &str) -> impl Future<Output = Result<Self::Broker, BrokerError>> + Send;

    /// Breaks or mends the network between a worker or producer and the broker.
    fn network(
        &self,
        name: &str,
        network: Network,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether the broker can be stopped, killed and started.
    fn has_server(&self) -> bool;

    /// Stops, kills or starts the broker.
    fn server(&self, power: Power) -> impl Future<Output = Result<(), String>> + Send;
}

/// Connects to a nats-server.
#[derive(Clone)]
pub struct NatsConnector {
    options: ConnectOptions,
    addresses: Arc<Addresses>,
    embedded: Option<Arc<Managed>>,
}

impl NatsConnector {
    /// To the servers of the configuration, or to `embedded` if there is one.
    pub fn new(setup: &Setup, embedded: Option<Arc<Managed>>) -> Self {
        let nats = &setup.config.nats;
        let servers = match &embedded {
            Some(server) => vec![server.url()],
            None => nats.url.reveal().to_vec(),
        };
        let addresses = Arc::new(Addresses::new(&setup.config, setup.seed, servers.clone()));
        let options = ConnectOptions {
            servers,
            name: String::new(),
            auth: if embedded.is_some() { Auth::None } else { auth(nats) },
            tls: if embedded.is_some() { Tls::default() } else { tls(nats) },
            request_timeout: REQUEST_TIMEOUT,
        };
        Self { options, addresses, embedded }
    }

    /// Where workers and producers find the broker.
    pub fn addresses(&self) -> Arc<Addresses> {
        self.addresses.clone()
    }

    async fn open(&self, name: &str, servers: Vec<String>) -> Result<NatsBroker, BrokerError> {
        let options = ConnectOptions { name: name.to_owned(), servers, ..self.options.clone() };
        NatsBroker::connect(&options).await
    }
}

impl Connector for NatsConnector {
    type Broker = NatsBroker;

    async fn connect(&self, name: &str) -> Result<NatsBroker, BrokerError> {
        self.open(name, self.options.servers.clone()).await
    }

    async fn member(&self, name: &str) -> Result<NatsBroker, BrokerError> {
        let servers = self.addresses.of(name).await;
        let servers = servers.map_err(|error| BrokerError::Unavailable(error.to_string()))?;
        self.open(name, servers).await
    }

    async fn network(&self, name: &str, network: Network) -> Result<(), String> {
        self.addresses.set(name, network)
    }

    fn has_server(&self) -> bool {
        self.embedded.is_some()
    }

    async fn server(&self, power: Power) -> Result<(), String> {
        let server =
            self.embedded.as_ref().ok_or("it is not ours to stop: nats.mode is external")?;
        match power {
            Power::Start => server.start().await.map_err(|error| error.to_string())?,
            Power::Stop => drop(server.stop().await),
            Power::Kill => drop(server.kill().await),
        }
        Ok(())
    }
}

fn auth(nats: &Nats) -> Auth {
    let auth = &nats.auth;
    if let Some(file) = &auth.credentials_file {
        return Auth::CredentialsFile(file.clone());
    }
    if let Some(file) = &auth.nkey_seed_file {
        return Auth::NkeySeedFile(file.clone());
    }
    if let Some(token) = &auth.token {
        return Auth::Token(token.reveal().to_owned());
    }
    match (&auth.user, &auth.password) {
        (Some(user), Some(password)) => {
            Auth::UserPassword { user: user.clone(), password: password.reveal().to_owned() }
        }
        _ => Auth::None,
    }
}

fn tls(nats: &Nats) -> Tls {
    Tls {
        ca_file: nats.tls.ca_file.clone(),
        cert_file: nats.tls.cert_file.clone(),
        key_file: nats.tls.key_file.clone(),
        required: nats.tls.required,
    }
}

/// Starts the run's own server if the configuration asks for one.
pub async fn embedded(config: &Config, dir: PathBuf) -> Result<Option<Managed>, Failure> {
    if config.nats.mode != NatsMode::Embedded {
        return Ok(None);
    }
    let jetstream = &config.nats.jetstream;
    let store = match jetstream.storage {
        Storage::Memory => Store::Memory,
        Storage::File => {
            Store::File(jetstream.store_dir.clone().unwrap_or_else(|| dir.join("store")))
        }
    };
    let mut options = EmbeddedOptions::new(server_bin(config.nats.server_bin.clone()).await?, dir);
    options.store = store;
    options.port = config.nats.port;
    options.max_memory = Some(jetstream.max_memory.bytes());
    options.max_file_storage = Some(jetstream.max_file_storage.bytes());
    Ok(Some(Managed::launch(options).await?))
}

/// The nats-server to run: the configured one, the one in `NATS_SERVER_BIN`, or one that is found.
pub async fn server_bin(configured: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let named = configured.or_else(|| std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from));
    Ok(find_server(named.as_deref()).await?)
}
