//! Login, password and host as a request gives them: `Neon-Connection-String`, or HTTP Basic
//! where that header is absent. Reads headers only; proves nothing.

use super::refusal::{Refusal, Result};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use url::Url;

/// Not one of the headers that a browser lets a page send across sites without asking first.
pub const CONNECTION_STRING: HeaderName = HeaderName::from_static("neon-connection-string");

/// A login and its password.
#[derive(Clone)]
pub struct Credentials {
    /// PostgreSQL login.
    pub login: String,
    /// Its password in clear.
    pub password: String,
}

/// What the connection string says.
#[derive(Clone)]
pub struct ConnectionString {
    /// Host, not yet checked.
    pub host: String,
    /// Login and password, if it holds a login.
    pub credentials: Option<Credentials>,
}

/// A header that must not be there twice: proxies and we might read different ones.
pub fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refusal::malformed(format!("header \"{name}\" is there more than once")));
    }
    value.to_str().map(Some).map_err(|_| {
        Refusal::malformed(format!("header \"{name}\" holds more than printable ASCII"))
    })
}

/// Reads the connection string, if there is one.
pub fn connection_string(headers: &HeaderMap) -> Result<Option<ConnectionString>> {
    single(headers, &CONNECTION_STRING)?.map(parse_connection_string).transpose()
}

fn parse_connection_string(text: &str) -> Result<ConnectionString> {
    // No part of the text may show in the error: it holds a password.
    let malformed = || {
        Refusal::malformed("header \"neon-connection-string\" is not a connection string")
            .hint("Send postgresql://login:password@host/database with reserved characters percent-encoded.")
    };
    let url = Url::parse(text).map_err(|_| malformed())?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(malformed());
    }
    let decode = |part: &str| {
        percent_decode_str(part).decode_utf8().map(|s| s.into_owned()).map_err(|_| malformed())
    };
    let host = decode(url.host_str().ok_or_else(malformed)?)?;
    let login = decode(url.username())?;
    let password = decode(url.password().unwrap_or_default())?;
    let credentials = (!login.is_empty()).then_some(Credentials { login, password });
    Ok(ConnectionString { host, credentials })
}

/// The credentials of a request, from one place only.
pub fn credentials(
    headers: &HeaderMap,
    connection: Option<&ConnectionString>,
) -> Result<Option<Credentials>> {
    let authorization = single(headers, &header::AUTHORIZATION)?;
    match (connection, authorization) {
        (Some(_), Some(_)) => Err(Refusal::malformed(
            "both \"authorization\" and \"neon-connection-string\" are there",
        )
        .hint("Send the login and its password in one of them; tokens are not supported.")),
        (Some(connection), None) => Ok(connection.credentials.clone()),
        (None, Some(value)) => basic(value).map(Some),
        (None, None) => Ok(None),
    }
}

fn basic(value: &str) -> Result<Credentials> {
    let refused = || {
        Refusal::new(
            StatusCode::UNAUTHORIZED,
            "28000",
            "header \"authorization\" holds no login and password",
        )
        .hint("Send HTTP Basic: a PostgreSQL login and its password.")
    };
    let (scheme, encoded) = value.split_once(' ').ok_or_else(refused)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(refused());
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
    let text = String::from_utf8(decoded).map_err(|_| refused())?;
    let (login, password) = text.split_once(':').ok_or_else(refused)?;
    Ok(Credentials { login: login.to_owned(), password: password.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn read(pairs: &[(&'static str, &str)]) -> Result<Option<(String, String)>> {
        let headers = headers(pairs);
        let connection = connection_string(&headers)?;
        let found = credentials(&headers, connection.as_ref())?;
        Ok(found.map(|c| (c.login, c.password)))
    }

    #[test]
    fn a_connection_string_gives_host_login_and_password() {
        let text = "postgresql://app:p%40ss%2F%25@ACME.example:5432/db?sslmode=require";
        let headers = headers(&[("neon-connection-string", text)]);
        let read = connection_string(&headers).unwrap().unwrap();
        assert_eq!(read.host, "ACME.example");
        let credentials = read.credentials.unwrap();
        assert_eq!((credentials.login.as_str(), credentials.password.as_str()), ("app", "p@ss/%"));
    }

    #[test]
    fn an_error_never_shows_the_password() {
        for text in [
            "mysql://app:hunter2@host/db",
            "postgresql://app:hunter2@",
            "hunter2",
            "postgresql://a:hunter2%ff@h/d",
        ] {
            let refusal = read(&[("neon-connection-string", text)]).unwrap_err();
            assert!(!format!("{refusal:?}").contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn http_basic_counts_where_no_connection_string_is() {
        let basic = format!("Basic {}", STANDARD.encode("app:a:b"));
        let found = read(&[("authorization", &basic)]).unwrap();
        assert_eq!(found, Some(("app".into(), "a:b".into())));
        assert!(read(&[("authorization", "Bearer x")]).is_err());
        assert!(read(&[("authorization", "Basic !")]).is_err());
        assert!(
            read(&[("authorization", &basic), ("neon-connection-string", "postgres://a@h/d")])
                .is_err()
        );
        assert_eq!(read(&[]).unwrap(), None);
    }

    #[test]
    fn a_header_that_is_there_twice_is_refused() {
        let twice = [("neon-connection-string", "postgres://a@h/d"); 2];
        assert!(read(&twice).is_err());
    }
}
