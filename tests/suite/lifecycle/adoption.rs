//! The way in and the way out: an ordinary schema becomes a tenant and an ordinary schema again, and
//! the application's queries give the same all along.

use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::Session;
use tokio_postgres::error::SqlState;

/// A schema of an application's login, granted to a reporting role too, with what adopting has to
/// put right or to report.
async fn application(database: &Database<'_>) -> (Login, Session) {
    let login = database.login(&[]);
    let superuser = database.superuser().await;
    let name = login.name();
    superuser
        .run(&format!(
            "CREATE SCHEMA shop AUTHORIZATION {name}; SET ROLE {name}; SET search_path = shop;
             CREATE TYPE size AS ENUM ('s', 'l');
             CREATE TABLE item (id serial PRIMARY KEY, size size, price int CHECK (price > 0));
             CREATE TABLE hidden (id int); ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
             CREATE TABLE sale (id int GENERATED ALWAYS AS IDENTITY, item int REFERENCES item, at date) PARTITION BY RANGE (at);
             CREATE TABLE sale_26 PARTITION OF sale FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
             CREATE VIEW big AS SELECT * FROM item WHERE size = 'l';
             CREATE MATERIALIZED VIEW totals AS SELECT count(*) FROM item;
             CREATE FUNCTION raise(int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = shop AS 'UPDATE item SET price = price + $1 RETURNING price';
             CREATE FUNCTION wipe() RETURNS void LANGUAGE sql AS 'TRUNCATE shop.sale RESTART IDENTITY';
             CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := coalesce(NEW.at, ''2026-05-05''); RETURN NEW; END';
             CREATE TRIGGER stamp BEFORE INSERT ON sale_26 FOR EACH ROW EXECUTE FUNCTION stamp();
             GRANT SELECT ON item TO PUBLIC; GRANT USAGE ON SCHEMA shop TO PUBLIC; GRANT SELECT (id) ON sale TO pg_monitor;
             ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO PUBLIC;
             INSERT INTO item (size, price) VALUES ('s', 1), ('l', 2); INSERT INTO sale (item, at) VALUES (1, '2026-02-02');
             REFRESH MATERIALIZED VIEW totals;
             RESET ROLE; RESET search_path"
        ))
        .await;
    (login, superuser)
}

/// What the application does, whoever it is.
async fn assert_works(session: &Session, sales: &str) {
    session.run("INSERT INTO sale (item, at) VALUES (2, '2026-03-03')").await;
    let answers = [
        ("SELECT string_agg(size::text, ' ' ORDER BY id) FROM item", "s l"),
        ("SELECT price FROM big", "2"),
        ("SELECT count FROM totals", "2"),
        ("SELECT count(*) FROM sale", sales),
        ("SELECT raise(0) > 0", "t"),
        ("SELECT count(DISTINCT id) = count(*) FROM sale", "t"),
    ];
    for (query, answer) in answers {
        assert_eq!(session.text(query).await, answer, "{query}");
    }
}

#[tokio::test]
async fn an_application_goes_on_inside_its_schema_once_it_is_a_tenant_and_once_it_is_none_again() {
    let database = Database::new();
    let (login, superuser) = application(&database).await;
    let before = login.connect().await;
    before.run("SET search_path = shop").await;
    assert_works(&before, "2").await;

    superuser.run("SELECT tenancy.adopt('shop', 'acme', domain => 'acme.example.com')").await;
    let failing = "SELECT count(*) FROM tenancy.verify('acme') WHERE NOT ok";
    assert_eq!(superuser.text(failing).await, "0");
    assert_eq!(before.refusal("SELECT * FROM item").await, SqlState::UNDEFINED_TABLE);
    superuser.run(&format!("SELECT tenancy.grant_login('{}', 'acme')", login.name())).await;
    let inside = login.connect().await;
    inside.run("SELECT tenancy.enter('acme')").await;
    assert_works(&inside, "3").await;
    assert_eq!(inside.refusal("SELECT wipe()").await, SqlState::INSUFFICIENT_PRIVILEGE);

    superuser.run(&format!("SELECT tenancy.release('acme', '{}')", login.name())).await;
    inside.refused("SELECT * FROM item").await;
    superuser.run("DROP EXTENSION tenancy").await;
    let after = login.connect().await;
    after.run("SET search_path = shop").await;
    assert_works(&after, "4").await;
    after.run("SELECT wipe(); REFRESH MATERIALIZED VIEW totals; DROP TABLE hidden").await;
    let roles = "SELECT count(*) FROM pg_shdepend s JOIN pg_roles r ON r.oid = s.refobjid
        WHERE r.rolname ^@ 't_' AND s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(superuser.text(roles).await, "0");
}

#[tokio::test]
async fn the_report_says_what_changes_and_a_dry_run_changes_nothing() {
    let database = Database::new();
    let (login, superuser) = application(&database).await;
    let report = "SELECT object || ': ' || finding || ': ' || severity FROM tenancy.adopt('shop', 'acme', dry_run => true)";
    let rows: Vec<_> = superuser.rows(report).await.concat().into_iter().flatten().collect();
    for expected in [
        "table shop.hidden: has row security but no policy: warning",
        "function shop.wipe(): seems to run what only an owner may (truncate): warning",
        "materialized view shop.totals: is refreshed by its owner: notice",
        "table shop.item: SELECT granted to PUBLIC: notice",
        "column id of table shop.sale: SELECT granted to pg_monitor: notice",
        "schema shop: USAGE granted to PUBLIC: notice",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected} is not in {rows:#?}");
    }
    let definer = format!(
        "function shop.raise(integer): is SECURITY DEFINER, as role {}: warning",
        login.name()
    );
    assert!(rows.contains(&definer), "{rows:#?}");
    assert!(superuser.rows("SELECT FROM tenancy.tenants").await.is_empty());
    let session = login.connect().await;
    session.run("SET search_path = shop").await;
    assert_works(&session, "2").await;
}

#[tokio::test]
async fn only_who_owns_the_schema_and_all_in_it_may_adopt_it() {
    let database = Database::new();
    let (login, superuser) = application(&database).await;
    let adopt = "SELECT tenancy.adopt('shop', 'acme')";
    let admin = database.login(&["tenancy_admin"]);
    let session = admin.connect().await;
    assert_eq!(session.refusal(adopt).await, SqlState::INSUFFICIENT_PRIVILEGE);
    superuser
        .run(&format!(
            "GRANT {} TO {}; CREATE TABLE shop.theirs (i int)",
            login.name(),
            admin.name()
        ))
        .await;
    let error = session.refused(adopt).await;
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(error.detail().is_some_and(|d| d.contains("table shop.theirs")), "{error:?}");
    superuser.run("DROP TABLE shop.theirs").await;
    session.run(adopt).await;
    assert_eq!(session.refusal(adopt).await, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    for (schema, code) in [
        ("nothing", SqlState::INVALID_SCHEMA_NAME),
        ("public", SqlState::INVALID_PARAMETER_VALUE),
        ("tenancy", SqlState::INVALID_PARAMETER_VALUE),
        ("pg_catalog", SqlState::INVALID_PARAMETER_VALUE),
    ] {
        let call = format!("SELECT tenancy.adopt('{schema}', 'other')");
        assert_eq!(session.refusal(&call).await, code, "{schema}");
    }
}

#[tokio::test]
async fn what_would_break_the_wall_is_not_adopted() {
    let database = Database::new();
    let superuser = database.superuser().await;
    superuser
        .run(
            "SELECT tenancy.create('globex', schema => 'globex'); CREATE TABLE globex.t (id int PRIMARY KEY);
             CREATE SCHEMA shop; CREATE VIEW shop.v AS SELECT * FROM globex.t",
        )
        .await;
    let error = superuser.refused("SELECT tenancy.adopt('shop', 'acme')").await;
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(error.detail().is_some_and(|d| d.contains("another tenant")), "{error:?}");
    superuser
        .run(
            "DROP VIEW shop.v; CREATE FUNCTION shop.f(int) RETURNS int LANGUAGE internal SECURITY DEFINER AS 'int4abs'",
        )
        .await;
    let error = superuser.refused("SELECT tenancy.adopt('shop', 'acme')").await;
    assert!(error.detail().is_some_and(|d| d.contains("as a superuser")), "{error:?}");
}

#[tokio::test]
async fn a_tenant_is_released_to_a_role_of_the_caller_alone() {
    let database = Database::new();
    let (login, superuser) = application(&database).await;
    superuser.run("SELECT tenancy.adopt('shop', 'acme')").await;
    let owner = superuser.text("SELECT owner FROM tenancy.tenants").await;
    let admin = database.admin().await;
    for (role, code) in [
        ("nobody", SqlState::UNDEFINED_OBJECT),
        (login.name(), SqlState::INSUFFICIENT_PRIVILEGE),
        ("postgres", SqlState::INSUFFICIENT_PRIVILEGE),
        ("tenancy_admin", SqlState::INVALID_PARAMETER_VALUE),
        (&owner, SqlState::INVALID_PARAMETER_VALUE),
    ] {
        let call = format!("SELECT tenancy.release('acme', '{role}')");
        assert_eq!(admin.refusal(&call).await, code, "{role}");
    }
    superuser.run(&format!("SELECT tenancy.release('acme', '{}')", login.name())).await;
    superuser.run("SELECT tenancy.adopt('shop', 'acme')").await;
}
