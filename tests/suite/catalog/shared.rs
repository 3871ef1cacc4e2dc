//! What all tenants share: extensions in shared schemas, and tables granted to tenancy_tenant.

use super::Neighbours;
use tenancy_tests::database::Database;

#[tokio::test]
async fn an_extension_in_a_shared_schema_is_seen_with_all_that_it_brought() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let superuser = database.superuser().await;
    for sql in [
        "SELECT extname FROM pg_extension WHERE extname = 'citext'",
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT string_agg(typname, ',' ORDER BY typname) FROM pg_type WHERE typnamespace = 'public'::regnamespace",
        "SELECT count(*) FROM pg_operator WHERE oprnamespace = 'public'::regnamespace",
        "SELECT count(*) FROM pg_opclass WHERE opcnamespace = 'public'::regnamespace",
        "SELECT count(*) FROM pg_amop WHERE amoplefttype = 'citext'::regtype",
        "SELECT count(*) FROM pg_cast WHERE castsource = 'citext'::regtype OR casttarget = 'citext'::regtype",
        "SELECT count(*) FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace = 'public'::regnamespace",
    ] {
        let right = superuser.text(sql).await;
        assert_ne!(right, "0", "{sql}");
        for session in neighbours.both() {
            assert_eq!(session.text(sql).await, right, "{sql}");
        }
    }
}

#[tokio::test]
async fn a_table_granted_to_all_tenants_is_seen_and_one_that_is_not_is_not() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    database.superuser_sql(
        "CREATE SCHEMA reference; GRANT USAGE ON SCHEMA reference TO tenancy_tenant;
         CREATE TABLE reference.country (code text PRIMARY KEY); CREATE TABLE reference.secret (x int);
         GRANT SELECT ON reference.country TO tenancy_tenant",
    );
    for session in neighbours.both() {
        let tables = "SELECT string_agg(table_name, ',') FROM information_schema.tables WHERE table_schema = 'reference'";
        assert_eq!(session.text(tables).await, "country");
        let relations = "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'reference'";
        assert_eq!(session.text(relations).await, "country,country_pkey");
        let columns = "SELECT string_agg(attname, ',') FROM pg_attribute WHERE attnum > 0 AND attrelid = (SELECT oid FROM pg_class WHERE relname = 'country')";
        assert_eq!(session.text(columns).await, "code");
    }
}
