//! PL/pgSQL compiles a function once for a session. One that tenants share has to mean the types of
//! the tenant that calls it.

use super::ways::WAYS;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Wire;

const SHARED: &str = "
    SET check_function_bodies = off;
    CREATE FUNCTION first() RETURNS text LANGUAGE plpgsql AS
        'DECLARE r item%ROWTYPE; BEGIN SELECT * INTO r FROM item; RETURN r; END';
    CREATE FUNCTION label(given text) RETURNS text LANGUAGE plpgsql AS
        'DECLARE d kind; BEGIN d := given; RETURN d; END';
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
        'DECLARE d kind := (enum_range(NULL::kind))[1]; BEGIN NEW.a := d; RETURN NEW; END';
    GRANT EXECUTE ON FUNCTION first(), label(text), touch() TO PUBLIC";

const LOOKS: [&str; 3] =
    ["SELECT first()", "SELECT label('acme')", "UPDATE item SET a = 'x' RETURNING a"];

/// Types and a table of each tenant under the same names, which differ.
async fn prepare(database: &Database<'_>) -> Tenants {
    let tenants = Tenants::create(database, &["acme", "globex"]).await;
    database.superuser_sql(SHARED);
    for (name, columns) in [("acme", "id int, a text"), ("globex", "a text, id int, more text")] {
        let [schema, role] =
            [tenants.column(name, "schema").await, tenants.column(name, "role").await];
        database.superuser_sql(&format!(
            "SET search_path = {schema}, public; CREATE TYPE kind AS ENUM ('{name}');
             CREATE TABLE item ({columns}); GRANT SELECT, INSERT, UPDATE ON item TO {role};
             CREATE TRIGGER touch BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch();
             INSERT INTO item (id, a) VALUES (1, '{name}')"
        ));
    }
    tenants
}

/// An error tells by its message what a function still knows.
async fn seen(wire: &mut Wire) -> Vec<String> {
    let mut seen = Vec::new();
    for look in LOOKS {
        seen.push(format!("{:?}", wire.query(look).await));
    }
    seen
}

#[tokio::test]
async fn a_shared_function_has_the_types_of_the_tenant_that_calls_it() {
    let database = Database::new();
    let tenants = prepare(&database).await;
    for way in WAYS {
        let mut wire = way.start(&database, &tenants).await;
        way.move_on(&mut wire, &database).await;
        let right = seen(&mut wire).await;
        let mut wire = way.start(&database, &tenants).await;
        seen(&mut wire).await;
        way.move_on(&mut wire, &database).await;
        assert_eq!(seen(&mut wire).await, right, "{}", way.name);
    }
}

#[tokio::test]
async fn a_function_that_was_called_outside_has_the_types_of_the_tenant_inside() {
    let database = Database::new();
    let tenants = prepare(&database).await;
    let session = tenants.application.connect().await;
    let label = "SELECT label('acme')";
    session.run("CREATE TYPE pg_temp.kind AS ENUM ('outside', 'acme')").await;
    assert_eq!(session.text(label).await, "acme");
    session.run("BEGIN; SELECT tenancy.enter_local('globex')").await;
    assert_eq!(session.refused(label).await.code().code(), "22P02");
    session.run("ROLLBACK").await;
    assert_eq!(session.text(label).await, "acme");
}
