//! Messages from the client, put together by hand or by postgres-protocol. Reads nothing.

use bytes::{BufMut, BytesMut};
use postgres_protocol::IsNull;
use postgres_protocol::message::frontend;

/// Messages that go out in one packet, in the order they were added.
#[derive(Clone, Default)]
pub struct Request(BytesMut);

impl Request {
    /// Nothing yet.
    pub fn new() -> Request {
        Request::default()
    }

    /// Query: one or more statements as text.
    pub fn query(mut self, sql: &str) -> Request {
        frontend::query(sql, &mut self.0).expect("no NUL in a test's SQL");
        self
    }

    /// Parse, with a statement's name or "" for the unnamed one; the server guesses the types.
    pub fn parse(mut self, statement: &str, sql: &str) -> Request {
        frontend::parse(statement, sql, [], &mut self.0).expect("no NUL in a test's SQL");
        self
    }

    /// Bind to the unnamed portal: arguments and results in text format.
    pub fn bind(mut self, statement: &str, arguments: &[Option<&str>]) -> Request {
        let write = |argument: &Option<&str>, buffer: &mut BytesMut| {
            Ok(match argument {
                Some(text) => {
                    buffer.put_slice(text.as_bytes());
                    IsNull::No
                }
                None => IsNull::Yes,
            })
        };
        if frontend::bind("", statement, [], arguments, write, [], &mut self.0).is_err() {
            panic!("no NUL in a test's statement name");
        }
        self
    }

    /// Execute the unnamed portal to its end.
    pub fn execute(mut self) -> Request {
        frontend::execute("", 0, &mut self.0).expect("an empty name holds no NUL");
        self
    }

    /// Sync.
    pub fn sync(mut self) -> Request {
        frontend::sync(&mut self.0);
        self
    }

    /// Terminate.
    pub fn terminate(mut self) -> Request {
        frontend::terminate(&mut self.0);
        self
    }

    /// FunctionCall by OID, arguments and result in text format.
    pub fn function_call(self, function: u32, arguments: &[Option<&str>]) -> Request {
        let mut body = BytesMut::new();
        body.put_u32(function);
        body.put_i16(0);
        body.put_i16(arguments.len() as i16);
        for argument in arguments {
            match argument {
                Some(text) => {
                    body.put_i32(text.len() as i32);
                    body.put_slice(text.as_bytes());
                }
                None => body.put_i32(-1),
            }
        }
        body.put_i16(0);
        self.raw(b'F', &body)
    }

    /// Any message: its tag and its body, right or wrong.
    pub fn raw(mut self, tag: u8, body: &[u8]) -> Request {
        self.0.put_u8(tag);
        self.0.put_i32(body.len() as i32 + 4);
        self.0.put_slice(body);
        self
    }

    pub(super) fn startup(parameters: &[(&str, &str)]) -> Request {
        let mut request = Request::new();
        let parameters = parameters.iter().copied();
        frontend::startup_message(parameters, &mut request.0).expect("no NUL in a login's name");
        request
    }

    /// Bytes that are messages already.
    pub(super) fn prepared(bytes: BytesMut) -> Request {
        Request(bytes)
    }

    pub(super) fn into_bytes(self) -> BytesMut {
        self.0
    }
}
