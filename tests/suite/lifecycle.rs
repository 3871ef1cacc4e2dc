//! The life of a tenant from psql, as the role meant for it and as others.

mod adoption;
mod copies;
mod crashes;
mod domains;
mod faults;
mod purge;
mod rename;
mod states;
mod verify;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

#[tokio::test]
async fn a_new_tenant_has_its_template_and_is_in_service() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    assert_eq!(tenants.column("acme", "status").await, "active");
    assert_eq!(tenants.column("acme", "isolation").await, "schema");
    let member = tenants.enter("acme").await;
    assert_eq!(member.text("SELECT tenancy.current()").await, "acme");
    assert_eq!(member.text("SELECT body FROM note").await, "acme");
    assert_eq!(member.text("SELECT notes FROM note_count").await, "1");
}

#[tokio::test]
async fn a_new_tenants_schema_and_roles_have_one_opaque_name() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    assert!(schema.starts_with("t_") && !schema.contains("acme"), "{schema}");
    assert_eq!(tenants.column("acme", "role").await, schema);
    assert_eq!(tenants.column("acme", "owner").await, format!("{schema}_owner"));
}

#[tokio::test]
async fn a_schema_with_a_readable_name_is_made_on_request_and_its_roles_stay_opaque() {
    let database = Database::new();
    let admin = database.admin().await;
    admin.run("SELECT tenancy.create('acme', schema => 'acme_books')").await;
    let names = "SELECT schema || ' ' || (role LIKE 't\\_%')::text FROM tenancy.tenants";
    assert_eq!(admin.text(names).await, "acme_books true");
}

#[tokio::test]
async fn everything_in_a_new_tenants_schema_belongs_to_its_owner_role() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let owners = database.superuser_sql(&format!(
        "SELECT DISTINCT relowner::regrole FROM pg_class WHERE relnamespace = '{schema}'::regnamespace"
    ));
    assert_eq!(owners.trim(), format!("{schema}_owner"));
}

#[tokio::test]
async fn a_template_that_fails_leaves_nothing_and_names_the_statement() {
    let database = Database::new();
    let admin = database.admin().await;
    let before = traces(&database).await;
    admin
        .run("SELECT tenancy.register_template('bad', 'CREATE TABLE a (i int); SELECT 1/0')")
        .await;
    let error = admin.refused("SELECT tenancy.create('acme', template => 'bad')").await;
    assert_eq!(*error.code(), SqlState::DIVISION_BY_ZERO);
    assert!(format!("{error:?}").contains("SELECT 1/0"), "{error:?}");
    assert_eq!(traces(&database).await, before);
    assert!(admin.rows("SELECT * FROM tenancy.tenants").await.is_empty());
}

#[tokio::test]
async fn a_name_that_is_taken_bad_or_reserved_is_refused() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let create =
        async |name: &str| tenants.admin.refusal(&format!("SELECT tenancy.create('{name}')")).await;
    assert_eq!(create("acme").await, SqlState::DUPLICATE_OBJECT);
    let too_long = "a".repeat(64);
    for bad in ["", "Acme", "1acme", "ac me", "-acme", "acme-", "acm\u{e9}", &too_long] {
        assert_eq!(create(bad).await, SqlState::INVALID_PARAMETER_VALUE, "{bad}");
    }
    for reserved in [
        "pg_acme",
        "public",
        "information_schema",
        "tenancy",
        "tenancy_x",
        "central",
        "t_abc",
        "postgres",
    ] {
        assert_eq!(create(reserved).await, SqlState::INVALID_PARAMETER_VALUE, "{reserved}");
    }
}

#[tokio::test]
async fn the_lifecycle_is_refused_to_every_role_but_the_administrators() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let others = ["tenancy_gateway", "tenancy_resolver", "tenancy_migrator", "tenancy_bypass"];
    let mut sessions = vec![database.session(&[]).await, tenants.enter("acme").await];
    for role in others {
        sessions.push(database.session(&[role]).await);
    }
    for session in &sessions {
        assert_lifecycle_refused(session).await;
    }
    assert_eq!(tenants.column("acme", "status").await, "active");
}

async fn assert_lifecycle_refused(session: &Session) {
    for call in [
        "register_template('x', '')",
        "create('globex')",
        "activate('acme')",
        "suspend('acme')",
        "resume('acme')",
        "drop('acme')",
        "rename('acme', 'globex')",
        "adopt('x', 'y')",
        "release('acme', 'postgres')",
        "clone('acme', 'globex')",
        "switch_template('acme', 'notes')",
        "undrop('acme')",
        "purge_start('acme', true, NULL)",
        "purge_batch(1)",
        "verify('acme')",
        "add_domain('acme', 'x.example.com')",
        "remove_domain('acme.example.com')",
        "set_primary_domain('acme.example.com')",
        "grant_login(session_user, 'acme')",
        "revoke_login(session_user, 'acme')",
    ] {
        let code = session.refusal(&format!("SELECT tenancy.{call}")).await;
        assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{call}");
    }
}

/// Schemas of the database and opaque roles that still own or are granted something in it.
async fn traces(database: &Database<'_>) -> String {
    database.superuser_sql(
        "SELECT count(*) FROM pg_namespace UNION ALL
         SELECT count(*) FROM pg_shdepend WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
    )
}
