//! Certificates made on the spot, and clients that look at which one they are shown.

use super::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::fs;
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A folder that is gone when the test is over.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An authority, and the folder with what it signed.
pub struct Authority {
    folder: Folder,
    /// Its own certificate.
    pub root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// With a new key.
    pub fn make() -> Self {
        let path = std::env::temp_dir().join(format!("tenancy-tls-{:016x}", rand::random::<u64>()));
        fs::create_dir(&path).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = params.self_signed(&key).unwrap().der().clone();
        Self { folder: Folder(path), root, issuer: Issuer::new(params, key) }
    }

    /// Writes NAME.crt and NAME.key for these hosts, and gives back the certificate.
    pub fn sign(&self, file: &str, hosts: &[&str]) -> CertificateDer<'static> {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let params = CertificateParams::new(hosts).unwrap();
        let signed = params.signed_by(&key, &self.issuer).unwrap();
        self.write(file, &signed.pem(), &key.serialize_pem());
        signed.der().clone()
    }

    fn write(&self, file: &str, chain: &str, key: &str) {
        fs::write(self.path(&format!("{file}.crt")), chain).unwrap();
        fs::write(self.path(&format!("{file}.key")), key).unwrap();
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.0.join(file)
    }

    fn pair(&self, file: &str) -> (PathBuf, PathBuf) {
        (self.path(&format!("{file}.crt")), self.path(&format!("{file}.key")))
    }

    /// Those that were signed as NAME.crt and NAME.key.
    pub fn load(&self, files: &[&str]) -> Result<Certificates, Error> {
        let pairs = files.iter().map(|file| self.pair(file)).collect();
        Certificates::load(Source::Files(pairs))
    }

    /// A client that trusts it.
    pub fn connector(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}

/// One handshake: the certificate that the client was shown, if it took it, and what we have of it.
async fn shake(
    authority: &Authority,
    certificates: &Certificates,
    host: &str,
    (start, protocols): (Start, &[&str]),
) -> (Option<CertificateDer<'static>>, io::Result<Accepted>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (other, _) = listener.accept().await.unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let connector = authority.connector(protocols);
    let client = tokio::spawn(async move {
        let stream = connector.connect(name, stream).await.ok()?;
        Some(stream.get_ref().1.peer_certificates()?.first()?.clone())
    });
    let accepted = certificates.accept(other, start).await;
    (client.await.unwrap(), accepted)
}

const REQUESTED: (Start, &[&str]) = (Start::Requested, &[]);

#[tokio::test]
async fn the_name_decides_which_certificate_is_shown() {
    let authority = Authority::make();
    let first = authority.sign("first", &["pooler.example", "127.0.0.1"]);
    let acme = authority.sign("acme", &["acme.example"]);
    let others = authority.sign("others", &["*.shop.example", "ACME.example"]);
    let certificates = authority.load(&["first", "acme", "others"]).unwrap();
    for (host, shown) in [
        ("pooler.example", &first),
        ("acme.example", &acme),
        ("Acme.Example", &acme),
        ("globex.shop.example", &others),
        // An address is no name.
        ("127.0.0.1", &first),
    ] {
        let (seen, accepted) = shake(&authority, &certificates, host, REQUESTED).await;
        assert_eq!(seen.as_ref(), Some(shown), "{host}");
        let name = accepted.unwrap().server_name;
        let expected = (host != "127.0.0.1").then(|| host.to_ascii_lowercase());
        assert_eq!(name, expected);
    }
    for host in ["a.b.shop.example", "shop.example", "initech.example"] {
        let (seen, _) = shake(&authority, &certificates, host, REQUESTED).await;
        assert_eq!(seen, None, "{host}: shown the first one, which is not for it");
        assert_eq!(certificates.of(Some(host)).names()[0], "pooler.example");
    }
}

#[tokio::test]
async fn only_postgresql_is_spoken_inside() {
    let authority = Authority::make();
    authority.sign("a", &["a.example"]);
    let certificates = authority.load(&["a"]).unwrap();
    for (start, protocols, is_in) in [
        (Start::Requested, &[][..], true),
        (Start::Requested, &["postgresql"], true),
        (Start::Requested, &["h2", "postgresql"], true),
        (Start::Requested, &["h2"], false),
        (Start::Direct, &["postgresql"], true),
        (Start::Direct, &[], false),
        (Start::Direct, &["http/1.1"], false),
    ] {
        let (_, accepted) = shake(&authority, &certificates, "a.example", (start, protocols)).await;
        assert_eq!(accepted.is_ok(), is_in, "{start:?} {protocols:?}");
    }
}

