//! One certificate with its key: which names it is for, and what a login is bound to by it.

use super::{Error, PROTOCOL};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::NoServerSessionStorage;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// A certificate that can be shown.
pub struct Certificate {
    config: Arc<ServerConfig>,
    names: Vec<String>,
    end_point: Option<Arc<[u8]>>,
}

impl Certificate {
    /// Reads a file with a certificate and those it is signed by, and one with its key.
    pub fn read(chain: &Path, key: &Path) -> Result<Self, Error> {
        let unfit = |why: String| Error::Pair { chain: chain.into(), key: key.into(), why };
        let certificates = CertificateDer::pem_file_iter(chain)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failure(chain, "certificate", error))?;
        let own = certificates
            .first()
            .ok_or_else(|| Error::Content { path: chain.into(), what: "certificate" })?;
        let parsed = x509_cert::Certificate::from_der(own).map_err(|e| unfit(e.to_string()))?;
        let (names, end_point) = (names(&parsed), end_point(&parsed, own));
        let secret =
            PrivateKeyDer::from_pem_file(key).map_err(|error| failure(key, "key", error))?;
        let config = config(certificates, secret).map_err(|error| unfit(error.to_string()))?;
        Ok(Self { config: Arc::new(config), names, end_point })
    }

    /// For the handshake of a client that is to see it.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// The hosts it is for, in lower case; one may start with `*.`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// `tls-server-end-point`.
    pub fn end_point(&self) -> Option<Arc<[u8]>> {
        self.end_point.clone()
    }
}

fn failure(path: &Path, what: &'static str, error: pem::Error) -> Error {
    match error {
        pem::Error::Io(source) => Error::Read { path: path.into(), source },
        // Its words quote the file, which may be a key.
        _ => Error::Content { path: path.into(), what },
    }
}

fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, tokio_rustls::rustls::Error> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

fn names(certificate: &x509_cert::Certificate) -> Vec<String> {
    let found = certificate.tbs_certificate().get_extension::<SubjectAltName>();
    let Ok(Some((_, SubjectAltName(names)))) = found else { return Vec::new() };
    let host = |name: GeneralName| match name {
        GeneralName::DnsName(name) => Some(name.to_string().to_ascii_lowercase()),
        _ => None,
    };
    names.into_iter().filter_map(host).collect()
}

/// The hash of the certificate by the hash of its signature, where that is no weaker than SHA-256
/// (RFC 5929, section 4.1). Where the signature names none (Ed25519), there is nothing to bind to.
fn end_point(certificate: &x509_cert::Certificate, der: &[u8]) -> Option<Arc<[u8]>> {
    let algorithm = certificate.signature_algorithm().oid.to_string();
    let hash = match algorithm.as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => Sha256::digest(der).to_vec(),
        // RSA and ECDSA with SHA-384.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(der).to_vec(),
        // RSA and ECDSA with SHA-512.
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(der).to_vec(),
        _ => return None,
    };
    Some(hash.into())
}
