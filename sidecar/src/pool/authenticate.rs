//! Start-up and authentication of our own login: trust, SCRAM-SHA-256, md5; a password in
//! clear only where nobody can listen.

use super::cancel::CancelKey;
use super::channel::Channel;
use super::{Address, Error};
use crate::wire::{ErrorReport, Incoming, Parameter};
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

const UNEXPECTED: Error = Error::Odd("message out of place during start-up");
const NO_PASSWORD: Error = Error::Authentication("the server asks for a password and none is set");

/// Starts the session and reads up to the first ReadyForQuery.
pub async fn start(channel: &mut Channel, address: &Address) -> Result<CancelKey, Error> {
    start_reporting(channel, address, &mut Vec::new()).await
}

/// The same, and keeps what the server says of its settings.
pub async fn start_reporting(
    channel: &mut Channel,
    address: &Address,
    reported: &mut Vec<Parameter>,
) -> Result<CancelKey, Error> {
    let parameters = [
        ("user", address.user.as_str()),
        ("database", address.database.as_str()),
        ("application_name", "tenancy"),
        ("client_encoding", "UTF8"),
    ];
    frontend::startup_message(parameters, channel.outbox())
        .map_err(|_| Error::Authentication("login or database name holds a zero byte"))?;
    authenticate(channel, address).await?;
    let mut key = None;
    loop {
        match message(channel).await? {
            Message::BackendKeyData(body) => {
                key = Some(CancelKey {
                    address: address.clone(),
                    process_id: body.process_id(),
                    secret: body.secret_key(),
                });
            }
            Message::ParameterStatus(body) => reported.extend(Parameter::read(&body)),
            Message::NoticeResponse(_) => {}
            Message::ReadyForQuery(_) => return key.ok_or(UNEXPECTED),
            _ => return Err(UNEXPECTED),
        }
    }
}

async fn authenticate(channel: &mut Channel, address: &Address) -> Result<(), Error> {
    loop {
        match message(channel).await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationSasl(body) => scram(channel, address, &body).await?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(address.user.as_bytes(), password(address)?, body.salt());
                send_password(channel, hash.as_bytes())?;
            }
            Message::AuthenticationCleartextPassword if address.endpoint.is_private() => {
                send_password(channel, password(address)?)?;
            }
            Message::AuthenticationCleartextPassword => {
                return Err(Error::Authentication(
                    "the server asks for a password in clear over an unencrypted network",
                ));
            }
            _ => return Err(Error::Authentication("the server asks for a method we do not know")),
        }
    }
}

async fn scram(
    channel: &mut Channel,
    address: &Address,
    offered: &AuthenticationSaslBody,
) -> Result<(), Error> {
    let known = offered.mechanisms().any(|name| Ok(name == SCRAM_SHA_256));
    if !known.unwrap_or(false) {
        return Err(Error::Authentication("the server offers no SCRAM-SHA-256"));
    }
    let mut scram = ScramSha256::new(password(address)?, ChannelBinding::unsupported());
    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), channel.outbox())
        .map_err(|_| UNEXPECTED)?;
    let Message::AuthenticationSaslContinue(body) = message(channel).await? else {
        return Err(UNEXPECTED);
    };
    scram.update(body.data()).map_err(|_| Error::Authentication("SCRAM exchange failed"))?;
    frontend::sasl_response(scram.message(), channel.outbox()).map_err(|_| UNEXPECTED)?;
    let Message::AuthenticationSaslFinal(body) = message(channel).await? else {
        return Err(UNEXPECTED);
    };
    // The server proves here that it knows the verifier; one that does not is not ours.
    scram.finish(body.data()).map_err(|_| Error::Authentication("the server's proof is wrong"))
}

fn password(address: &Address) -> Result<&[u8], Error> {
    address.password.as_deref().map(str::as_bytes).ok_or(NO_PASSWORD)
}

fn send_password(channel: &mut Channel, password: &[u8]) -> Result<(), Error> {
    frontend::password_message(password, channel.outbox())
        .map_err(|_| Error::Authentication("the password holds a zero byte"))
}

