//! Clients of several tenants take turns on the same server connection: each sees its own rows and its
//! own settings, and leaves nothing behind.

use super::site::{BODY, Site};

#[tokio::test]
async fn clients_of_two_tenants_see_their_own_rows_over_one_server_connection() {
    let site = Site::narrow().await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    for _ in 0..20 {
        assert_eq!(acme.text(BODY).await, "acme");
        assert_eq!(globex.text(BODY).await, "globex");
        assert_eq!(acme.query_one(BODY, &[]).await.unwrap().get::<_, &str>(0), "acme");
        assert_eq!(globex.query_one(BODY, &[]).await.unwrap().get::<_, &str>(0), "globex");
    }
    let superuser = site.database.superuser().await;
    // The pool of the HTTP face opens none before it is asked.
    assert_eq!(site.server_connections(&superuser).await, 1);
}

#[tokio::test]
async fn a_hostname_names_the_tenant_as_well() {
    let site = Site::narrow().await;
    assert_eq!(site.connect("globex.example.com").await.text(BODY).await, "globex");
}

#[tokio::test]
async fn what_a_client_sets_goes_with_it_and_with_nobody_else() {
    let site = Site::narrow().await;
    let mut config = site.config("acme");
    config.options("-c TimeZone=Asia/Tokyo").application_name("first");
    let first = tenancy_tests::session::Session::open(&config).await;
    let second = site.connect("acme").await;
    let other = site.connect("globex").await;
    first.run("SET statement_timeout = '12345ms'").await;
    other.run("SET work_mem = '1MB'").await;
    for _ in 0..3 {
        assert_eq!(first.text("SHOW TimeZone").await, "Asia/Tokyo");
        assert_eq!(first.text("SHOW application_name").await, "first");
        assert_eq!(first.text("SHOW statement_timeout").await, "12345ms");
        assert_ne!(second.text("SHOW TimeZone").await, "Asia/Tokyo");
        assert_ne!(second.text("SHOW statement_timeout").await, "12345ms");
        assert_eq!(other.text("SHOW work_mem").await, "1MB");
        assert_ne!(second.text("SHOW work_mem").await, "1MB");
    }
    first.run("RESET statement_timeout").await;
    second.run("SELECT 1").await;
    assert_ne!(first.text("SHOW statement_timeout").await, "12345ms");
}

#[tokio::test]
async fn a_setting_that_was_rolled_back_is_not_carried() {
    let site = Site::narrow().await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    acme.run("BEGIN; SET work_mem = '1MB'; ROLLBACK").await;
    globex.run("SELECT 1").await;
    assert_ne!(acme.text("SHOW work_mem").await, "1MB");
    acme.run("BEGIN; SET LOCAL work_mem = '2MB'; COMMIT").await;
    globex.run("SELECT 1").await;
    assert_ne!(acme.text("SHOW work_mem").await, "2MB");
}

#[tokio::test]
async fn a_transaction_keeps_its_connection_and_others_wait() {
    let site = Site::narrow().await;
    let (acme, globex) = (site.connect("acme").await, site.connect("globex").await);
    acme.run("BEGIN; INSERT INTO note (body) VALUES ('mine')").await;
    let waits = globex.text(BODY);
    let works = async {
        assert_eq!(acme.text("SELECT count(*) FROM note").await, "2");
        acme.run("ROLLBACK").await;
    };
    assert_eq!(tokio::join!(waits, works).0, "globex");
    assert_eq!(acme.text("SELECT count(*) FROM note").await, "1");
}

#[tokio::test]
async fn a_session_of_its_own_keeps_what_it_has_and_leaves_nothing() {
    let site = Site::start(&[("postgres.pool_size", "2")]).await;
    let own = site.session("acme").await;
    own.run("CREATE TEMP TABLE kept (a int); LISTEN news; SELECT pg_advisory_lock(7)").await;
    own.run("SET work_mem = '1MB'; PREPARE p AS SELECT 1").await;
    let other = site.connect("acme").await;
    assert_eq!(other.text(BODY).await, "acme");
    own.run("SELECT * FROM kept; EXECUTE p").await;
    assert_eq!(own.text("SHOW work_mem").await, "1MB");
    drop(own);
    // Both connections, one after the other, and the next session on the one that was used.
    for _ in 0..3 {
        let next = site.session("acme").await;
        assert_eq!(next.refusal("SELECT * FROM kept").await.code(), "42P01");
        assert_eq!(next.refusal("EXECUTE p").await.code(), "26000");
        assert_ne!(next.text("SHOW work_mem").await, "1MB");
        assert_eq!(next.text("SELECT pg_try_advisory_lock(7)").await, "t");
        assert_eq!(next.text("SELECT pg_advisory_unlock(7)").await, "t");
    }
}

#[tokio::test]
async fn what_would_outlive_a_transaction_is_refused_with_the_way_out() {
    let site = Site::narrow().await;
    let client = site.connect("acme").await;
    for sql in [
        "LISTEN news",
        "SELECT pg_advisory_lock(7)",
        "CREATE TEMP TABLE lost (a int)",
        "PREPARE p AS SELECT 1",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    ] {
        let error = client.refused(sql).await;
        assert_eq!(error.code().code(), "0A000", "{sql}");
        assert!(error.hint().is_some_and(|hint| hint.contains("tenancy.pooling=session")), "{sql}");
        assert_eq!(client.text(BODY).await, "acme");
    }
}

#[tokio::test]
async fn what_a_sequence_gave_is_known_in_its_transaction_and_never_told_to_another_client() {
    let site = Site::narrow().await;
    let (client, other) = (site.connect("acme").await, site.connect("acme").await);
    client.run("BEGIN; INSERT INTO note (body) VALUES ('acme')").await;
    assert_eq!(client.text("SELECT lastval()").await, "2");
    client.run("COMMIT").await;
    for session in [&other, &client] {
        assert_eq!(session.refusal("SELECT lastval()").await.code(), "55000");
    }
}
