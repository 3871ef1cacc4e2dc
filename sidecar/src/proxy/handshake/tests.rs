//! The start of connections as a client sees it that does everything by hand.

mod admitted;
mod encrypted;
mod wrong;

use super::*;
use crate::admission::tests::{PASSWORD, admission};
use crate::wire::{ErrorReport, Incoming, backend};
use bytes::BufMut;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

const PEER: Peer = Peer::Address(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

async fn host_with(authenticate: bool, change: impl FnOnce(&mut Settings)) -> Arc<Handshake> {
    let mut settings = Settings {
        encryption: None,
        patience: Duration::from_secs(5),
        database: "app".into(),
        session_logins: vec![],
        admin_logins: vec!["stranger".into()],
        ignored_parameters: vec![],
        failures_per_minute: 0,
    };
    change(&mut settings);
    Arc::new(Handshake::new(Arc::new(admission(authenticate).await), settings))
}

async fn host() -> Arc<Handshake> {
    host_with(true, |_| {}).await
}

/// Any line.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A client, and what becomes of its connection.
struct Client {
    stream: Box<dyn Duplex>,
    heard: BytesMut,
    arrival: JoinHandle<Option<Arrival>>,
}

impl Client {
    fn connect(host: &Arc<Handshake>) -> Self {
        Self::connect_from(host, PEER)
    }

    fn connect_from(host: &Arc<Handshake>, peer: Peer) -> Self {
        let (stream, other) = UnixStream::pair().unwrap();
        let host = host.clone();
        // Workers may spawn it.
        let arrival =
            tokio::spawn(async move { host.receive(ClientStream::Unix(other), peer).await });
        Self { stream: Box::new(stream), heard: BytesMut::new(), arrival }
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn start(&mut self, minor: u16, parameters: &[(&str, &str)]) {
        self.send(&start_packet(minor, parameters)).await;
    }

    /// The next message; `None` at the end.
    async fn hear(&mut self) -> Option<Message> {
        loop {
            match backend::take(&mut self.heard, 10_000).unwrap() {
                Some(Incoming::Message(message)) => return Some(message),
                Some(Incoming::FunctionResult(_)) => panic!("negotiation is read by hand"),
                None => {}
            }
            if self.stream.read_buf(&mut self.heard).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// Goes on from the start packet with a password.
    async fn prove(&mut self, password: &str) -> Option<Message> {
        self.prove_with(password, "SCRAM-SHA-256", ChannelBinding::unsupported()).await
    }

    /// The same by one of the two mechanisms.
    async fn prove_with(
        &mut self,
        password: &str,
        mechanism: &str,
        binding: ChannelBinding,
    ) -> Option<Message> {
        let Some(Message::AuthenticationSasl(_)) = self.hear().await else { panic!("no SASL") };
        let mut client = ScramSha256::new(password.as_bytes(), binding);
        let mut out = BytesMut::new();
        frontend::sasl_initial_response(mechanism, client.message(), &mut out).unwrap();
        self.send(&out).await;
        match self.hear().await {
            Some(Message::AuthenticationSaslContinue(body)) => client.update(body.data()).unwrap(),
            other => return other,
        }
        let mut out = BytesMut::new();
        frontend::sasl_response(client.message(), &mut out).unwrap();
        self.send(&out).await;
        match self.hear().await {
            Some(Message::AuthenticationSaslFinal(body)) => client.finish(body.data()).unwrap(),
            other => return other,
        }
        self.hear().await
    }

    /// The error that comes before the end.
    async fn refused(mut self) -> ErrorReport {
        let last = self.hear().await;
        self.refused_with(last).await
    }

    async fn refused_with(mut self, message: Option<Message>) -> ErrorReport {
        let Some(Message::ErrorResponse(body)) = message else { panic!("not an error") };
        let report = ErrorReport::read(body.fields());
        assert!(report.is_fatal());
        assert!(self.hear().await.is_none(), "the line is closed behind an error");
        assert!(self.arrival.await.unwrap().is_none());
        report
    }

    async fn arrived(self) -> Arrival {
        self.arrival.await.unwrap().unwrap()
    }
}

fn start_packet(minor: u16, parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = vec![0, 3];
    body.put_u16(minor);
    for (name, value) in parameters {
        body.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    body.push(0);
    packet(&body)
}

fn packet(body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
}

/// One login from start to end: the guest, or the error.
async fn login(
    host: &Arc<Handshake>,
    parameters: &[(&str, &str)],
    password: &str,
) -> Result<Arrival, ErrorReport> {
    let mut client = Client::connect(host);
    client.start(0, parameters).await;
    match client.prove(password).await {
        Some(Message::AuthenticationOk) => Ok(client.arrived().await),
        other => Err(client.refused_with(other).await),
    }
}
