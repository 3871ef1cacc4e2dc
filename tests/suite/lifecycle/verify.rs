//! Verifying a tenant: what is done to it behind our back shows in the check that it concerns.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

/// A template, tenants `acme` (schema `acme`) and `globex` made from it, and a superuser's session.
async fn fleet(database: &Database<'_>) -> Session {
    let superuser = database.superuser().await;
    superuser
        .run(
            "CREATE SCHEMA shop; CREATE TABLE shop.item (id serial PRIMARY KEY, name text);
             CREATE VIEW shop.items AS SELECT name FROM shop.item;
             CREATE FUNCTION shop.total() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
             SELECT tenancy.register_template('shop', schema => 'shop');
             SELECT tenancy.create('acme', 'shop', schema => 'acme', domain => 'acme.example.com');
             SELECT tenancy.create('globex', 'shop', schema => 'globex')",
        )
        .await;
    superuser
}

/// What fails of the tenant `acme`: the checks, and what was seen.
async fn failing(session: &Session) -> (String, String) {
    let query =
        "SELECT coalesce(string_agg(\"check\", ' '), ''), coalesce(string_agg(detail, '; '), '')
        FROM tenancy.verify('acme') WHERE NOT ok";
    let row = session.rows(query).await.swap_remove(0);
    (row[0].clone().unwrap_or_default(), row[1].clone().unwrap_or_default())
}

#[tokio::test]
async fn a_new_tenant_passes_every_check() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let checks = "SELECT string_agg(\"check\", ' ') FROM tenancy.verify('acme') WHERE ok";
    let all = "schema roles owners grants reach structure canary domains";
    assert_eq!(superuser.text(checks).await, all);
    let admin = database.admin().await;
    assert_eq!(admin.text(checks).await, all);
    assert_eq!(
        admin.refusal("SELECT tenancy.verify('nobody')").await,
        SqlState::INVALID_CATALOG_NAME
    );
}

#[tokio::test]
async fn whatever_is_changed_by_hand_fails_the_check_that_it_concerns() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    let stranger = database.login(&[]);
    let role = superuser.text("SELECT role FROM tenancy.tenants WHERE name = 'acme'").await;
    let name = stranger.name();
    for (change, check, seen) in [
        (format!("GRANT USAGE ON SCHEMA acme TO {name}"), "schema", name),
        ("GRANT USAGE ON SCHEMA acme TO PUBLIC".to_owned(), "schema", "PUBLIC"),
        (format!("ALTER ROLE {role} LOGIN"), "roles", "can log in"),
        (format!("GRANT {role} TO {name}"), "roles", name),
        (format!("GRANT pg_read_all_data TO {role}"), "roles", "pg_read_all_data"),
        (format!("ALTER TABLE acme.item OWNER TO {name}"), "owners", "table acme.item"),
        (format!("ALTER FUNCTION acme.total() OWNER TO {name}"), "owners", "function acme.total()"),
        (format!("GRANT SELECT ON acme.item TO {name}"), "grants", name),
        (
            format!("GRANT SELECT (name) ON acme.item TO {name}"),
            "grants",
            "column name of table acme.item",
        ),
        (format!("GRANT TRUNCATE ON acme.item TO {role}"), "grants", "TRUNCATE"),
        ("GRANT EXECUTE ON FUNCTION acme.total() TO PUBLIC".to_owned(), "grants", "PUBLIC"),
        (format!("REVOKE UPDATE ON acme.item FROM {role}"), "grants", "UPDATE is missing"),
        (
            format!(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {role}_owner GRANT SELECT ON TABLES TO {name}"
            ),
            "grants",
            name,
        ),
        (format!("GRANT SELECT ON globex.item TO {role}"), "reach", "table globex.item"),
        (
            format!(
                "GRANT USAGE ON SCHEMA globex TO {role}; GRANT SELECT ON globex.item TO {role}"
            ),
            "reach canary",
            "globex",
        ),
        (
            "ALTER TABLE acme.item ADD COLUMN price int".to_owned(),
            "structure",
            "table item changed",
        ),
        ("UPDATE tenancy.domain SET is_primary = false".to_owned(), "domains", "primary"),
    ] {
        // As somebody does whom the event trigger does not see.
        let unseen = "ALTER EVENT TRIGGER tenancy_watch_ddl DISABLE";
        superuser.run(&format!("BEGIN; {unseen}; {change}")).await;
        let (checks, details) = failing(&superuser).await;
        let expected: Vec<_> =
            checks.split(' ').filter(|c| check.split(' ').any(|e| e == *c)).collect();
        assert_eq!(expected.join(" "), check, "{change}: {checks}: {details}");
        assert!(details.contains(seen), "{change}: {details}");
        superuser.run("ROLLBACK").await;
        assert_eq!(failing(&superuser).await.0, "", "after {change}");
    }
}

#[tokio::test]
async fn verifying_fires_no_trigger_and_uses_up_no_sequence() {
    let database = Database::new();
    let superuser = fleet(&database).await;
    superuser
        .run(
            "CREATE FUNCTION acme.loud() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
             CREATE TRIGGER loud BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON acme.item EXECUTE FUNCTION acme.loud();
             CREATE VIEW acme.counting AS SELECT nextval('acme.item_id_seq') FROM acme.item",
        )
        .await;
    assert_eq!(failing(&superuser).await.0, "structure");
    assert_eq!(superuser.text("SELECT is_called FROM acme.item_id_seq").await, "f");
}

#[tokio::test]
async fn no_tenant_is_activated_that_others_can_read() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &[]).await;
    tenants
        .admin
        .run("SELECT tenancy.create('acme', 'notes', schema => 'acme', activate => false)")
        .await;
    database.superuser_sql(&format!("GRANT SELECT ON acme.note TO {}", tenants.application.name()));
    let error = tenants.admin.refused("SELECT tenancy.activate('acme')").await;
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(error.detail().is_some_and(|d| d.contains("table acme.note")), "{error:?}");
    assert_eq!(tenants.column("acme", "status").await, "verified");
}
