//! Start-up and SCRAM, up to the first ReadyForQuery. Knows no other method of authentication.

use bytes::Bytes;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::frontend;

use super::{Reply, Request, ServerError, Wire};
use crate::login::Login;

const OK: i32 = 0;
const SASL: i32 = 10;
const SASL_CONTINUE: i32 = 11;
const SASL_FINAL: i32 = 12;

pub(super) async fn authenticate(
    wire: &mut Wire,
    login: &Login,
    parameters: &[(&str, &str)],
) -> Result<(), ServerError> {
    let start = [("user", login.name()), ("database", login.database())];
    wire.send(Request::startup(&[&start, parameters].concat())).await;
    let binding = ChannelBinding::unsupported();
    let mut scram = ScramSha256::new(login.password().as_bytes(), binding);
    loop {
        match wire.next().await.expect("the server answers a start-up") {
            Reply::Authentication(kind, data) => continue_sasl(wire, &mut scram, kind, &data).await,
            Reply::Key(process, secret) => wire.key = (process, secret),
            Reply::Error(error) => return Err(error),
            Reply::Ready(_) => return Ok(()),
            _ => {}
        }
    }
}

async fn continue_sasl(wire: &mut Wire, scram: &mut ScramSha256, kind: i32, data: &Bytes) {
    let mut answer = bytes::BytesMut::new();
    let written = match kind {
        SASL => frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut answer),
        SASL_CONTINUE => {
            scram.update(data).expect("the server's challenge is well-formed");
            frontend::sasl_response(scram.message(), &mut answer)
        }
        SASL_FINAL => {
            scram.finish(data).expect("the server knows the password's verifier");
            Ok(())
        }
        OK => Ok(()),
        other => panic!("the server asks for authentication by method {other}"),
    };
    written.expect("messages of SCRAM hold no NUL");
    if !answer.is_empty() {
        wire.send(Request::prepared(answer)).await;
    }
}
