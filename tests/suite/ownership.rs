//! What is created in a tenant's schema, by whomever, belongs to the tenant's owner role and is
//! usable by its members; what is created elsewhere is left alone.

mod exceptions;
mod kinds;

use kinds::{MADE, Needs};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// Objects of a schema that do not belong to its owner role: kind and name of each. The constructors
/// of range types are part of their types, and PostgreSQL gives them to its first superuser.
const STRAYS: &str = "
    SELECT kind || ' ' || name FROM (
        SELECT 'relation', relname, relnamespace, relowner FROM pg_class UNION ALL
        SELECT 'routine', proname, pronamespace, proowner FROM pg_proc p WHERE NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i') UNION ALL
        SELECT 'type', typname, typnamespace, typowner FROM pg_type UNION ALL
        SELECT 'statistics', stxname, stxnamespace, stxowner FROM pg_statistic_ext UNION ALL
        SELECT 'operator', oprname, oprnamespace, oprowner FROM pg_operator UNION ALL
        SELECT 'operator class', opcname, opcnamespace, opcowner FROM pg_opclass UNION ALL
        SELECT 'operator family', opfname, opfnamespace, opfowner FROM pg_opfamily UNION ALL
        SELECT 'collation', collname, collnamespace, collowner FROM pg_collation UNION ALL
        SELECT 'conversion', conname, connamespace, conowner FROM pg_conversion UNION ALL
        SELECT 'dictionary', dictname, dictnamespace, dictowner FROM pg_ts_dict UNION ALL
        SELECT 'configuration', cfgname, cfgnamespace, cfgowner FROM pg_ts_config
    ) AS object (kind, name, schema, owner)
    WHERE schema = '?'::regnamespace AND owner <> '?_owner'::regrole";

/// Routines of a schema that PUBLIC may run.
const PUBLIC_ROUTINES: &str = "
    SELECT proname FROM pg_proc p WHERE pronamespace = '?'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
        AND (proacl IS NULL OR EXISTS (SELECT FROM aclexplode(proacl) WHERE grantee = 0))";

fn assert_settled(database: &Database<'_>, schema: &str, by: &str) {
    for look in [STRAYS, PUBLIC_ROUTINES] {
        let found = database.superuser_sql(&look.replace('?', schema));
        assert_eq!(found.trim(), "", "made by {by}");
    }
}

/// A role that may create in the tenant's schema without being its owner.
fn dba(database: &Database<'_>, schema: &str) -> tenancy_tests::login::Login {
    let login = database.login(&[]);
    let grant = format!("GRANT USAGE, CREATE ON SCHEMA {schema} TO {}", login.name());
    database.superuser_sql(&grant);
    login
}

#[tokio::test]
async fn whatever_an_administrator_makes_in_a_tenants_schema_belongs_to_its_owner() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for (name, superuser) in [("acme", true), ("globex", false)] {
        let schema = tenants.column(name, "schema").await;
        let session = match superuser {
            true => database.superuser().await,
            false => dba(&database, &schema).connect().await,
        };
        for made in MADE.iter().filter(|made| superuser || made.needs == Needs::Create) {
            let sql = made.sql.replace('?', &schema);
            session.run(&sql).await;
            assert_settled(&database, &schema, &sql);
        }
    }
}

#[tokio::test]
async fn whatever_an_administrator_makes_in_a_tenants_schema_members_can_use() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let superuser = database.superuser().await;
    let member = tenants.enter("acme").await;
    for made in MADE {
        superuser.run(&made.sql.replace('?', &schema)).await;
        member.run(made.used_by).await;
    }
}

#[tokio::test]
async fn what_is_moved_into_a_tenants_schema_belongs_to_its_owner() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    let superuser = database.superuser().await;
    superuser
        .run(
            "CREATE SCHEMA yard;
             CREATE TABLE yard.moved (id serial PRIMARY KEY, other int GENERATED ALWAYS AS IDENTITY, t text);
             CREATE VIEW yard.moved_view AS SELECT 1 AS i;
             CREATE SEQUENCE yard.moved_seq;
             CREATE FUNCTION yard.moved_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
             CREATE TYPE yard.moved_type AS ENUM ('a');
             CREATE DOMAIN yard.moved_domain AS int;
             CREATE MATERIALIZED VIEW yard.moved_matview AS SELECT 1 AS i",
        )
        .await;
    for object in [
        "TABLE yard.moved",
        "VIEW yard.moved_view",
        "SEQUENCE yard.moved_seq",
        "FUNCTION yard.moved_function()",
        "TYPE yard.moved_type",
        "DOMAIN yard.moved_domain",
        "MATERIALIZED VIEW yard.moved_matview",
    ] {
        superuser.run(&format!("ALTER {object} SET SCHEMA {schema}")).await;
        assert_settled(&database, &schema, object);
    }
    let member = tenants.enter("acme").await;
    member
        .run("INSERT INTO moved (t) VALUES ('x'); SELECT nextval('moved_seq'), moved_function()")
        .await;
    member
        .run("SELECT * FROM moved_view, moved_matview; SELECT 'a'::moved_type, 1::moved_domain")
        .await;
}

#[tokio::test]
async fn many_objects_of_one_command_or_one_block_are_all_settled() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let (acme, globex) =
        (tenants.column("acme", "schema").await, tenants.column("globex", "schema").await);
    let superuser = database.superuser().await;
    superuser
        .run(&format!(
            "DO $$ BEGIN
                CREATE TABLE {acme}.p (i int) PARTITION BY RANGE (i);
                CREATE TABLE {acme}.p1 PARTITION OF {acme}.p FOR VALUES FROM (0) TO (10);
                EXECUTE 'CREATE TABLE {globex}.q (id serial UNIQUE, big text); CREATE FUNCTION {globex}.f() RETURNS int LANGUAGE sql AS ''SELECT 1''';
                CREATE TABLE public.elsewhere (i int);
             END $$"
        ))
        .await;
    for schema in [&acme, &globex] {
        assert_settled(&database, schema, "a block");
    }
    tenants.enter("acme").await.run("INSERT INTO p VALUES (1); INSERT INTO p1 VALUES (2)").await;
    tenants.enter("globex").await.run("INSERT INTO q (big) VALUES (f())").await;
    let owner = "SELECT relowner::regrole FROM pg_class WHERE oid = 'public.elsewhere'::regclass";
    assert_eq!(superuser.text(owner).await, "postgres");
}
