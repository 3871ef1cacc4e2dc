//! Changes of the registry that nobody made through a function take effect as well.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Request, Wire};
use tokio_postgres::error::SqlState;

async fn state(session: &Session) -> Option<SqlState> {
    let answer = session.batch_execute("SELECT body FROM note").await;
    answer.err().map(|error| error.code().unwrap().clone())
}

#[tokio::test]
async fn a_tenant_changed_by_hand_is_seen_by_open_sessions_at_their_next_statement() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    let suspend = "UPDATE tenancy.tenant SET status = 'suspended', suspension = 'full'";
    let resume =
        "UPDATE tenancy.tenant SET status = 'active', suspension = NULL, dropped_at = NULL";
    for (change, expected) in [
        (suspend, Some(SqlState::CANNOT_CONNECT_NOW)),
        (resume, None),
        (
            "UPDATE tenancy.tenant SET status = 'verified'",
            Some(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE),
        ),
        (resume, None),
        (
            "UPDATE tenancy.tenant SET status = 'dropped', dropped_at = now()",
            Some(SqlState::INVALID_CATALOG_NAME),
        ),
        (resume, None),
        ("DELETE FROM tenancy.login", Some(SqlState::INVALID_CATALOG_NAME)),
    ] {
        database.superuser_sql(change);
        assert_eq!(state(&session).await, expected, "{change}");
    }
    database.superuser_sql(&format!(
        "INSERT INTO tenancy.login (login) VALUES ('{}')",
        tenants.application.name()
    ));
    assert_eq!(state(&session).await, None);
    database.superuser_sql("TRUNCATE tenancy.login");
    assert_eq!(state(&session).await, Some(SqlState::INVALID_CATALOG_NAME));
}

#[tokio::test]
async fn a_name_changed_by_hand_is_the_one_to_enter_by_and_disturbs_no_open_session() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let session = tenants.enter("acme").await;
    database.superuser_sql("UPDATE tenancy.tenant SET name = 'renamed'");
    assert_eq!(session.text("SELECT body FROM note").await, "acme");
    assert_eq!(session.text("SELECT tenancy.current()").await, "renamed");
    let newcomer = tenants.application.connect().await;
    let code = newcomer.refusal("SELECT tenancy.enter('acme')").await;
    assert_eq!(code, SqlState::INVALID_CATALOG_NAME);
    newcomer.run("SELECT tenancy.enter('renamed')").await;
}

#[tokio::test]
async fn a_change_by_hand_raises_the_generation_and_is_notified() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let resolver = database.session(&["tenancy_resolver"]).await;
    resolver.run("LISTEN tenancy_registry").await;
    let generation = "SELECT generation FROM tenancy.resolve('acme.example.com')";
    let mut last: i64 = resolver.text(generation).await.parse().unwrap();
    let id = tenants.column("acme", "id").await;
    for (count, change) in [
        "UPDATE tenancy.tenant SET reason = 'a note'",
        "UPDATE tenancy.domain SET is_primary = NOT is_primary",
        "INSERT INTO tenancy.login (login, tenant_id) SELECT 'somebody', id FROM tenancy.tenant",
        "DELETE FROM tenancy.login WHERE login = 'somebody'",
    ]
    .into_iter()
    .enumerate()
    {
        database.superuser_sql(change);
        let now = resolver.text(generation).await.parse().unwrap();
        assert!(now > last, "{change}: {now} is not above {last}");
        last = now;
        let heard = resolver.notifications("tenancy_registry", count + 1).await;
        assert_eq!(heard.last(), Some(&id), "{change}");
    }
    database.superuser_sql("DELETE FROM tenancy.login");
    let heard = resolver.notifications("tenancy_registry", 5).await;
    assert_eq!(heard.last().unwrap(), "*");
    assert!(resolver.text(generation).await.parse::<i64>().unwrap() > last);
}

#[tokio::test]
async fn a_gateways_connection_sees_a_suspension_too() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let mut wire = Wire::connect(&database.login(&["tenancy_gateway"])).await;
    let seal = super::KEY;
    wire.query(&format!("SELECT tenancy.seal('{seal}')")).await.unwrap();
    wire.query(&format!("SELECT tenancy.switch('{seal}', 'acme')")).await.unwrap();
    let prepare = Request::new().parse("kept", "SELECT body FROM note").sync();
    wire.ask(prepare).await;
    tenants.admin.run("SELECT tenancy.suspend('acme')").await;
    assert_eq!(wire.query("SELECT body FROM note").await.unwrap_err().code, "57P03");
    let replies = wire.ask(Request::new().bind("kept", &[]).execute().sync()).await;
    assert!(format!("{replies:?}").contains("57P03"), "{replies:?}");
    // No grant of a login is asked of a gateway, so taking one away does not concern it.
    tenants.admin.run("SELECT tenancy.resume('acme')").await;
    let revoke = format!("SELECT tenancy.revoke_login('{}', '*')", tenants.application.name());
    tenants.admin.run(&revoke).await;
    assert_eq!(wire.query("SELECT body FROM note").await.unwrap()[0][0].as_deref(), Some("acme"));
}
