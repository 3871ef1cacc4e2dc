//! Clients that want TLS, and what it tells of where they want to go.

use super::*;
use crate::tls::tests::Authority;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::ServerName;

const REQUEST: &[u8] = b"\0\0\0\x08\x04\xd2\x16\x2f";
const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// A host with a certificate for these names.
struct Site {
    authority: Authority,
    host: Arc<Handshake>,
    end_point: Vec<u8>,
}

impl Site {
    async fn new(is_required: bool) -> Self {
        let authority = Authority::make();
        let names = ["acme.example", "globex.example", "pooler.example"];
        let end_point = Sha256::digest(authority.sign("a", &names)).to_vec();
        let certificates = Arc::new(authority.load(&["a"]).unwrap());
        let encryption = Some(Encryption { certificates, is_required });
        let host = host_with(true, |settings| settings.encryption = encryption).await;
        Self { authority, host, end_point }
    }

    /// A connection in clear, of which nothing was said.
    async fn tcp(&self) -> (TcpStream, JoinHandle<Option<Arrival>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (other, peer) = listener.accept().await.unwrap();
        let host = self.host.clone();
        let arrival = tokio::spawn(async move { receive(other, peer, &host).await });
        (stream, arrival)
    }

    async fn plain(&self) -> Client {
        let (stream, arrival) = self.tcp().await;
        Client { stream: Box::new(stream), heard: BytesMut::new(), arrival }
    }

    /// A connection encrypted to this host, from the first byte on or when that was asked for.
    async fn encrypted(&self, host: &str, is_direct: bool) -> Client {
        let (mut stream, arrival) = self.tcp().await;
        if !is_direct {
            stream.write_all(REQUEST).await.unwrap();
            assert_eq!(stream.read_u8().await.unwrap(), b'S');
        }
        let connector = self.authority.connector(&["postgresql"]);
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        Client { stream: Box::new(stream), heard: BytesMut::new(), arrival }
    }

    /// Logs `app` in over TLS to this host, with these parameters.
    async fn login(&self, host: &str, more: &[(&str, &str)]) -> Result<Arrival, ErrorReport> {
        let mut client = self.encrypted(host, false).await;
        client.start(0, &[&[("user", "app")], more].concat()).await;
        match client.prove(PASSWORD).await {
            Some(Message::AuthenticationOk) => Ok(client.arrived().await),
            other => Err(client.refused_with(other).await),
        }
    }
}

#[tokio::test]
async fn the_host_of_the_connection_leads_to_the_tenant() {
    let site = Site::new(true).await;
    for is_direct in [false, true] {
        let mut client = site.encrypted("acme.example", is_direct).await;
        client.start(2, &[("user", "app"), ("database", "app")]).await;
        assert!(matches!(client.prove(PASSWORD).await, Some(Message::AuthenticationOk)));
        let Arrival::Guest(guest) = client.arrived().await else { panic!("not a guest") };
        assert!(guest.stream.is_encrypted());
        assert_eq!((guest.route.tenant.as_str(), guest.minor), ("acme", 2));
    }
}

#[tokio::test]
async fn host_and_database_lead_to_one_tenant_or_nowhere() {
    let site = Site::new(true).await;
    let acme = [("database", "acme")];
    assert!(site.login("acme.example", &acme).await.is_ok());
    assert!(site.login("acme.example", &[("database", "www.acme.example")]).await.is_ok());
    assert!(site.login("pooler.example", &acme).await.is_ok(), "the pooler's own name");
    let refused = site.login("acme.example", &[("database", "initech")]).await.unwrap_err();
    assert_eq!(refused.code, "22023");
    assert!(refused.message.contains("TLS") && refused.message.contains("the database"));
    for host in ["pooler.example", "globex.example"] {
        assert_eq!(site.login(host, &[]).await.unwrap_err().code, "3D000", "{host}");
    }
    let shut = site.login("acme.example", &[("tenancy.tenant", "shut")]).await.unwrap_err();
    assert_eq!(shut.code, "22023");
}

