//! The start of a connection as a server sees it: what a client's first packet asks for, and what it
//! is told until it may ask queries (manual, chapter "Message Flow", "Start-up").

mod options;

pub use options::settings;

use super::Parameter;
use bytes::{BufMut, BytesMut};

/// No client's first packet is longer, in PostgreSQL as here.
const LONGEST: usize = 10_000;
/// Nor is a secret that goes with a cancel request.
const LONGEST_SECRET: usize = 256;
const CANCEL: i32 = 80_877_102;
const TLS: i32 = 80_877_103;
const GSS: i32 = 80_877_104;

/// What a first packet asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// TLS; another first packet follows the answer.
    Tls,
    /// Encryption by GSSAPI; another first packet follows the answer.
    Gss,
    /// That a statement of another connection be cancelled.
    Cancel {
        /// The backend's process id.
        process_id: i32,
        /// The secret that goes with it: 4 bytes up to version 3.0, then up to 256.
        secret: Vec<u8>,
    },
    /// A session, with these parameters.
    Session {
        /// The protocol's minor version.
        minor: u16,
        /// User, database, settings.
        parameters: Vec<Parameter>,
    },
}

/// Why a message is not one of the start of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Its length is none of this protocol's: this may not be a client of PostgreSQL at all, and
    /// would not understand an answer.
    #[error("invalid length of a message")]
    Length,
    /// A major version of the protocol that nobody speaks any more.
    #[error("unsupported frontend protocol {0}.{1}")]
    Version(u16, u16),
    /// What is inside is not laid out as it should be.
    #[error("malformed start of a connection")]
    Layout,
}

/// Takes a client's first packet off `buffer`, if it is there as a whole.
pub fn take(buffer: &mut BytesMut) -> Result<Option<Opening>, Malformed> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| Malformed::Length)?;
    if !(8..=LONGEST).contains(&length) {
        return Err(Malformed::Length);
    }
    if buffer.len() < length {
        return Ok(None);
    }
    let packet = buffer.split_to(length);
    let (code, rest) = packet[4..].split_first_chunk::<4>().ok_or(Malformed::Length)?;
    let (major, minor) = ([code[0], code[1]], [code[2], code[3]]);
    match (i32::from_be_bytes(*code), u16::from_be_bytes(major), u16::from_be_bytes(minor)) {
        (TLS, ..) if rest.is_empty() => Ok(Some(Opening::Tls)),
        (GSS, ..) if rest.is_empty() => Ok(Some(Opening::Gss)),
        (TLS | GSS, ..) => Err(Malformed::Layout),
        (CANCEL, ..) => cancel(rest).map(Some),
        (_, 3, minor) => session(minor, rest).map(Some),
        (_, major, minor) => Err(Malformed::Version(major, minor)),
    }
}

fn cancel(body: &[u8]) -> Result<Opening, Malformed> {
    let (process_id, secret) = body.split_first_chunk::<4>().ok_or(Malformed::Layout)?;
    if !(4..=LONGEST_SECRET).contains(&secret.len()) {
        return Err(Malformed::Layout);
    }
    Ok(Opening::Cancel { process_id: i32::from_be_bytes(*process_id), secret: secret.to_vec() })
}

/// Names and values end with a zero byte each, and all of them with another one.
fn session(minor: u16, body: &[u8]) -> Result<Opening, Malformed> {
    let body = std::str::from_utf8(body).map_err(|_| Malformed::Layout)?;
    let mut rest = body;
    let mut next = || {
        let (text, behind) = rest.split_once('\0').ok_or(Malformed::Layout)?;
        rest = behind;
        Ok(text.to_owned())
    };
    let mut parameters = Vec::new();
    loop {
        let name = next()?;
        if name.is_empty() {
            break;
        }
        parameters.push(Parameter { name, value: next()? });
    }
    match rest.is_empty() {
        true => Ok(Opening::Session { minor, parameters }),
        false => Err(Malformed::Layout),
    }
}

/// Takes a PasswordMessage off `buffer`, if it is there as a whole.
pub fn take_password(buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(body) = take_proof(buffer)? else { return Ok(None) };
    body.strip_suffix(b"\0").map(|password| Some(password.to_vec())).ok_or(Malformed::Layout)
}

