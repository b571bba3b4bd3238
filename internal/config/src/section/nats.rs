//! `nats`: the broker, one of our own or a server that is already there.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ByteSize, Millis, Secret, ServerUrls};

/// The broker: one of our own, or a server that is already there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Nats {
    /// Whether the run starts its own server.
    pub mode: NatsMode,
    /// Server to connect to, or several of a cluster separated by commas (external only).
    pub url: ServerUrls,
    /// First part of the names of all streams and subjects; keeps runs on one server apart.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,32}$"), extend("x-kind" = "name"))]
    pub name_prefix: String,
    /// Copies of every stream; more than one needs a cluster (external only).
    #[schemars(extend("enum" = [1, 3, 5]))]
    pub replicas: u8,
    /// What an all-in-one run or a coordinator does with an earlier run under the same prefix.
    pub existing: Existing,
    /// How to log in (external only); at most one way.
    pub auth: Auth,
    /// Encryption (external only).
    pub tls: Tls,
    /// Where and how much the server may store.
    pub jetstream: JetStream,
    /// The nats-server program to start; looked for if absent (embedded only).
    #[schemars(extend("minLength" = 1))]
    pub server_bin: Option<PathBuf>,
    /// Port for clients; a free one is taken if absent (embedded only).
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
}

impl Default for Nats {
    fn default() -> Self {
        Self {
            mode: NatsMode::Embedded,
            url: "nats://127.0.0.1:4222".parse().expect("a constant that a test reads"),
            name_prefix: "simulation".into(),
            replicas: 1,
            existing: Existing::Refuse,
            auth: Auth::default(),
            tls: Tls::default(),
            jetstream: JetStream::default(),
            server_bin: None,
            port: None,
        }
    }
}

/// Whether the run starts its own server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NatsMode {
    /// The run starts a server of its own and stops it at the end.
    Embedded,
    /// The run connects to `nats.url`.
    External,
}

/// What an all-in-one run does with streams of an earlier run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Existing {
    /// Stops with an error.
    Refuse,
    /// Deletes them.
    Delete,
}

/// How to log in: a credentials file, an nkey seed, user and password, or a token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// File with a user JWT and its seed.
    #[schemars(extend("minLength" = 1))]
    pub credentials_file: Option<PathBuf>,
    /// File with an nkey seed.
    #[schemars(extend("minLength" = 1))]
    pub nkey_seed_file: Option<PathBuf>,
    /// User name; needs `password`.
    #[schemars(extend("minLength" = 1))]
    pub user: Option<String>,
    /// Password of `user`.
    pub password: Option<Secret>,
    /// Token.
    pub token: Option<Secret>,
}

/// Encryption of connections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the authorities that are trusted, instead of the system's.
    #[schemars(extend("minLength" = 1))]
    pub ca_file: Option<PathBuf>,
    /// PEM file with our certificate; needs `key_file`.
    #[schemars(extend("minLength" = 1))]
    pub cert_file: Option<PathBuf>,
    /// PEM file with the key of our certificate.
    #[schemars(extend("minLength" = 1))]
    pub key_file: Option<PathBuf>,
    /// Whether a connection without encryption is refused.
    pub required: bool,
}

/// Where and how much the server may store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JetStream {
    /// Where streams are kept.
    pub storage: Storage,
    /// Most memory for streams (embedded only).
    pub max_memory: ByteSize,
    /// Most disk space for streams (embedded only).
    pub max_file_storage: ByteSize,
    /// How long the server remembers the id of a message.
    #[schemars(extend("x-min" = "100ms"))]
    pub duplicate_window: Millis,
    /// Folder for streams; one of the run's own if absent (embedded only).
    #[schemars(extend("minLength" = 1))]
    pub store_dir: Option<PathBuf>,
}

impl Default for JetStream {
    fn default() -> Self {
        Self {
            storage: Storage::File,
            max_memory: ByteSize::gigabytes(10),
            max_file_storage: ByteSize::gigabytes(50),
            duplicate_window: Millis::from_secs(120),
            store_dir: None,
        }
    }
}

/// Where streams are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// In memory: gone with the server.
    Memory,
    /// On disk: survives a crash of the server.
    File,
}