#[tokio::test]
async fn a_login_can_be_bound_to_the_certificate() {
    let site = Site::new(false).await;
    let parameters = [("user", "app"), ("database", "acme")];
    let ask = async |mechanism, binding| {
        let mut client = site.encrypted("acme.example", false).await;
        client.start(0, &parameters).await;
        match client.prove_with(PASSWORD, mechanism, binding).await {
            Some(Message::AuthenticationOk) => None,
            other => Some(client.refused_with(other).await.code),
        }
    };
    let bound = |hash: &[u8]| ChannelBinding::tls_server_end_point(hash.to_vec());
    assert_eq!(ask(PLUS, bound(&site.end_point)).await, None);
    assert_eq!(ask(PLUS, bound(&[1; 32])).await.as_deref(), Some("28000"));
    assert_eq!(ask("SCRAM-SHA-256", ChannelBinding::unsupported()).await, None);
    // It could have, and says that it was not offered: somebody took the offer away.
    let talked_out = ask("SCRAM-SHA-256", ChannelBinding::unrequested()).await;
    assert_eq!(talked_out.as_deref(), Some("28000"));
    let mut plain = site.plain().await;
    plain.start(0, &parameters).await;
    let refused = plain.prove_with(PASSWORD, PLUS, bound(&site.end_point)).await;
    assert_eq!(plain.refused_with(refused).await.code, "08P01");
}

#[tokio::test]
async fn sessions_in_clear_are_refused_where_encryption_is_required() {
    let parameters = [("user", "app"), ("database", "acme")];
    for is_required in [false, true] {
        let site = Site::new(is_required).await;
        let mut plain = site.plain().await;
        plain.start(0, &parameters).await;
        if is_required {
            let refused = plain.refused().await;
            assert_eq!(refused.code, "28000");
            assert!(refused.hint.unwrap().contains("sslmode=require"));
        } else {
            assert!(plain.prove(PASSWORD).await.is_some());
        }
        assert!(login(&site.host, &parameters, PASSWORD).await.is_ok(), "on a socket");
        let mut cancel = site.plain().await;
        cancel.send(&packet(b"\x04\xd2\x16\x2e\0\0\0\x07\0\0\0\x09")).await;
        assert!(matches!(cancel.arrived().await, Arrival::Cancel { process_id: 7, .. }));
    }
}

#[tokio::test]
async fn nothing_may_be_said_in_clear_before_tls_begins() {
    let site = Site::new(true).await;
    let mut client = site.plain().await;
    let start = start_packet(0, &[("user", "app"), ("database", "acme")]);
    client.send(&[REQUEST, &start].concat()).await;
    // It is told before any S was said.
    let refused = client.refused().await;
    assert_eq!(refused.code, "08P01");
    assert!(refused.detail.unwrap().contains("man-in-the-middle"));
}

#[tokio::test]
async fn what_is_no_tls_ends_the_connection_alone() {
    let site = Site::new(true).await;
    for (before, garbage) in
        [(REQUEST, &b"GET / HTTP/1.1\r\n\r\n"[..]), (b"", &[0x16, 9, 9, 0, 1, 0])]
    {
        let mut client = site.plain().await;
        client.send(before).await;
        if !before.is_empty() {
            assert_eq!(client.stream.read_u8().await.unwrap(), b'S');
        }
        client.send(garbage).await;
        assert!(client.arrival.await.unwrap().is_none());
    }
    assert_eq!(site.host.counters().of(Outcome::Encryption), 2);
    let again = site.encrypted("acme.example", false).await;
    let Client { mut stream, arrival, .. } = again;
    stream.write_all(REQUEST).await.unwrap();
    let twice = Client { stream, heard: BytesMut::new(), arrival };
    assert_eq!(twice.refused().await.code, "08P01", "no TLS inside TLS");
    assert!(site.login("acme.example", &[]).await.is_ok());
}
