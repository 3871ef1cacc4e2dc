//! Keeps web pages out where nobody has to log in. A page whose own name is made to lead to this
//! machine (DNS rebinding) is no stranger to the browser: it may send any content type and read
//! the answer. But what a browser sends for a page says so, and a page cannot take that away.

use super::refusal::{Refusal, Result};
use axum::http::{HeaderMap, StatusCode};

/// Browsers send Origin with every POST. Sec-Fetch-Mode is not among these: fetch in Node.js
/// sends it as well, alone.
const SIGNS: &[&str] = &["origin", "sec-fetch-site", "sec-fetch-dest", "sec-fetch-user"];

/// Refuses what a page made a browser send.
pub fn refuse_pages(headers: &HeaderMap) -> Result<()> {
    let Some(sign) = SIGNS.iter().find(|name| headers.contains_key(**name)) else { return Ok(()) };
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "28000",
        "requests of web pages are not accepted without authentication",
    )
    .detail(format!("The request bears header \"{sign}\"."))
    .hint("Set authentication = \"password\", or send the request from a server."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(name: &'static str, value: &'static str) -> Option<StatusCode> {
        let headers = HeaderMap::from_iter([(
            axum::http::HeaderName::from_static(name),
            axum::http::HeaderValue::from_static(value),
        )]);
        refuse_pages(&headers).err().map(|refusal| refusal.status())
    }

    #[test]
    fn what_a_browser_sends_is_refused_even_from_the_same_origin() {
        for (name, value) in [
            ("origin", "http://acme.example:8080"),
            ("origin", "null"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-dest", "empty"),
        ] {
            assert_eq!(outcome(name, value), Some(StatusCode::FORBIDDEN), "{name}");
        }
    }

    #[test]
    fn what_a_server_sends_is_not() {
        assert_eq!(outcome("sec-fetch-mode", "cors"), None);
        assert_eq!(outcome("user-agent", "node"), None);
    }
}
