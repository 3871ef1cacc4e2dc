//! Who is let in at the PostgreSQL face: passwords, logins that may not come, and those who guess.

use super::gate::{Gate, note, refusal};

const PASSWORD: &str = "s3cret";

/// A login that may enter every tenant, with these attributes.
async fn role(gate: &Gate, attributes: &str) -> String {
    let name = tenancy_tests::login::unique("login");
    let superuser = gate.database.superuser().await;
    superuser.run(&format!("CREATE ROLE {name} LOGIN")).await;
    superuser.run(&format!("SELECT tenancy.grant_login('{name}', '*')")).await;
    superuser.run(&format!("ALTER ROLE app {attributes}").replace("app", &name)).await;
    name
}

#[tokio::test]
async fn wrong_passwords_and_unknown_logins_are_the_same_for_every_tenant() {
    let gate = Gate::new(&["acme"]).await;
    let known = gate.tenants.application.name().to_owned();
    for login in [known.as_str(), "nobody", "postgres"] {
        for database in ["acme", "nobody", "tenancy"] {
            let config = gate.client().user(login).password("guess").dbname(database).clone();
            let refused = refusal(&config).await;
            assert_eq!(refused.code().code(), "28P01");
            let message = format!("password authentication failed for user \"{login}\"");
            assert_eq!(
                (refused.message(), refused.detail(), refused.hint()),
                (&*message, None, None)
            );
        }
    }
}

#[tokio::test]
async fn passwords_are_taken_as_postgresql_takes_them() {
    let gate = Gate::new(&["acme"]).await;
    for password in ["with space", "pässwörd", "I\u{ad}X", "a'b\\c", "\u{2168}"] {
        let quoted = password.replace('\'', "''");
        let login = role(&gate, &format!("PASSWORD '{quoted}'")).await;
        let connection = format!("user={login} dbname=acme");
        let given = [("PGPASSWORD", password)];
        let printed = gate.psql_with(&connection, "SELECT body FROM note", &given).await;
        assert_eq!(printed.as_deref(), Ok("acme"), "{password:?}");
    }
}

#[tokio::test]
async fn logins_that_may_not_come_this_way_are_refused_with_their_password() {
    let gate = Gate::new(&["acme"]).await;
    for attributes in [
        "PASSWORD 's3cret' VALID UNTIL '2001-01-01'",
        "NOLOGIN PASSWORD 's3cret'",
        "PASSWORD 's3cret' SUPERUSER",
        "PASSWORD 's3cret' CREATEROLE",
        "PASSWORD 's3cret' BYPASSRLS",
        "PASSWORD NULL",
    ] {
        let login = role(&gate, attributes).await;
        let config = gate.client().user(&login).password(PASSWORD).dbname("acme").clone();
        assert_eq!(refusal(&config).await.code().code(), "28P01", "{attributes}");
    }
}

#[tokio::test]
async fn a_new_password_counts_at_the_second_attempt_at_the_latest() {
    let gate = Gate::new(&["acme"]).await;
    let login = role(&gate, "PASSWORD 's3cret'").await;
    let with =
        |password: &str| gate.client().user(&login).password(password).dbname("acme").clone();
    assert_eq!(note(&with(PASSWORD)).await, "acme");
    let superuser = gate.database.superuser().await;
    superuser.run(&format!("ALTER ROLE {login} PASSWORD 'new'")).await;
    // The proof is one for the old salt; that it failed has the new one looked up.
    assert_eq!(refusal(&with("new")).await.code().code(), "28P01");
    assert_eq!(note(&with("new")).await, "acme");
    assert_eq!(refusal(&with(PASSWORD)).await.code().code(), "28P01");
}

#[tokio::test]
async fn who_guesses_is_refused_before_he_can_go_on() {
    let gate = Gate::with(&["acme"], &[("limits.login_failures_per_minute", "3")]).await;
    for _ in 0..3 {
        let guess = gate.client().password("guess").dbname("acme").clone();
        assert_eq!(refusal(&guess).await.code().code(), "28P01");
    }
    let right = gate.client().dbname("acme").clone();
    let refused = refusal(&right).await;
    assert_eq!(refused.code().code(), "53300");
    assert_eq!(refused.message(), "too many failed logins from this address");
}

#[tokio::test]
async fn without_authentication_the_tenant_alone_decides() {
    let gate = Gate::with(&["acme"], &[("authentication", "none")]).await;
    assert_eq!(note(gate.client().user("anybody").password("").dbname("acme")).await, "acme");
    assert_eq!(
        refusal(gate.client().user("anybody").dbname("nobody")).await.code().code(),
        "3D000"
    );
}

#[tokio::test]
async fn who_says_nothing_is_cut_off() {
    use tokio::io::AsyncReadExt;
    let gate = Gate::with(&["acme"], &[("timeouts.login", "300ms")]).await;
    let mut silent = tokio::net::TcpStream::connect(gate.sidecar.postgres()).await.unwrap();
    let waited = std::time::Instant::now();
    assert_eq!(silent.read(&mut [0; 1]).await.unwrap(), 0);
    assert!(waited.elapsed() >= std::time::Duration::from_millis(250));
    assert_eq!(note(gate.client().dbname("acme")).await, "acme");
}
