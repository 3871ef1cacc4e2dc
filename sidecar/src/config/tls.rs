//! How clients' connections to the PostgreSQL face are encrypted. What is in the files is not looked at
//! here.

use super::Error;
use super::raw::RawTls;
use std::path::PathBuf;

/// How clients' connections are encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Whether sessions in clear are refused.
    pub is_required: bool,
    /// What clients are shown.
    pub certificates: CertificateFiles,
}

/// Where certificates and keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFiles {
    /// Each certificate and its key; at least one pair.
    Named(Vec<(PathBuf, PathBuf)>),
    /// All `NAME.crt` and `NAME.key` of a folder.
    Directory(PathBuf),
}

/// Who has given certificates wants them used: then the default is `require`.
pub fn tls(raw: RawTls) -> Result<Option<Tls>, Error> {
    let certificates = certificates(&raw)?;
    let default = if certificates.is_some() { "require" } else { "off" };
    let is_required = match raw.mode.as_deref().unwrap_or(default) {
        "off" => return Ok(None),
        "allow" => false,
        "require" => true,
        other => {
            let message = format!("{other:?} is none of \"off\", \"allow\" and \"require\"");
            return Err(Error::value("postgres.tls.mode", message));
        }
    };
    let certificates = certificates.ok_or_else(|| {
        Error::value("postgres.tls.mode", "needs \"certificates\" or \"certificate_dir\"")
    })?;
    Ok(Some(Tls { is_required, certificates }))
}

fn certificates(raw: &RawTls) -> Result<Option<CertificateFiles>, Error> {
    let given = raw.certificates.as_deref().filter(|pairs| !pairs.is_empty());
    match (given, &raw.certificate_dir) {
        (Some(_), Some(_)) => Err(Error::value(
            "postgres.tls.certificates",
            "is set beside \"certificate_dir\"; keep one",
        )),
        (Some(pairs), None) => {
            let files = pairs.iter().map(|pair| (pair.cert.clone(), pair.key.clone()));
            Ok(Some(CertificateFiles::Named(files.collect())))
        }
        (None, Some(directory)) => Ok(Some(CertificateFiles::Directory(directory.clone()))),
        (None, None) => Ok(None),
    }
}