/// Takes the body of any message by which a client proves who it is off `buffer`, if it is there as
/// a whole: they share one tag.
pub fn take_proof(buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(head) = buffer.first_chunk::<5>() else { return Ok(None) };
    let [tag, length @ ..] = *head;
    let length = usize::try_from(i32::from_be_bytes(length)).map_err(|_| Malformed::Length)?;
    if tag != b'p' {
        return Err(Malformed::Layout);
    }
    if !(4..=LONGEST).contains(&length) {
        return Err(Malformed::Length);
    }
    if buffer.len() <= length {
        return Ok(None);
    }
    Ok(Some(buffer.split_to(length + 1)[5..].to_vec()))
}

/// A SASLInitialResponse: the mechanism, and the first message if there is one.
pub fn sasl_initial(body: &[u8]) -> Result<(&str, Option<&[u8]>), Malformed> {
    let end = body.iter().position(|byte| *byte == 0).ok_or(Malformed::Layout)?;
    let (mechanism, rest) = body.split_at(end);
    let mechanism = std::str::from_utf8(mechanism).map_err(|_| Malformed::Layout)?;
    let (length, first) = rest[1..].split_first_chunk::<4>().ok_or(Malformed::Layout)?;
    match i32::from_be_bytes(*length) {
        -1 if first.is_empty() => Ok((mechanism, None)),
        n if usize::try_from(n) == Ok(first.len()) => Ok((mechanism, Some(first))),
        _ => Err(Malformed::Layout),
    }
}

/// Offers these mechanisms of SASL.
pub fn offer_sasl(mechanisms: &[&str], out: &mut BytesMut) {
    message(b'R', out, |out| {
        out.put_i32(10);
        mechanisms.iter().for_each(|mechanism| text(mechanism, out));
        out.put_u8(0);
    });
}

/// The server's part of the exchange; more is to come from the client.
pub fn sasl_continue(data: &str, out: &mut BytesMut) {
    message(b'R', out, |out| {
        out.put_i32(11);
        out.put_slice(data.as_bytes());
    });
}

/// The server's last part of the exchange.
pub fn sasl_final(data: &str, out: &mut BytesMut) {
    message(b'R', out, |out| {
        out.put_i32(12);
        out.put_slice(data.as_bytes());
    });
}

/// Says that the client is who it says.
pub fn authenticated(out: &mut BytesMut) {
    message(b'R', out, |out| out.put_i32(0));
}

/// Says which minor version is spoken, and which parameters of the protocol have no effect: all. The
/// version is sent as a whole, as PostgreSQL does and libpq expects.
pub fn negotiate(minor: u16, parameters: &[Parameter], out: &mut BytesMut) {
    let unknown = || parameters.iter().filter(|p| p.name.starts_with("_pq_."));
    message(b'v', out, |out| {
        out.put_i32(3 << 16 | i32::from(minor));
        out.put_i32(i32::try_from(unknown().count()).unwrap_or(i32::MAX));
        unknown().for_each(|parameter| text(&parameter.name, out));
    });
}

/// Asks for the password in clear.
pub fn ask_password(out: &mut BytesMut) {
    message(b'R', out, |out| out.put_i32(3));
}

/// Says that the client is who it says, what the settings are, by which key it can cancel, and that it
/// may go on.
pub fn welcome(reported: &[Parameter], (process_id, secret): (i32, i32), out: &mut BytesMut) {
    authenticated(out);
    for parameter in reported {
        message(b'S', out, |out| {
            text(&parameter.name, out);
            text(&parameter.value, out);
        });
    }
    message(b'K', out, |out| {
        out.put_i32(process_id);
        out.put_i32(secret);
    });
    message(b'Z', out, |out| out.put_u8(b'I'));
}

/// Ends the start of a connection with an error: SQLSTATE, message, and DETAIL and HINT if any.
pub fn refuse(
    code: &str,
    reason: &str,
    (detail, hint): (Option<&str>, Option<&str>),
    out: &mut BytesMut,
) {
    let always = [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code), (b'M', reason)];
    let more = [(b'D', detail), (b'H', hint)];
    let given = more.into_iter().filter_map(|(field, value)| Some((field, value?)));
    message(b'E', out, |out| {
        for (field, value) in always.into_iter().chain(given) {
            out.put_u8(field);
            text(value, out);
        }
        out.put_u8(0);
    });
}

fn message(tag: u8, out: &mut BytesMut, body: impl FnOnce(&mut BytesMut)) {
    out.put_u8(tag);
    let start = out.len();
    out.put_i32(0);
    body(out);
    let length = i32::try_from(out.len() - start).unwrap_or(i32::MAX);
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// Text ends at a zero byte, wherever it comes from.
fn text(value: &str, out: &mut BytesMut) {
    out.put_slice(value.split('\0').next().unwrap_or_default().as_bytes());
    out.put_u8(0);
}

#[cfg(test)]
mod tests;
