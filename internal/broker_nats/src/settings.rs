//! What the client is told: who we are, whom we trust, and how to keep the connection.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::Event;
use broker::BrokerError;
use tokio::sync::watch;

use crate::options::{Auth, ConnectOptions};

/// How long one attempt may take, first or later.
const ATTEMPT: Duration = Duration::from_secs(2);
/// A connection that answers no ping is given up after three of these.
const PING: Duration = Duration::from_secs(3);
/// The longest pause between two attempts to reconnect.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// What a subscription holds before messages are dropped; readers never ask for as many.
const SUBSCRIPTION_CAPACITY: usize = 4096;
/// A sleep that never ends, for a client that nobody holds any more.
const FOR_EVER: Duration = Duration::from_secs(86_400 * 365);

/// The client's settings. `lost` counts lost connections; once `closed` is set, nobody wants the
/// connection back.
pub(crate) async fn settings(
    options: &ConnectOptions,
    lost: Arc<watch::Sender<u64>>,
    closed: Arc<AtomicBool>,
) -> Result<async_nats::ConnectOptions, BrokerError> {
    let settings = async_nats::ConnectOptions::new()
        .name(&options.name)
        // A server tells its clients about others of its cluster. Those that were named are used and
        // no others: what stands between us and them (a proxy, a tunnel) is not to be got around.
        .ignore_discovered_servers()
        .connection_timeout(ATTEMPT)
        .ping_interval(PING)
        .request_timeout(Some(options.request_timeout))
        .subscription_capacity(SUBSCRIPTION_CAPACITY)
        .max_reconnects(None)
        .reconnect_delay_callback(move |attempt| {
            if closed.load(Ordering::Relaxed) { FOR_EVER } else { pause(attempt) }
        })
        .event_callback(move |event| {
            if event == Event::Disconnected {
                lost.send_modify(|losses| *losses += 1);
            }
            async {}
        });
    with_auth(with_tls(settings, options)?, &options.auth).await
}

/// None before the first attempt, then doubling.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(2)).unwrap_or(u32::MAX).min(10);
    match attempt {
        0 | 1 => Duration::ZERO,
        _ => (Duration::from_millis(20) * 2_u32.pow(doublings)).min(LONGEST_PAUSE),
    }
}

fn with_tls(
    mut settings: async_nats::ConnectOptions,
    options: &ConnectOptions,
) -> Result<async_nats::ConnectOptions, BrokerError> {
    let tls = &options.tls;
    if let Some(ca) = &tls.ca_file {
        settings = settings.add_root_certificates(ca.clone());
    }
    settings = match (&tls.cert_file, &tls.key_file) {
        (Some(cert), Some(key)) => settings.add_client_certificate(cert.clone(), key.clone()),
        (None, None) => settings,
        _ => {
            let rule = "a TLS client certificate needs both a certificate file and a key file";
            return Err(BrokerError::Unsuitable(rule.to_owned()));
        }
    };
    Ok(settings.require_tls(tls.required))
}

async fn with_auth(
    settings: async_nats::ConnectOptions,
    auth: &Auth,
) -> Result<async_nats::ConnectOptions, BrokerError> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let kind = auth.kind();
        BrokerError::Unsuitable(format!("{kind} {} cannot be used: {error}", path.display()))
    };
    Ok(match auth {
        Auth::None => settings,
        Auth::CredentialsFile(path) => {
            settings.credentials_file(path).await.map_err(|error| unreadable(path, error))?
        }
        Auth::NkeySeedFile(path) => {
            let seed = std::fs::read_to_string(path).map_err(|error| unreadable(path, error))?;
            settings.nkey(seed.trim().to_owned())
        }
        Auth::UserPassword { user, password } => {
            settings.user_and_password(user.clone(), password.clone())
        }
        Auth::Token(token) => settings.token(token.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        assert_eq!(pause(1), Duration::ZERO);
        assert_eq!(pause(2), Duration::from_millis(20));
        assert_eq!(pause(4), Duration::from_millis(80));
        assert_eq!(pause(usize::MAX), LONGEST_PAUSE);
    }
}
