//! Messages to the server (manual, chapter "Message Formats").
//!
//! Client SQL goes out through the unnamed statement and the unnamed portal only: a named one
//! would outlive the request, and its name could be squatted by the tenant.

use bytes::{BufMut, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;
use std::convert::Infallible;

/// One statement of a client: text with `$1`-style parameters, each in text format or NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// The SQL text; the server refuses more than one statement in it.
    pub query: String,
    /// The parameters in order.
    pub params: Vec<Option<String>>,
}

/// Why a statement cannot be put on the wire at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// The protocol ends strings with a zero byte.
    #[error("the query holds a zero byte")]
    ZeroByte,
    /// The protocol counts parameters in 16 bits and bytes in 31.
    #[error("the statement has too many or too long parameters")]
    TooLong,
}

/// Writes Parse, Bind, Describe (portal) and Execute, without Sync.
pub fn statement(statement: &Statement, out: &mut BytesMut) -> Result<(), Unsendable> {
    if statement.query.contains('\0') {
        return Err(Unsendable::ZeroByte);
    }
    frontend::parse("", &statement.query, [], out).map_err(|_| Unsendable::TooLong)?;
    frontend::bind("", "", [], &statement.params, write_text, [], out)
        .map_err(|_| Unsendable::TooLong)?;
    frontend::describe(b'P', "", out).map_err(|_| Unsendable::TooLong)?;
    frontend::execute("", 0, out).map_err(|_| Unsendable::TooLong)
}

fn write_text(
    value: &Option<String>,
    out: &mut BytesMut,
) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
    match value {
        None => Ok(IsNull::Yes),
        Some(text) => {
            out.put_slice(text.as_bytes());
            Ok(IsNull::No)
        }
    }
}

/// Writes a statement of our own that takes no parameters and whose rows nobody reads.
pub fn command(text: &str, out: &mut BytesMut) -> Result<(), Unsendable> {
    frontend::parse("", text, [], out).map_err(|_| Unsendable::ZeroByte)?;
    frontend::bind("", "", [], None::<Infallible>, |never, _| match never {}, [], out)
        .map_err(|_| Unsendable::TooLong)?;
    frontend::execute("", 0, out).map_err(|_| Unsendable::TooLong)
}

/// Writes a simple Query, for texts of our own only.
pub fn query(text: &'static str, out: &mut BytesMut) -> Result<(), Unsendable> {
    frontend::query(text, out).map_err(|_| Unsendable::ZeroByte)
}

/// Writes Sync: the end of an implicit transaction.
pub fn sync(out: &mut BytesMut) {
    frontend::sync(out);
}

/// Writes a FunctionCall ('F') with arguments and result in text format. It names its function
/// by OID, so no statement name or search path of a tenant can catch its arguments.
pub fn function_call(oid: u32, arguments: &[Option<&str>], out: &mut BytesMut) {
    out.put_u8(b'F');
    let length_at = out.len();
    out.put_i32(0);
    out.put_u32(oid);
    out.put_i16(0); // no format codes: all arguments are text
    out.put_i16(i16::try_from(arguments.len()).unwrap_or(i16::MAX));
    for argument in arguments {
        match argument {
            None => out.put_i32(-1),
            Some(text) => {
                out.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
                out.put_slice(text.as_bytes());
            }
        }
    }
    out.put_i16(0); // the result as text
    let length = i32::try_from(out.len() - length_at).unwrap_or(i32::MAX);
    out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_call_is_laid_out_as_the_manual_says() {
        let mut out = BytesMut::new();
        function_call(258, &[Some("ab"), None], &mut out);
        let expected = [
            &b"F"[..],
            &[0, 0, 0, 24],
            &[0, 0, 1, 2],
            &[0, 0],
            &[0, 2],
            &[0, 0, 0, 2],
            b"ab",
            &[255, 255, 255, 255],
            &[0, 0],
        ]
        .concat();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_statement_is_unnamed_and_in_text_format() {
        let mut out = BytesMut::new();
        let given = Statement { query: "SELECT $1".into(), params: vec![Some("x".into()), None] };
        statement(&given, &mut out).unwrap();
        let expected = [
            &b"P\x00\x00\x00\x11\x00SELECT $1\x00\x00\x00"[..],
            &b"B\x00\x00\x00\x15\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01x\xff\xff\xff\xff\x00\x00"
                [..],
            &b"D\x00\x00\x00\x06P\x00"[..],
            &b"E\x00\x00\x00\x09\x00\x00\x00\x00\x00"[..],
        ]
        .concat();
        assert_eq!(out, expected);
    }

    #[test]
    fn a_zero_byte_in_the_query_would_cut_it_short_and_is_refused() {
        let given = Statement { query: "SELECT 1\0, secret".into(), params: vec![] };
        assert_eq!(statement(&given, &mut BytesMut::new()), Err(Unsendable::ZeroByte));
    }

    #[test]
    fn more_parameters_than_the_protocol_can_count_are_refused() {
        let given = Statement { query: "SELECT 1".into(), params: vec![None; 70_000] };
        assert_eq!(statement(&given, &mut BytesMut::new()), Err(Unsendable::TooLong));
    }
}
