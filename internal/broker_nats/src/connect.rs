//! The first connection: bounded, and clear about what is wrong.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_nats::{ConnectErrorKind, ServerAddr};
use broker::BrokerError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::link::Link;
use crate::options::ConnectOptions;
use crate::settings::settings;
use crate::suitable::check;

/// How long the first connection may take.
const FIRST_CONNECT: Duration = Duration::from_secs(5);
/// Between two tries of the first connection.
const FIRST_RETRY: Duration = Duration::from_millis(200);

/// Connects and checks the server.
pub(crate) async fn connect(options: &ConnectOptions) -> Result<Link, BrokerError> {
    let servers = addresses(&options.servers)?;
    let (lost, losses) = watch::channel(0);
    let lost = Arc::new(lost);
    let closed = Arc::new(AtomicBool::new(false));
    let deadline = Instant::now() + FIRST_CONNECT;
    loop {
        let settings = settings(options, lost.clone(), closed.clone()).await?;
        let failure = match settings.connect(&servers[..]).await {
            Ok(client) => {
                let link = Link::new(client, options.request_timeout, losses, closed);
                check(&link).await?;
                return Ok(link);
            }
            Err(failure) => failure,
        };
        if let Some(error) = hopeless(&failure, options) {
            return Err(error);
        }
        if Instant::now() + FIRST_RETRY >= deadline {
            return Err(nobody_there(&failure, options));
        }
        sleep(FIRST_RETRY).await;
    }
}

fn addresses(servers: &[String]) -> Result<Vec<ServerAddr>, BrokerError> {
    if servers.is_empty() {
        return Err(BrokerError::Unsuitable("no NATS address given".to_owned()));
    }
    let parse = |text: &String| {
        text.parse().map_err(|error| {
            let text = without_password(text);
            BrokerError::Unsuitable(format!(
                "{text:?} is no NATS address ({error}); write nats://host:port"
            ))
        })
    };
    servers.iter().map(parse).collect()
}

/// The error to give up with at once, if trying again would not help.
fn hopeless(failure: &async_nats::ConnectError, options: &ConnectOptions) -> Option<BrokerError> {
    let (servers, kind) = (shown(&options.servers), options.auth.kind());
    match failure.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
            Some(BrokerError::Unsuitable(format!(
                "{servers} does not let us in with {kind} ({failure}); check the credentials"
            )))
        }
        _ if failure.kind() == ConnectErrorKind::Tls || is_tls(failure) => {
            Some(BrokerError::Unsuitable(format!(
                "no TLS connection to {servers} ({failure}); check the CA and the client certificate"
            )))
        }
        _ => None,
    }
}

/// Whether the TLS library found the fault; async-nats calls most of that an I/O error.
fn is_tls(failure: &async_nats::ConnectError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = failure.source();
    while let Some(error) = cause {
        if error.is::<async_nats::rustls::Error>() {
            return true;
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

fn nobody_there(failure: &async_nats::ConnectError, options: &ConnectOptions) -> BrokerError {
    BrokerError::Unavailable(format!(
        "no NATS server answers at {} ({failure}, tried for {} s); start one or correct the address",
        shown(&options.servers),
        FIRST_CONNECT.as_secs()
    ))
}

/// The addresses as they may be printed.
fn shown(servers: &[String]) -> String {
    servers.iter().map(|server| without_password(server)).collect::<Vec<_>>().join(", ")
}

fn without_password(server: &str) -> String {
    let Some((before, host)) = server.rsplit_once('@') else { return server.to_owned() };
    let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("nats://me:s3cr@t@host:4222"), "nats://host:4222");
        assert_eq!(without_password("me:secret@host"), "host");
        assert_eq!(without_password("nats://host:4222"), "nats://host:4222");
    }
}
