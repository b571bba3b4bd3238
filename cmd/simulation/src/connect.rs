//! From configuration to connections.

use std::path::PathBuf;
use std::time::Duration;

use broker::{Admin, BrokerError};
use broker_nats::{
    Auth, ConnectOptions, Embedded, EmbeddedOptions, NatsBroker, Store, Tls, find_server,
};
use config::{Config, Nats, NatsMode, Storage};

use crate::failure::Failure;

/// How long a request may go without an answer before its outcome is in doubt.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens connections to the run's broker: one for each producer and worker, as on as many machines.
pub trait Connector: Clone + Send + Sync + 'static {
    /// What it connects to.
    type Broker: Admin;

    /// A connection of its own, under a name that the broker's operator sees.
    fn connect(&self, name: &str)
    -> impl Future<Output = Result<Self::Broker, BrokerError>> + Send;
}

/// Connects to a nats-server.
#[derive(Clone, Debug)]
pub struct NatsConnector {
    options: ConnectOptions,
}

impl NatsConnector {
    /// To the servers of the configuration, or to `embedded` if there is one.
    pub fn new(nats: &Nats, embedded: Option<&Embedded>) -> Self {
        let servers = match embedded {
            Some(server) => vec![server.url().to_owned()],
            None => nats.url.reveal().to_vec(),
        };
        let options = ConnectOptions {
            servers,
            name: String::new(),
            auth: if embedded.is_some() { Auth::None } else { auth(nats) },
            tls: if embedded.is_some() { Tls::default() } else { tls(nats) },
            request_timeout: REQUEST_TIMEOUT,
        };
        Self { options }
    }
}

impl Connector for NatsConnector {
    type Broker = NatsBroker;

    async fn connect(&self, name: &str) -> Result<NatsBroker, BrokerError> {
        let options = ConnectOptions { name: name.to_owned(), ..self.options.clone() };
        NatsBroker::connect(&options).await
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
pub async fn embedded(config: &Config, dir: PathBuf) -> Result<Option<Embedded>, Failure> {
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
    Ok(Some(Embedded::start(options).await?))
}

/// The nats-server to run: the configured one, the one in `NATS_SERVER_BIN`, or one that is found.
pub async fn server_bin(configured: Option<PathBuf>) -> Result<PathBuf, Failure> {
    let named = configured.or_else(|| std::env::var_os("NATS_SERVER_BIN").map(PathBuf::from));
    Ok(find_server(named.as_deref()).await?)
}