async fn message(channel: &mut Channel) -> Result<Message, Error> {
    match channel.next().await? {
        Incoming::Message(Message::ErrorResponse(body)) => {
            Err(Error::Refused(Box::new(ErrorReport::read(body.fields()))))
        }
        Incoming::Message(message) => Ok(message),
        Incoming::FunctionResult(_) => Err(UNEXPECTED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Endpoint;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, split};

    /// AuthenticationOk, BackendKeyData, ReadyForQuery.
    const READY: &[u8] = b"R\x00\x00\x00\x08\x00\x00\x00\x00\
        K\x00\x00\x00\x0c\x00\x00\x00\x07\x00\x00\x00\x09Z\x00\x00\x00\x05I";

    fn address(endpoint: Endpoint, password: Option<&str>) -> Address {
        Address {
            endpoint,
            user: "gate".into(),
            database: "app".into(),
            password: password.map(str::to_owned),
        }
    }

    /// Plays the server: one step of `script` after each message of the client. Gives back all
    /// that the client said.
    async fn against(script: &[&[u8]], address: &Address) -> (Result<CancelKey, Error>, Vec<u8>) {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let (reader, writer) = split(ours);
        let mut channel = Channel::new(reader, writer, 1 << 20);
        let serve = async {
            let mut said = Vec::with_capacity(4096);
            for step in script {
                if theirs.read_buf(&mut said).await.unwrap() == 0 {
                    break;
                }
                theirs.write_all(step).await.unwrap();
            }
            said
        };
        let play = async {
            let result = start(&mut channel, address).await;
            drop(channel);
            result
        };
        tokio::join!(play, serve)
    }

    #[tokio::test]
    async fn trust_needs_no_password() {
        let (key, said) = against(&[READY], &address(Endpoint::Unix("/x".into()), None)).await;
        let key = key.unwrap();
        assert_eq!((key.process_id, key.secret), (7, 9));
        assert!(said.windows(10).any(|w| w == b"user\0gate\0"));
    }

    #[tokio::test]
    async fn a_password_in_clear_stays_on_this_machine() {
        let script = [&b"R\x00\x00\x00\x08\x00\x00\x00\x03"[..], READY];
        for (endpoint, sent) in [
            (Endpoint::Unix("/x".into()), true),
            (Endpoint::Tcp("127.0.0.1".into(), 5432), true),
            (Endpoint::Tcp("10.0.0.1".into(), 5432), false),
            (Endpoint::Tcp("localhost".into(), 5432), false),
        ] {
            let (result, said) = against(&script, &address(endpoint, Some("secret"))).await;
            assert_eq!(result.is_ok(), sent);
            assert_eq!(said.windows(6).any(|w| w == b"secret"), sent);
        }
    }

    #[tokio::test]
    async fn md5_sends_the_hash() {
        let script = [&b"R\x00\x00\x00\x0c\x00\x00\x00\x05\x01\x02\x03\x04"[..], READY];
        let far = address(Endpoint::Tcp("10.0.0.1".into(), 5432), Some("secret"));
        let (result, said) = against(&script, &far).await;
        assert!(result.is_ok());
        let hash = md5_hash(b"gate", b"secret", [1, 2, 3, 4]);
        assert!(said.windows(hash.len()).any(|w| w == hash.as_bytes()));
    }

    #[tokio::test]
    async fn a_refusal_and_an_unknown_method_are_told_apart() {
        let refusal: &[u8] = b"E\x00\x00\x00\x1aSFATAL\0C28000\0Mno\0\0\0\0\0\0";
        let unknown: &[u8] = b"R\x00\x00\x00\x08\x00\x00\x00\x07";
        let here = address(Endpoint::Unix("/x".into()), None);
        assert!(
            matches!(against(&[refusal], &here).await.0, Err(Error::Refused(r)) if r.code == "28000")
        );
        assert!(matches!(against(&[unknown], &here).await.0, Err(Error::Authentication(_))));
    }
}
