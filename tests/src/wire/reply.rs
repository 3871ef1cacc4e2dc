//! Messages from the server, as plain values. Writes nothing and asks nothing back.

use std::collections::HashMap;

use bytes::{Buf, Bytes};

/// One message of the server; what tests never look into is `Other`, with its tag.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Authentication: the kind of request and its data.
    Authentication(i32, Bytes),
    /// ParameterStatus.
    Parameter(String, String),
    /// BackendKeyData.
    Key(i32, i32),
    /// DataRow, in text format.
    Row(Vec<Option<String>>),
    /// FunctionCallResponse.
    Function(Option<String>),
    /// CommandComplete.
    Complete(String),
    /// ErrorResponse.
    Error(ServerError),
    /// NoticeResponse.
    Notice(ServerError),
    /// NotificationResponse: channel and payload.
    Notification(String, String),
    /// ReadyForQuery: `I`, `T` or `E`.
    Ready(char),
    /// Any other message.
    Other(char),
}

/// What an ErrorResponse or NoticeResponse says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerError {
    /// SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

impl Reply {
    pub(super) fn parse(tag: u8, mut body: Bytes) -> Reply {
        match tag {
            b'R' => Reply::Authentication(body.get_i32(), body),
            b'S' => Reply::Parameter(string(&mut body), string(&mut body)),
            b'K' => Reply::Key(body.get_i32(), body.get_i32()),
            b'D' => Reply::Row((0..body.get_i16()).map(|_| value(&mut body)).collect()),
            b'V' => Reply::Function(value(&mut body)),
            b'C' => Reply::Complete(string(&mut body)),
            b'E' => Reply::Error(ServerError::parse(body)),
            b'N' => Reply::Notice(ServerError::parse(body)),
            b'A' => {
                body.advance(4);
                Reply::Notification(string(&mut body), string(&mut body))
            }
            b'Z' => Reply::Ready(char::from(body.get_u8())),
            other => Reply::Other(char::from(other)),
        }
    }
}

impl ServerError {
    fn parse(mut body: Bytes) -> ServerError {
        let mut fields = HashMap::new();
        while body.remaining() > 1 {
            fields.insert(body.get_u8(), string(&mut body));
        }
        ServerError {
            code: fields.remove(&b'C').unwrap_or_default(),
            message: fields.remove(&b'M').unwrap_or_default(),
            detail: fields.remove(&b'D'),
            hint: fields.remove(&b'H'),
        }
    }
}

/// The rows among the replies, or the first error.
pub(super) fn rows(replies: Vec<Reply>) -> Result<Vec<Vec<Option<String>>>, ServerError> {
    let mut rows = Vec::new();
    for reply in replies {
        match reply {
            Reply::Row(row) => rows.push(row),
            Reply::Error(error) => return Err(error),
            _ => {}
        }
    }
    Ok(rows)
}

/// Up to the next NUL.
fn string(body: &mut Bytes) -> String {
    let end = body.iter().position(|byte| *byte == 0).expect("strings of the protocol end in NUL");
    let text = body.split_to(end);
    body.advance(1);
    String::from_utf8_lossy(&text).into_owned()
}

/// A length and that many bytes; -1 is NULL.
fn value(body: &mut Bytes) -> Option<String> {
    let length = usize::try_from(body.get_i32()).ok()?;
    Some(String::from_utf8_lossy(&body.split_to(length)).into_owned())
}