#[tokio::test]
async fn what_a_login_is_bound_to_is_hashed_as_the_signature_says() {
    let authority = Authority::make();
    let der = authority.sign("a", &["a.example"]);
    let certificates = authority.load(&["a"]).unwrap();
    let (_, accepted) = shake(&authority, &certificates, "a.example", REQUESTED).await;
    let expected = <sha2::Sha256 as sha2::Digest>::digest(&der);
    assert_eq!(accepted.unwrap().end_point.as_deref(), Some(expected.as_slice()));
    for (algorithm, length) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, Some(32)),
        (&rcgen::PKCS_ECDSA_P384_SHA384, Some(48)),
        (&rcgen::PKCS_ED25519, None),
    ] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let own = CertificateParams::new(vec!["b.example".into()]).unwrap();
        authority.write("b", &own.self_signed(&key).unwrap().pem(), &key.serialize_pem());
        let end_point = authority.load(&["b"]).unwrap().of(None).end_point();
        assert_eq!(end_point.map(|hash| hash.len()), length);
    }
}

#[tokio::test]
async fn new_certificates_are_shown_from_the_next_connection_on() {
    let authority = Authority::make();
    let old = authority.sign("a", &["a.example"]);
    let certificates = authority.load(&["a"]).unwrap();
    let seen = async || shake(&authority, &certificates, "a.example", REQUESTED).await.0;
    assert_eq!(seen().await, Some(old.clone()));
    let (chain, key) = authority.pair("a");
    let kept = fs::read(&key).unwrap();
    fs::write(&key, "-----BEGIN NONSENSE-----").unwrap();
    assert!(certificates.reload().is_err());
    assert_eq!(seen().await, Some(old.clone()), "the old one stays");
    fs::write(&key, kept).unwrap();
    fs::remove_file(&chain).unwrap();
    assert!(certificates.reload().is_err());
    let new = authority.sign("a", &["a.example"]);
    assert_eq!(seen().await, Some(old), "nobody has asked for the new one yet");
    certificates.reload().unwrap();
    assert_eq!(seen().await, Some(new));
}

#[test]
fn a_folder_gives_its_pairs_and_the_default_first() {
    let authority = Authority::make();
    let folder = || Source::Directory(authority.folder.0.clone());
    assert!(matches!(Certificates::load(folder()), Err(Error::Empty(_))));
    authority.sign("b", &["b.example"]);
    authority.sign("c", &["c.example"]);
    fs::write(authority.path("readme.txt"), "x").unwrap();
    let names = || Certificates::load(folder()).unwrap().of(None).names().to_vec();
    assert_eq!(names(), ["b.example"]);
    authority.sign("default", &["d.example"]);
    assert_eq!(names(), ["d.example"]);
    fs::remove_file(authority.path("c.key")).unwrap();
    assert!(matches!(Certificates::load(folder()), Err(Error::Read { .. })));
    let missing = Source::Directory(Path::new("/nowhere/at/all").into());
    assert!(matches!(Certificates::load(missing), Err(Error::Read { .. })));
}

#[test]
fn what_cannot_be_used_is_told_with_its_file() {
    let authority = Authority::make();
    authority.sign("a", &["a.example"]);
    authority.sign("b", &["b.example"]);
    authority.write("empty", "", "");
    authority.write("swapped", &fs::read_to_string(authority.path("a.key")).unwrap(), "");
    let load = |chain: &str, key: &str| {
        let pair = (authority.path(chain), authority.path(key));
        Certificates::load(Source::Files(vec![pair])).map(drop).unwrap_err().to_string()
    };
    assert!(load("a.crt", "b.key").contains("cannot be used with key"));
    assert!(load("empty.crt", "a.key").contains("empty.crt\" holds no certificate"));
    assert!(load("a.crt", "empty.key").contains("empty.key\" holds no key"));
    assert!(load("swapped.crt", "a.key").contains("swapped.crt\" holds no certificate"));
    assert!(load("a.crt", "a.crt").contains("a.crt\" holds no key"));
    assert!(load("none.crt", "a.key").contains("could not read"));
    assert!(matches!(Certificates::load(Source::Files(vec![])), Err(Error::Nothing)));
}
