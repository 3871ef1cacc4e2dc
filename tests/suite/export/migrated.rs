//! A tenant that comes in is known to have the migrations that it has, and no others.

use super::archive::{done, exported, tenancy};
use tenancy_tests::database::Database;

const TEMPLATE: &str = "SELECT tenancy.register_template('shop', 'CREATE TABLE item (id int)')";

/// Registers a migration that adds a column of the name.
fn register(database: &Database<'_>, name: &str, column: &str) {
    let script = format!("ALTER TABLE item ADD {column} int");
    database
        .superuser_sql(&format!("SELECT tenancy.register_migration('{name}', '{script}', 'shop')"));
}

fn lacks(database: &Database<'_>, tenant: &str) -> String {
    let query = format!(
        "SELECT coalesce(min(migration), 'nothing') FROM tenancy.lacking_migrations() WHERE tenant = '{tenant}'"
    );
    database.superuser_sql(&query).trim().to_owned()
}

/// A database with a tenant that has two migrations.
fn source() -> Database<'static> {
    let database = Database::new();
    database.superuser_sql(TEMPLATE);
    database.superuser_sql("SELECT tenancy.create('acme', 'shop')");
    register(&database, "first", "a");
    register(&database, "second", "b");
    database.superuser_sql("SELECT tenancy.migrate_tenant('acme')");
    database
}

#[tokio::test]
async fn a_tenant_comes_in_with_the_migrations_that_it_has() {
    let database = source();
    let archive = exported(&database, "acme");
    register(&database, "third", "c");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&archive).args(["--as", "again"]));
    assert_eq!(lacks(&database, "again"), "third");
    let applied = database.superuser_sql("SELECT tenancy.migrate_tenant('again')");
    assert_eq!(applied.trim(), "1");
}

#[tokio::test]
async fn where_a_migration_is_another_the_tenant_lacks_it_and_all_after_it() {
    let archive = exported(&source(), "acme");
    for (first, second, lacking) in
        [("a", "b", "nothing"), ("a", "x", "second"), ("x", "b", "first")]
    {
        let database = Database::new();
        database.superuser_sql(TEMPLATE);
        register(&database, "first", first);
        register(&database, "second", second);
        let admin = database.login(&["tenancy_admin"]);
        done(tenancy(&admin).arg("import").arg(&archive));
        assert_eq!(lacks(&database, "acme"), lacking, "{first} {second}");
    }
}

#[tokio::test]
async fn a_tenant_that_comes_from_nowhere_with_migrations_lacks_them_all() {
    let database = Database::new();
    database.superuser_sql(TEMPLATE);
    database.superuser_sql("SELECT tenancy.create('acme', 'shop')");
    let archive = exported(&database, "acme");
    register(&database, "first", "a");
    let admin = database.login(&["tenancy_admin"]);
    done(tenancy(&admin).arg("import").arg(&archive).args(["--as", "again"]));
    assert_eq!(lacks(&database, "again"), "first");
}
