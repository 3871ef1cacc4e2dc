//! TLS by libpq's own eyes: psql looks at certificates, binds logins to them, and tells the host it
//! connects to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::gate::Gate;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tenancy_tests::login::unique;

const BODY: &str = "SELECT body FROM note";

/// An authority, and the folder with what it signed. Gone at the end.
struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let folder = std::env::temp_dir().join(unique("tls"));
        fs::create_dir(&folder).unwrap();
        Authority { issuer: issuer(&folder.join("root.pem")), folder }
    }

    /// From now on as another one.
    fn renew(&mut self) {
        self.issuer = issuer(&self.folder.join("new-root.pem"));
    }

    fn sign(&self, file: &str, hosts: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let signed = CertificateParams::new(hosts).unwrap().signed_by(&key, &self.issuer).unwrap();
        fs::write(self.folder.join(format!("{file}.crt")), signed.pem()).unwrap();
        fs::write(self.folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, file: &str) -> String {
        self.folder.join(file).display().to_string()
    }

    /// A connection string that takes no other certificate than one for this host.
    fn verify(&self, host: &str) -> String {
        format!(
            "host={host} hostaddr=127.0.0.1 sslmode=verify-full sslrootcert={}",
            self.path("root.pem")
        )
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn issuer(root: &Path) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // What it signs has another name, or OpenSSL takes that for signed by itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    fs::write(root, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

/// Tenants behind a sidecar with all certificates of a folder.
async fn gate(authority: &Authority, more: &[(&str, &str)]) -> Gate {
    let folder = authority.folder.display().to_string();
    let settings = [&[("postgres.tls.certificate_dir", folder.as_str())], more].concat();
    Gate::with(&["acme", "globex"], &settings).await
}

#[tokio::test]
async fn each_host_shows_its_certificate_and_leads_to_its_tenant() {
    let authority = Authority::new();
    authority.sign("default", &["pooler.test"]);
    authority.sign("acme", &["acme.example.com"]);
    authority.sign("others", &["*.tenants.test", "globex.example.com"]);
    let gate = gate(&authority, &[]).await;
    for (host, tenant) in [
        ("acme.example.com", "acme"),
        ("globex.example.com", "globex"),
        ("acme.tenants.test", "acme"),
        ("globex.tenants.test", "globex"),
    ] {
        let printed = gate.psql(&authority.verify(host), BODY).await;
        assert_eq!(printed.as_deref(), Ok(tenant), "{host}");
    }
    // The pooler's own name leads nowhere; with a database it does no harm.
    let by_database = format!("{} dbname=globex", authority.verify("pooler.test"));
    assert_eq!(gate.psql(&by_database, BODY).await.as_deref(), Ok("globex"));
    let nowhere = gate.psql(&authority.verify("pooler.test"), BODY).await.unwrap_err();
    assert!(nowhere.contains("no tenant of this login"), "{nowhere}");
    let both = format!("{} dbname=globex", authority.verify("acme.example.com"));
    let refused = gate.psql(&both, BODY).await.unwrap_err();
    assert!(
        refused.contains("the host of the TLS connection and the database do not name"),
        "{refused}"
    );
}

#[tokio::test]
async fn psql_refuses_a_certificate_that_is_for_another_host() {
    let authority = Authority::new();
    authority.sign("default", &["pooler.test"]);
    let gate = gate(&authority, &[]).await;
    let refused = gate.psql(&authority.verify("acme.example.com"), BODY).await.unwrap_err();
    assert!(refused.contains("does not match host name"), "{refused}");
    let lax = "host=acme.example.com hostaddr=127.0.0.1 sslmode=require";
    assert_eq!(gate.psql(lax, BODY).await.as_deref(), Ok("acme"));
}

#[tokio::test]
async fn psql_can_bind_its_login_to_the_certificate() {
    let authority = Authority::new();
    authority.sign("default", &["acme.example.com"]);
    let gate = gate(&authority, &[("postgres.tls.mode", "allow")]).await;
    let connection = authority.verify("acme.example.com");
    for binding in ["require", "prefer", "disable"] {
        let connection = format!("{connection} channel_binding={binding}");
        assert_eq!(gate.psql(&connection, BODY).await.as_deref(), Ok("acme"), "{binding}");
    }
    let wrong = format!("{connection} channel_binding=require password=guess");
    let refused = gate.psql(&wrong, BODY).await.unwrap_err();
    assert!(refused.contains("password authentication failed"), "{refused}");
    let plain = "dbname=acme sslmode=disable channel_binding=require";
    let refused = gate.psql(plain, BODY).await.unwrap_err();
    assert!(refused.contains("channel binding"), "{refused}");
}

#[tokio::test]
async fn whether_clients_must_encrypt_is_a_setting() {
    let authority = Authority::new();
    authority.sign("default", &["acme.example.com"]);
    for (mode, plain, encrypted) in
        [("require", false, true), ("allow", true, true), ("off", true, false)]
    {
        let gate = gate(&authority, &[("postgres.tls.mode", mode)]).await;
        for (sslmode, is_in) in [("disable", plain), ("require", encrypted), ("prefer", true)] {
            let connection = format!("dbname=acme sslmode={sslmode}");
            assert_eq!(gate.psql(&connection, BODY).await.is_ok(), is_in, "{mode} {sslmode}");
        }
        if mode == "require" {
            let refused = gate.psql("dbname=acme sslmode=disable", BODY).await.unwrap_err();
            assert!(refused.contains("HINT:  Connect with sslmode=require"), "{refused}");
        }
    }
}

#[tokio::test]
async fn new_certificates_are_shown_after_sighup() {
    let mut authority = Authority::new();
    authority.sign("default", &["acme.example.com"]);
    let gate = gate(&authority, &[]).await;
    let old = authority.verify("acme.example.com");
    let new = old.replace("root.pem", "new-root.pem");
    assert_eq!(gate.psql(&old, BODY).await.as_deref(), Ok("acme"));
    let key = authority.path("default.key");
    fs::write(&key, "damaged").unwrap();
    gate.sidecar.signal("HUP");
    said(&gate, "configuration not reloaded").await;
    assert_eq!(gate.psql(&old, BODY).await.as_deref(), Ok("acme"), "the old one stays");
    authority.renew();
    authority.sign("default", &["acme.example.com"]);
    gate.sidecar.signal("HUP");
    said(&gate, "configuration reloaded").await;
    assert_eq!(gate.psql(&new, BODY).await.as_deref(), Ok("acme"));
    assert!(gate.psql(&old, BODY).await.is_err());
}

/// Waits until the sidecar's log holds this.
async fn said(gate: &Gate, text: &str) {
    for _ in 0..200 {
        if gate.sidecar.log().contains(text) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{text:?} is not in the log:\n{}", gate.sidecar.log());
}
