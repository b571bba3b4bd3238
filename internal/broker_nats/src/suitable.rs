//! Whether a server that lets us in is one that this project can stand on.

use async_nats::Client;
use async_nats::jetstream::ErrorCode;
use broker::BrokerError;
use serde::Deserialize;

use crate::link::{ApiFailure, Link};
use crate::version::ServerVersion;

/// Refuses a server that is too old or has no JetStream for us.
pub(crate) async fn check(link: &Link) -> Result<(), BrokerError> {
    check_version(&link.client)?;
    /// What is asked for is only whether there is an answer.
    #[derive(Deserialize)]
    struct Account {}
    let failure = match link.query::<Account>("INFO".to_owned()).await {
        Ok(_) => return Ok(()),
        Err(failure) => failure,
    };
    Err(match failure {
        ApiFailure::Refused(error)
            if error.error_code() == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT =>
        {
            BrokerError::Unsuitable(format!(
                "JetStream is not enabled for this account ({error}); enable it in the server's \
                 account configuration"
            ))
        }
        ApiFailure::Unavailable(why) if !link.client.server_info().jetstream => {
            BrokerError::Unsuitable(format!(
                "the NATS server has no JetStream ({why}); start it with -js or a jetstream block"
            ))
        }
        ApiFailure::Refused(error) => BrokerError::Unsuitable(format!("JetStream: {error}")),
        ApiFailure::Unavailable(why) => BrokerError::Unavailable(format!("JetStream: {why}")),
    })
}

fn check_version(client: &Client) -> Result<(), BrokerError> {
    let version = client.server_info().version;
    let known: Result<ServerVersion, ()> = version.parse();
    if known.is_ok_and(|version| version >= ServerVersion::OLDEST) {
        return Ok(());
    }
    Err(BrokerError::Unsuitable(format!(
        "the NATS server is version {version}; {} or newer is needed (it must check an expectation \
         on another subject): upgrade it, or let scripts/nats-server.sh install one",
        ServerVersion::OLDEST
    )))
}
