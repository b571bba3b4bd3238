//! Addresses of NATS servers: one, or several of a cluster separated by commas.
//!
//! An address can carry `user:password@`; that part is hidden where it is printed.

use std::fmt;
use std::str::FromStr;

use super::secret::HIDDEN;
use super::{ValueError, schema_of};

/// One or more addresses such as `nats://127.0.0.1:4222`.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrls(Vec<String>);

const RIGHT: &str = "use nats://host:port or tls://host:port, several separated by commas";

impl ServerUrls {
    /// The addresses as they were written, with their secrets; never empty.
    pub fn reveal(&self) -> &[String] {
        &self.0
    }
}

impl FromStr for ServerUrls {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let urls: Vec<String> = text.split(',').map(|url| url.trim().to_owned()).collect();
        match urls.iter().find(|url| !is_address(url)) {
            Some(url) => Err(ValueError::new(format!("{:?} is not an address", hide(url)), RIGHT)),
            None => Ok(Self(urls)),
        }
    }
}

fn is_address(url: &str) -> bool {
    let rest = match url.split_once("://") {
        Some(("nats" | "tls", rest)) => rest,
        Some(_) => return false,
        None => url,
    };
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._:[]%".contains(c);
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0));
    !host.is_empty() && host.chars().all(fits) && port_fits
}

/// The address without the user, password or token that it may carry.
fn hide(url: &str) -> String {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), url),
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}{HIDDEN}@{host}"),
        None => format!("{scheme}{rest}"),
    }
}

impl fmt::Display for ServerUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden: Vec<_> = self.0.iter().map(|url| hide(url)).collect();
        f.write_str(&hidden.join(","))
    }
}

impl fmt::Debug for ServerUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerUrls({self})")
    }
}

super::serde_as_text!(ServerUrls);
schema_of!(ServerUrls, "ServerUrls", { "type": "string", "minLength": 1, "x-kind": "urls" });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_their_secrets_hidden() {
        for (text, printed) in [
            ("nats://127.0.0.1:4222", "nats://127.0.0.1:4222"),
            ("localhost", "localhost"),
            ("tls://a.example:4222, b.example:4223", "tls://a.example:4222,b.example:4223"),
            ("nats://[::1]:4222/", "nats://[::1]:4222/"),
            ("nats://[::1]", "nats://[::1]"),
            ("nats://me:pa@ss@host:1", "nats://***@host:1"),
            ("token@host", "***@host"),
        ] {
            let read: ServerUrls = text.parse().unwrap();
            assert_eq!(read.to_string(), printed);
            assert!(!format!("{read:?}").contains("pa@ss"));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_secret() {
        for text in ["", "http://x", "nats://", "a,,b", "a b", "nats://host:0", "host:99999"] {
            assert!(text.parse::<ServerUrls>().is_err(), "{text:?}");
        }
        let error = "nats://me:secret@host:x".parse::<ServerUrls>().unwrap_err();
        assert_eq!(error.to_string(), format!("\"nats://***@host:x\" is not an address; {RIGHT}"));
    }
}
