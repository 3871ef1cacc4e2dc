//! Every catalog and every view on them, read as a whole.

use std::collections::BTreeSet;

use super::{NEIGHBOUR, Neighbours};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tokio_postgres::SimpleQueryMessage;

/// What a tenant has of each kind, looked for as anybody would.
const OWN: &[&str] = &[
    "SELECT relname, relkind FROM pg_class WHERE relnamespace = 'acme'::regnamespace",
    "SELECT t.relname IS NOT NULL, i.relname IS NOT NULL FROM pg_class c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid \
     LEFT JOIN pg_index x ON x.indrelid = t.oid LEFT JOIN pg_class i ON i.oid = x.indexrelid WHERE c.relname = 'acme_table'",
    "SELECT attrelid::regclass, attname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'acme'::regnamespace",
    "SELECT adrelid::regclass, pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'acme.acme_table'::regclass",
    "SELECT typname, typtype, typcategory FROM pg_type WHERE typnamespace = 'acme'::regnamespace",
    "SELECT enumlabel FROM pg_enum",
    "SELECT rngtypid::regtype, rngmultitypid::regtype FROM pg_range WHERE rngtypid >= 16384",
    "SELECT proname FROM pg_proc WHERE pronamespace = 'acme'::regnamespace",
    "SELECT aggfnoid::oid::regproc FROM pg_aggregate JOIN pg_proc p ON p.oid = aggfnoid WHERE pronamespace = 'acme'::regnamespace",
    "SELECT oprname FROM pg_operator WHERE oprnamespace = 'acme'::regnamespace",
    "SELECT conname, contype FROM pg_constraint WHERE connamespace = 'acme'::regnamespace",
    "SELECT indexrelid::regclass FROM pg_index JOIN pg_class c ON c.oid = indrelid WHERE relnamespace = 'acme'::regnamespace",
    "SELECT tgname FROM pg_trigger WHERE tgrelid = 'acme.acme_table'::regclass AND NOT tgisinternal",
    "SELECT rulename FROM pg_rewrite WHERE ev_class = 'acme.acme_view'::regclass",
    "SELECT polname FROM pg_policy",
    "SELECT stxname FROM pg_statistic_ext",
    "SELECT collname FROM pg_collation WHERE collnamespace = 'acme'::regnamespace",
    "SELECT dictname FROM pg_ts_dict WHERE dictnamespace = 'acme'::regnamespace",
    "SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'acme'::regnamespace",
    "SELECT mapcfg::regconfig, maptokentype FROM pg_ts_config_map WHERE mapcfg = 'acme.acme_configuration'::regconfig",
    "SELECT castsource::regtype, casttarget::regtype FROM pg_cast WHERE castsource = 'acme.acme_pair'::regtype",
    "SELECT inhrelid::regclass, inhparent::regclass FROM pg_inherits WHERE inhparent = 'acme.acme_parts'::regclass",
    "SELECT partrelid::regclass FROM pg_partitioned_table",
    "SELECT seqrelid::regclass FROM pg_sequence s JOIN pg_class c ON c.oid = seqrelid WHERE relnamespace = 'acme'::regnamespace",
    "SELECT description FROM pg_description WHERE description LIKE 'acme%'",
    "SELECT tablename, attname FROM pg_stats WHERE schemaname = 'acme' AND tablename = 'acme_part'",
    "SELECT sequencename FROM pg_sequences WHERE schemaname = 'acme'",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'acme'",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'acme'",
    "SELECT matviewname FROM pg_matviews",
    "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'acme'",
    "SELECT classid::regclass, deptype FROM pg_depend WHERE refobjid = 'acme.acme_table'::regclass",
];

#[tokio::test]
async fn a_tenant_sees_everything_of_its_own() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let superuser = database.superuser().await;
    superuser.run("SELECT tenancy.drop('globex')").await;
    superuser.run("DROP SCHEMA globex CASCADE").await;
    for session in [&superuser, &neighbours.member, &neighbours.owner] {
        session.run("SET search_path = acme, public").await;
    }
    for sql in OWN {
        let right = sorted(&superuser, sql).await;
        assert!(!right.is_empty(), "{sql}");
        for session in neighbours.both() {
            assert_eq!(sorted(session, sql).await, right, "{sql}");
        }
    }
}

async fn sorted(session: &Session, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut rows = session.rows(sql).await;
    rows.sort();
    rows
}

#[tokio::test]
async fn no_catalog_or_view_shows_anything_of_another_tenant() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let role = neighbours.tenants.column(NEIGHBOUR, "role").await;
    let relations = relations(&database, "relkind IN ('r', 'v')").await;
    let mut read = 0;
    for relation in &relations {
        for session in neighbours.both() {
            let text = whole(session, relation).await;
            read += i32::from(text.is_some());
            let text = text.unwrap_or_default();
            for trace in [NEIGHBOUR, &role] {
                let line = text.lines().find(|line| line.contains(trace));
                assert_eq!(line, None, "{relation} shows {trace}");
            }
        }
    }
    assert!(read > 150, "most of {} are open to everybody", relations.len());
}

/// Numbers tell as much as names.
#[tokio::test]
async fn no_catalog_holds_the_oid_of_an_object_of_another_tenant() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let foreign: BTreeSet<String> = oids_of(&database, NEIGHBOUR).await;
    assert!(foreign.len() > 40, "{foreign:?}");
    for relation in relations(&database, "relkind = 'r' AND relnamespace = 11").await {
        for session in neighbours.both() {
            let text = whole(session, &relation).await.unwrap_or_default();
            let numbers = text.split(|c: char| !c.is_ascii_digit());
            let found: Vec<_> = numbers.filter(|number| foreign.contains(*number)).collect();
            assert!(found.is_empty(), "{relation} holds {found:?}");
        }
    }
}

/// Everything that depends on the schema, in as many steps as it takes.
async fn oids_of(database: &Database<'_>, schema: &str) -> BTreeSet<String> {
    let sql = format!(
        "WITH RECURSIVE of (class, object) AS (
           SELECT 'pg_namespace'::regclass::oid, '{schema}'::regnamespace::oid
           UNION SELECT classid, objid FROM pg_depend JOIN of ON refclassid = class AND refobjid = object)
         SELECT object FROM of"
    );
    let rows = database.superuser().await.rows(&sql).await;
    rows.into_iter().flatten().flatten().collect()
}

async fn relations(database: &Database<'_>, which: &str) -> Vec<String> {
    let sql = format!(
        "SELECT oid::regclass FROM pg_class WHERE {which}
         AND relnamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
    );
    database.superuser().await.rows(&sql).await.into_iter().flatten().flatten().collect()
}

/// All of a relation as text; nothing when the tenant may not read it.
async fn whole(session: &Session, relation: &str) -> Option<String> {
    // The text of a row shows every column.
    match session.simple_query(&format!("SELECT whole::text FROM {relation} whole")).await {
        Ok(messages) => Some(messages.iter().filter_map(line).collect::<Vec<_>>().join("\n")),
        Err(error) => {
            let code = error.code().map(|code| code.code().to_owned());
            assert_eq!(code.as_deref(), Some("42501"), "{relation}: {error:?}");
            None
        }
    }
}

fn line(message: &SimpleQueryMessage) -> Option<&str> {
    match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    }
}
