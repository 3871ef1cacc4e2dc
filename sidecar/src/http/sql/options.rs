//! What the headers of `/sql` ask for: form of the results, kind of transaction. And which
//! content types are let in.

use crate::http::credentials::{CONNECTION_STRING, single};
use crate::http::refusal::{Refusal, Result};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};

const RAW_TEXT: HeaderName = HeaderName::from_static("neon-raw-text-output");
const ARRAY_MODE: HeaderName = HeaderName::from_static("neon-array-mode");
const ISOLATION: HeaderName = HeaderName::from_static("neon-batch-isolation-level");
const READ_ONLY: HeaderName = HeaderName::from_static("neon-batch-read-only");
const DEFERRABLE: HeaderName = HeaderName::from_static("neon-batch-deferrable");

/// The form of one statement's result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// Every value as PostgreSQL's text.
    pub raw_text: bool,
    /// Rows as arrays instead of objects.
    pub array_mode: bool,
}

/// What the headers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The form of results, unless a statement says otherwise.
    pub shape: Shape,
    /// What opens a batch's transaction.
    pub begin: String,
}

/// Reads the headers of the protocol.
pub fn read(headers: &HeaderMap) -> Result<Options> {
    let shape = Shape {
        raw_text: flag(headers, &RAW_TEXT)?.unwrap_or(false),
        array_mode: flag(headers, &ARRAY_MODE)?.unwrap_or(false),
    };
    let mut begin = "BEGIN".to_owned();
    begin.push_str(isolation(headers)?);
    begin.push_str(mode(headers, &READ_ONLY, " READ ONLY", " READ WRITE")?);
    begin.push_str(mode(headers, &DEFERRABLE, " DEFERRABLE", " NOT DEFERRABLE")?);
    Ok(Options { shape, begin })
}

fn isolation(headers: &HeaderMap) -> Result<&'static str> {
    match single(headers, &ISOLATION)? {
        None => Ok(""),
        Some("ReadUncommitted") => Ok(" ISOLATION LEVEL READ UNCOMMITTED"),
        Some("ReadCommitted") => Ok(" ISOLATION LEVEL READ COMMITTED"),
        Some("RepeatableRead") => Ok(" ISOLATION LEVEL REPEATABLE READ"),
        Some("Serializable") => Ok(" ISOLATION LEVEL SERIALIZABLE"),
        Some(_) => {
            Err(Refusal::malformed(format!("header \"{ISOLATION}\" is not an isolation level"))
                .hint("Send ReadUncommitted, ReadCommitted, RepeatableRead or Serializable."))
        }
    }
}

fn mode(
    headers: &HeaderMap,
    name: &HeaderName,
    yes: &'static str,
    no: &'static str,
) -> Result<&'static str> {
    Ok(match flag(headers, name)? {
        None => "",
        Some(true) => yes,
        Some(false) => no,
    })
}

fn flag(headers: &HeaderMap, name: &HeaderName) -> Result<Option<bool>> {
    match single(headers, name)? {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(Refusal::malformed(format!("header \"{name}\" is neither true nor false"))),
    }
}

/// A page on another site may make a browser send a form, or text/plain, or no content type at
/// all, with the browser's own cookies and passwords and without asking first (Fetch standard,
/// "CORS-safelisted request-header"). It may not send JSON or a header of its own so. Neon's
/// driver sends text/plain, but always with its connection string.
pub fn check_content_type(headers: &HeaderMap) -> Result<()> {
    let content_type = single(headers, &header::CONTENT_TYPE)?;
    let essence =
        content_type.map(|t| t.split(';').next().unwrap_or(t).trim().to_ascii_lowercase());
    match essence.as_deref() {
        Some("application/json") => Ok(()),
        None | Some("text/plain") if headers.contains_key(CONNECTION_STRING) => Ok(()),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "08P01",
            "the content type is not accepted",
        )
        .hint("Send Content-Type: application/json.")),
    }
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

    #[test]
    fn what_a_form_on_another_site_could_send_is_refused() {
        for (content_type, connection, accepted) in [
            (Some("application/json"), false, true),
            (Some("Application/JSON; charset=utf-8"), false, true),
            (Some("text/plain;charset=UTF-8"), true, true),
            (Some("text/plain;charset=UTF-8"), false, false),
            (None, true, true),
            (None, false, false),
            (Some("application/x-www-form-urlencoded"), true, false),
            (Some("multipart/form-data; boundary=x"), true, false),
            (Some("application/jsonp"), false, false),
        ] {
            let mut given = HeaderMap::new();
            if let Some(content_type) = content_type {
                given.append("content-type", content_type.parse().unwrap());
            }
            if connection {
                given.append("neon-connection-string", "postgres://u:p@h/d".parse().unwrap());
            }
            assert_eq!(
                check_content_type(&given).is_ok(),
                accepted,
                "{content_type:?} {connection}"
            );
        }
    }

    #[test]
    fn the_batch_headers_become_one_begin() {
        for (pairs, begin) in [
            (&[][..], "BEGIN"),
            (
                &[
                    ("neon-batch-isolation-level", "Serializable"),
                    ("neon-batch-read-only", "true"),
                    ("neon-batch-deferrable", "true"),
                ],
                "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE",
            ),
            (&[("neon-batch-read-only", "false")], "BEGIN READ WRITE"),
        ] {
            assert_eq!(read(&headers(pairs)).unwrap().begin, begin);
        }
        for pair in [("neon-batch-isolation-level", "serializable; DROP"), ("neon-array-mode", "1")]
        {
            assert!(read(&headers(&[pair])).is_err());
        }
    }
}
