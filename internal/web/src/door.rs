//! Who may break the run.
//!
//! A server on loopback serves whoever is on this machine, but not the pages of other sites in a
//! browser on this machine: those cannot send JSON across sites without asking first, cannot hide
//! where they come from (`Origin`), and, if they make their own name point here, still say that name
//! (`Host`). A server that others can reach asks for a token, which no browser adds by itself.

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, StatusCode};

use crate::answer::Refusal;

/// The door of one server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Door {
    is_loopback: bool,
}

impl Door {
    /// Of a server that listens there.
    pub fn of(address: SocketAddr) -> Self {
        Self { is_loopback: address.ip().to_canonical().is_loopback() }
    }

    /// Whether only this machine reaches it.
    pub fn is_loopback(self) -> bool {
        self.is_loopback
    }

    /// Lets a request in, or says why not.
    pub fn admit(self, head: &HeaderMap, token: Option<&str>) -> Result<(), Refusal> {
        if self.is_loopback { local(head) } else { bearer(head, token) }
    }
}

/// A request that changes something says that it is JSON.
pub(crate) fn is_json(head: &HeaderMap) -> Result<(), Refusal> {
    let kind = field(head, &CONTENT_TYPE).and_then(|kind| kind.split(';').next());
    match kind.map(str::trim).is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        true => Ok(()),
        false => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not JSON; send the header `Content-Type: application/json`",
        )),
    }
}

fn local(head: &HeaderMap) -> Result<(), Refusal> {
    let forbidden = |why: &str| Err(Refusal::new(StatusCode::FORBIDDEN, why));
    let mut hosts = head.get_all(HOST).iter();
    let host = match (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) {
        (Some(host), None) if is_local(host) => host,
        _ => {
            return forbidden("not asked for by an address of loopback; use http://127.0.0.1:port");
        }
    };
    let Some(origin) = head.get(ORIGIN) else { return Ok(()) };
    let same = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
    match same.is_some_and(|origin| origin.eq_ignore_ascii_case(host)) {
        true => Ok(()),
        false => forbidden("asked for by a page of another site; use a page of this server"),
    }
}

/// Whether a host, with or without port, is this machine for certain: not a name that somebody else
/// may resolve.
fn is_local(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
    bare.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(is_loopback)
}

fn bearer(head: &HeaderMap, token: Option<&str>) -> Result<(), Refusal> {
    let Some(token) = token else {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "others can reach this server, and chaos has no token; set chaos.token or \
             SIMULATION_CHAOS_TOKEN, or listen on metrics.prometheus.host: 127.0.0.1",
        ));
    };
    let given = field(head, &AUTHORIZATION).and_then(|given| given.split_once(' '));
    match given {
        Some((scheme, given))
            if scheme.eq_ignore_ascii_case("bearer") && same(given.trim(), token) =>
        {
            Ok(())
        }
        _ => Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "send the header `Authorization: Bearer TOKEN` with the value of chaos.token",
        )),
    }
}

fn field<'a>(head: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    head.get(name).and_then(|value| value.to_str().ok())
}

/// Whether both are the same, in a time that says nothing about where they differ.
fn same(given: &str, token: &str) -> bool {
    let (given, token) = (given.as_bytes(), token.as_bytes());
    let different = |sum: u8, (place, byte): (usize, &u8)| {
        let other = token.get(place % token.len().max(1)).copied().unwrap_or_default();
        black_box(sum | (byte ^ other))
    };
    let differ = given.iter().enumerate().fold(0, different);
    differ == 0 && given.len() == token.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certain_names_are_this_machine() {
        for host in
            ["127.0.0.1", "127.0.0.1:9090", "localhost:1", "LOCALHOST", "[::1]:80", "127.9.9.9"]
        {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:9090",
            "127.0.0.1.evil.example",
            "localhost.evil",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "127.0.0.1:80:evil",
            "user@127.0.0.1",
            "[::1",
            "::1]",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn tokens_are_the_same_or_not() {
        assert!(same("s3cret", "s3cret"));
        for given in ["", "s3cre", "s3crets", "S3cret", "s3crets3cret", "x"] {
            assert!(!same(given, "s3cret"), "{given}");
        }
    }

    #[test]
    fn a_server_is_on_loopback_only_if_nobody_else_reaches_it() {
        for (address, local) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("0.0.0.0:1", false),
            ("[::]:1", false),
            ("10.1.2.3:1", false),
        ] {
            assert_eq!(Door::of(address.parse().unwrap()).is_loopback, local, "{address}");
        }
    }
}
