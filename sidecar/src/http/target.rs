//! Which tenant a request asks for, as its headers say it: nothing is looked up here.

use super::Settings;
use super::credentials::{ConnectionString, single};
use super::peer::Peer;
use super::refusal::{Refusal, Result};
use crate::admission::{Key, Target};
use axum::http::{HeaderMap, HeaderName, StatusCode, Uri, header};
use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

const HEADER: &str = "the tenant header";
const HOST: &str = "the host";

/// Reads the target. A host in a connection string was named on purpose; a Host header beside a
/// proxy's tenant header may well be the proxy's name for us.
pub fn target(
    settings: &Settings,
    headers: &HeaderMap,
    uri: &Uri,
    peer: Peer,
    connection: Option<&ConnectionString>,
) -> Result<Target> {
    let name = tenant_header(settings, headers, peer)?;
    let by_name = match name.clone() {
        Some(name) => Target::default().and(HEADER, Key::Name(name), true),
        None => Target::default(),
    };
    if let Some(connection) = connection {
        let hostname = Hostname::parse(&connection.host).map_err(Refusal::core)?;
        return Ok(by_name.and(HOST, Key::Hostname(hostname), true));
    }
    let hostname = authority(headers, uri)
        .and_then(|host| Hostname::from_authority(&host).map_err(Refusal::core));
    match (name, hostname) {
        (name, Ok(hostname)) => Ok(by_name.and(HOST, Key::Hostname(hostname), name.is_none())),
        (Some(_), Err(_)) => Ok(by_name),
        (None, Err(refusal)) => Err(refusal),
    }
}

fn tenant_header(
    settings: &Settings,
    headers: &HeaderMap,
    peer: Peer,
) -> Result<Option<TenantName>> {
    let Some(name) = settings.tenant_header.as_deref() else { return Ok(None) };
    let name = HeaderName::try_from(name).map_err(|_| Refusal::unavailable())?;
    let Some(value) = single(headers, &name)? else { return Ok(None) };
    if !peer.is_in(&settings.trusted_proxies) {
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "28000",
            format!("header \"{name}\" is not accepted from this address"),
        )
        .hint("Leave the header out, or name the proxy's address in trusted_proxies."));
    }
    TenantName::parse(value).map(Some).map_err(Refusal::core)
}

/// The host that the client asked for. A request line with an authority of its own must agree
/// with Host, or a proxy in front may have routed by the other one.
fn authority(headers: &HeaderMap, uri: &Uri) -> Result<String> {
    let host = single(headers, &header::HOST)?;
    match (uri.authority(), host) {
        (Some(line), Some(host)) if !line.as_str().eq_ignore_ascii_case(host) => {
            Err(Refusal::malformed("request line and header \"host\" name different hosts"))
        }
        (Some(line), _) => Ok(line.as_str().to_owned()),
        (None, Some(host)) => Ok(host.to_owned()),
        (None, None) => Err(Refusal::malformed("header \"host\" is missing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn settings() -> Settings {
        Settings {
            tenant_header: Some("x-tenant".into()),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            body_bytes: 1,
            result_bytes: 1,
            request_timeout: Duration::from_secs(1),
        }
    }

    fn read(pairs: &[(&'static str, &str)], peer: &str) -> Result<Target> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        let connection = super::super::credentials::connection_string(&headers)?;
        let peer = Peer(peer.parse().unwrap());
        target(&settings(), &headers, &Uri::from_static("/sql"), peer, connection.as_ref())
    }

    /// What the host of a target is, and whether it was named on purpose.
    fn host(target: &Target) -> Option<(&str, bool)> {
        target.sources().iter().find_map(|source| match &source.key {
            Key::Hostname(hostname) => Some((hostname.as_str(), source.must_lead)),
            _ => None,
        })
    }

    const PROXY: &str = "10.0.0.1:1";
    const STRANGER: &str = "192.0.2.1:1";

    #[test]
    fn host_counts_where_no_connection_string_is() {
        let target = read(&[("host", "Acme.Example:8080")], STRANGER).unwrap();
        assert_eq!(host(&target), Some(("acme.example", true)));
        let both = [
            ("host", "api.example"),
            ("neon-connection-string", "postgresql://u:p@acme.example/db"),
        ];
        let target = read(&both, STRANGER).unwrap();
        assert_eq!(host(&target), Some(("acme.example", true)));
    }

    #[test]
    fn the_tenant_header_is_for_trusted_proxies_only() {
        let given = [("host", "127.0.0.1:8080"), ("x-tenant", "acme")];
        let target = read(&given, PROXY).unwrap();
        let acme = Key::Name(TenantName::parse("acme").unwrap());
        assert_eq!(target, Target::default().and(HEADER, acme, true));
        let beside = [("host", "api.example"), ("x-tenant", "acme")];
        assert_eq!(host(&read(&beside, PROXY).unwrap()), Some(("api.example", false)));
        assert_eq!(read(&given, STRANGER).unwrap_err().status(), StatusCode::FORBIDDEN);
    }

    #[test]
    fn what_names_no_tenant_is_refused() {
        for pairs in [
            &[][..],
            &[("host", "127.0.0.1:8080")],
            &[("host", "[::1]:80")],
            &[("host", "a@b.example")],
            &[("host", "a.example"), ("host", "b.example")],
            &[("host", "a.example"), ("neon-connection-string", "postgresql://u:p@127.0.0.1/db")],
            &[("host", "a.example"), ("x-tenant", "a.b")],
        ] {
            assert!(read(pairs, PROXY).is_err(), "{pairs:?}");
        }
    }

    #[test]
    fn an_authority_in_the_request_line_must_agree_with_host() {
        let mut headers = HeaderMap::new();
        headers.append("host", "a.example".parse().unwrap());
        assert!(authority(&headers, &Uri::from_static("http://b.example/sql")).is_err());
        assert!(authority(&headers, &Uri::from_static("http://A.example/sql")).is_ok());
    }
}
