//! Why the server could not start, and which key of the configuration changes that.

use std::io;

/// Why the HTTP server could not start.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// Another program listens there.
    #[error(
        "{address} is already in use by another program; \
         stop it, or set metrics.prometheus.port to a free port"
    )]
    PortTaken {
        /// Where it was to listen.
        address: String,
    },
    /// Ports below 1024 often need a privilege.
    #[error(
        "listening on {address} is not permitted; set metrics.prometheus.port to 1024 or above"
    )]
    NotPermitted {
        /// Where it was to listen.
        address: String,
    },
    /// The host is not known, or not an address of this machine.
    #[error(
        "cannot listen on {address}: {source}; set metrics.prometheus.host to an address of this \
         machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
    )]
    Address {
        /// Where it was to listen.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

impl WebError {
    pub(crate) fn of(address: String, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken { address },
            io::ErrorKind::PermissionDenied => Self::NotPermitted { address },
            _ => Self::Address { address, source },
        }
    }
}
