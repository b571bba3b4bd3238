//! What ends the program before a verdict, with its exit code.

use broker::BrokerError;
use broker_nats::EmbeddedError;
use checkpoint::CheckpointError;
use config::ConfigError;
use coordinator::{CoordinatorError, Verdict};
use metrics::MetricsError;
use parti::{JoinError, MemberError};
use processes::ProcessError;
use producer::ProducerError;
use web::WebError;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command line or the configuration is wrong.
    #[error("{0}")]
    Usage(String),
    /// The configuration is wrong.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// No broker, or not one that can be used.
    #[error("{0}")]
    Environment(String),
    /// The run does not come to an end.
    #[error("{0}")]
    Hung(String),
}

impl Failure {
    /// The exit code of the program.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) | Failure::Config(_) => 2,
            Failure::Environment(_) => Verdict::Environment.exit_code(),
            Failure::Hung(_) => Verdict::Liveness.exit_code(),
        }
    }
}

macro_rules! environment {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Environment(error.to_string())
            }
        }
    )+};
}

environment!(
    BrokerError,
    EmbeddedError,
    CheckpointError,
    CoordinatorError,
    MetricsError,
    ProcessError,
    ProducerError,
    MemberError,
    WebError,
    std::io::Error
);

impl From<JoinError> for Failure {
    fn from(error: JoinError) -> Self {
        match error {
            JoinError::Broker(error) => error.into(),
            other => Failure::Usage(other.to_string()),
        }
    }
}
