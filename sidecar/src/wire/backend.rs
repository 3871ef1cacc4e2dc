//! Messages from the server: framing, and the one message that postgres-protocol leaves out,
//! FunctionCallResponse.

use bytes::BytesMut;
use postgres_protocol::message::backend::{Header, Message, ParameterStatusBody};

const FUNCTION_CALL_RESPONSE_TAG: u8 = b'V';

/// One whole message.
pub enum Incoming {
    /// The result of a FunctionCall as text; `None` is SQL's NULL.
    FunctionResult(Option<String>),
    /// Any other message.
    Message(Message),
}

/// A setting that the server reports by itself, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Parameter {
    /// Reads a ParameterStatus; `None` where it is not text.
    pub fn read(body: &ParameterStatusBody) -> Option<Self> {
        let (name, value) = (body.name().ok()?.to_owned(), body.value().ok()?.to_owned());
        Some(Self { name, value })
    }
}

/// The bytes are not PostgreSQL's protocol, or more than we are willing to hold.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Not a message of the protocol.
    #[error("malformed message from the server")]
    Protocol,
    /// A single message longer than the limit.
    #[error("a message of the server is longer than {0} bytes")]
    TooLong(usize),
}

/// Takes the first whole message off `buffer`, if there is one.
pub fn take(buffer: &mut BytesMut, limit: usize) -> Result<Option<Incoming>, Malformed> {
    let Some(header) = Header::parse(buffer).map_err(|_| Malformed::Protocol)? else {
        return Ok(None);
    };
    let length = usize::try_from(header.len()).map_err(|_| Malformed::Protocol)?;
    if length > limit {
        return Err(Malformed::TooLong(limit));
    }
    if buffer.len() <= length {
        buffer.reserve(length + 1 - buffer.len());
        return Ok(None);
    }
    if header.tag() == FUNCTION_CALL_RESPONSE_TAG {
        let message = buffer.split_to(length + 1);
        return function_result(&message[5..]).map(|r| Some(Incoming::FunctionResult(r)));
    }
    match Message::parse(buffer) {
        Ok(Some(message)) => Ok(Some(Incoming::Message(message))),
        Ok(None) | Err(_) => Err(Malformed::Protocol),
    }
}

fn function_result(body: &[u8]) -> Result<Option<String>, Malformed> {
    let (length, value) = body.split_first_chunk::<4>().ok_or(Malformed::Protocol)?;
    match i32::from_be_bytes(*length) {
        -1 if value.is_empty() => Ok(None),
        n if usize::try_from(n) == Ok(value.len()) => {
            String::from_utf8(value.to_vec()).map(Some).map_err(|_| Malformed::Protocol)
        }
        _ => Err(Malformed::Protocol),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result_of(bytes: &[u8]) -> Result<Option<String>, Malformed> {
        match take(&mut BytesMut::from(bytes), 1000)?.unwrap() {
            Incoming::FunctionResult(text) => Ok(text),
            Incoming::Message(_) => panic!("another message"),
        }
    }

    #[test]
    fn a_function_result_is_text_or_null() {
        assert_eq!(
            result_of(b"V\x00\x00\x00\x0c\x00\x00\x00\x047/12").unwrap().as_deref(),
            Some("7/12")
        );
        assert_eq!(result_of(b"V\x00\x00\x00\x08\xff\xff\xff\xff").unwrap(), None);
    }

    #[test]
    fn a_result_whose_lengths_disagree_is_malformed() {
        for bytes in [
            &b"V\x00\x00\x00\x0c\x00\x00\x00\x057/12"[..],
            &b"V\x00\x00\x00\x0c\x00\x00\x00\x037/12"[..],
            &b"V\x00\x00\x00\x0c\xff\xff\xff\xff7/12"[..],
            &b"V\x00\x00\x00\x06\x00\x00"[..],
            &b"V\x00\x00\x00\x09\x00\x00\x00\x01\xff"[..],
        ] {
            assert!(result_of(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn half_a_message_waits_for_the_rest() {
        let whole = b"Z\x00\x00\x00\x05I";
        for cut in 0..whole.len() {
            let mut buffer = BytesMut::from(&whole[..cut]);
            assert!(take(&mut buffer, 1000).unwrap().is_none());
            assert_eq!(buffer.len(), cut);
        }
        let mut buffer = BytesMut::from(&b"Z\x00\x00\x00\x05IZ"[..]);
        assert!(take(&mut buffer, 1000).unwrap().is_some());
        assert_eq!(&buffer[..], b"Z");
    }

    #[test]
    fn unknown_tags_and_overlong_messages_are_malformed() {
        for bytes in [
            &b"@\x00\x00\x00\x04"[..],
            &b"Z\x00\x00\x00\x01"[..],
            &b"D\x00\x00\x04\x00"[..],
            &b"D\xff\xff\xff\xff"[..],
        ] {
            assert!(take(&mut BytesMut::from(bytes), 1000).is_err(), "{bytes:?}");
        }
    }
}
