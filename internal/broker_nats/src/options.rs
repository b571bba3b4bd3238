//! How to reach a server and who to be there.

use std::path::PathBuf;
use std::time::Duration;

/// How to connect; see [`crate::NatsBroker::connect`].
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    /// Addresses such as `nats://127.0.0.1:4222`; the others are tried when one does not answer. Name
    /// all servers of a cluster: those that the servers tell of are not used.
    pub servers: Vec<String>,
    /// The name that the server shows for this connection.
    pub name: String,
    /// Who we are.
    pub auth: Auth,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// How long a request may take; after that an append is in doubt.
    pub request_timeout: Duration,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            servers: vec!["nats://127.0.0.1:4222".to_owned()],
            name: "parti".to_owned(),
            auth: Auth::None,
            tls: Tls::default(),
            request_timeout: Duration::from_secs(2),
        }
    }
}

/// How we prove who we are.
#[derive(Clone, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// A `.creds` file (a JWT and its seed).
    CredentialsFile(PathBuf),
    /// A file with an nkey seed (`SU…`).
    NkeySeedFile(PathBuf),
    /// A name and a password.
    UserPassword {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A token.
    Token(String),
}

impl std::fmt::Debug for Auth {
    /// Shows the kind, never the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

impl Auth {
    /// What to call it in a message.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Auth::None => "no credentials",
            Auth::CredentialsFile(_) => "credentials file",
            Auth::NkeySeedFile(_) => "nkey seed file",
            Auth::UserPassword { .. } => "user and password",
            Auth::Token(_) => "token",
        }
    }
}

/// How the connection is encrypted. A server that demands TLS gets it without further settings.
#[derive(Clone, Debug, Default)]
pub struct Tls {
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Our certificate (PEM), if the server asks for one. Needs `key_file`.
    pub cert_file: Option<PathBuf>,
    /// The key (PEM) of our certificate.
    pub key_file: Option<PathBuf>,
    /// Refuse to talk to a server without TLS.
    pub required: bool,
}
