//! The start of a connection as a server sees it: what a client's first packet asks for, and what it
//! is told until it may ask queries (manual, chapter "Message Flow", "Start-up").

use super::Parameter;
use bytes::{BufMut, BytesMut};

/// No client's first packet is longer, in PostgreSQL as here.
const LONGEST: usize = 10_000;
const CANCEL: i32 = 80_877_102;
const TLS: i32 = 80_877_103;
const GSS: i32 = 80_877_104;

/// What a first packet asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Opening {
    /// Encryption; another first packet follows the answer.
    Encryption,
    /// That a statement of another connection be cancelled.
    Cancel {
        /// The backend's process id.
        process_id: i32,
        /// The secret that goes with it.
        secret: i32,
    },
    /// A session, with these parameters.
    Session {
        /// The protocol's minor version, where ours is 0.
        minor: u16,
        /// User, database, settings.
        parameters: Vec<Parameter>,
    },
}

/// The packet is not of the protocol, or of one that nobody speaks any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed start of a connection")]
pub struct Malformed;

/// Takes a client's first packet off `buffer`, if it is there as a whole.
pub fn take(buffer: &mut BytesMut) -> Result<Option<Opening>, Malformed> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| Malformed)?;
    if !(8..=LONGEST).contains(&length) {
        return Err(Malformed);
    }
    if buffer.len() < length {
        return Ok(None);
    }
    let packet = buffer.split_to(length);
    let (code, rest) = packet[4..].split_first_chunk::<4>().ok_or(Malformed)?;
    match i32::from_be_bytes(*code) {
        TLS | GSS => Ok(Some(Opening::Encryption)),
        CANCEL => cancel(rest).map(Some),
        code if code >> 16 == 3 => session(code, rest).map(Some),
        _ => Err(Malformed),
    }
}

fn cancel(body: &[u8]) -> Result<Opening, Malformed> {
    let (process_id, secret) = body.split_first_chunk::<4>().ok_or(Malformed)?;
    let secret = secret.try_into().map_err(|_| Malformed)?;
    let (process_id, secret) = (i32::from_be_bytes(*process_id), i32::from_be_bytes(secret));
    Ok(Opening::Cancel { process_id, secret })
}

fn session(code: i32, body: &[u8]) -> Result<Opening, Malformed> {
    let minor = u16::try_from(code & 0xffff).map_err(|_| Malformed)?;
    let body = body.strip_suffix(b"\0\0").or_else(|| body.strip_suffix(b"\0")).ok_or(Malformed)?;
    let texts = std::str::from_utf8(body).map_err(|_| Malformed)?;
    let mut texts = texts.split('\0').filter(|_| !body.is_empty());
    let mut parameters = Vec::new();
    while let Some(name) = texts.next() {
        let (name, value) = (name.to_owned(), texts.next().ok_or(Malformed)?.to_owned());
        parameters.push(Parameter { name, value });
    }
    Ok(Opening::Session { minor, parameters })
}

/// Takes a PasswordMessage off `buffer`, if it is there as a whole.
pub fn take_password(buffer: &mut BytesMut) -> Result<Option<Vec<u8>>, Malformed> {
    let Some(head) = buffer.first_chunk::<5>() else { return Ok(None) };
    let [tag, length @ ..] = *head;
    let length = usize::try_from(i32::from_be_bytes(length)).map_err(|_| Malformed)?;
    if tag != b'p' || !(5..=LONGEST).contains(&length) {
        return Err(Malformed);
    }
    if buffer.len() <= length {
        return Ok(None);
    }
    let message = buffer.split_to(length + 1);
    message[5..].strip_suffix(b"\0").map(|password| Some(password.to_vec())).ok_or(Malformed)
}

/// Says that minor versions and parameters of the protocol that we do not know have no effect.
pub fn negotiate(parameters: &[Parameter], out: &mut BytesMut) {
    let unknown = || parameters.iter().filter(|p| p.name.starts_with("_pq_."));
    message(b'v', out, |out| {
        out.put_i32(0);
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
    message(b'R', out, |out| out.put_i32(0));
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

/// Ends the start of a connection with an error.
pub fn refuse(code: &str, reason: &str, out: &mut BytesMut) {
    message(b'E', out, |out| {
        for (field, value) in [(b'S', "FATAL"), (b'V', "FATAL"), (b'C', code), (b'M', reason)] {
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
