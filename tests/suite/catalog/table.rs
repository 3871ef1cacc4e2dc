//! The table in `tenancy_core::catalog` against the server it speaks of.

use tenancy_core::catalog::{self, CATALOGS, ROW_FUNCTIONS, Shown, Term};
use tenancy_tests::database::Database;

#[tokio::test]
async fn every_catalog_of_the_server_has_been_decided_on() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let catalogs = superuser
        .rows("SELECT oid, relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'")
        .await;
    assert!(catalogs.len() > 60);
    for catalog in catalogs {
        let [Some(oid), Some(name)] = catalog.as_slice() else { panic!("{catalog:?}") };
        let known = CATALOGS.iter().find(|known| known.oid.to_string() == *oid);
        assert_eq!(known.map(|known| known.name), Some(name.as_str()), "what shows {name}?");
    }
}

#[tokio::test]
async fn every_column_that_a_condition_is_on_exists_and_holds_oids() {
    let database = Database::new();
    let superuser = database.superuser().await;
    for catalog in CATALOGS {
        let Shown::Where(lists) = catalog.shown else { continue };
        for term in lists.iter().copied().flatten() {
            let sql = format!(
                "SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = {} AND attname = '{}'",
                catalog.oid,
                term.column()
            );
            let of_type = superuser.text(&sql).await;
            assert!(["oid", "regproc"].contains(&of_type.as_str()), "{} {term:?}", catalog.name);
        }
    }
}

/// Else a query would read the rows of all tenants to find its own.
#[tokio::test]
async fn every_condition_on_own_objects_is_on_a_column_that_an_index_leads_to() {
    let database = Database::new();
    let superuser = database.superuser().await;
    // A tenant has few of these in any database, or the rows are few.
    let small = ["pg_auth_members", "pg_largeobject_metadata", "pg_db_role_setting"];
    for catalog in CATALOGS.iter().filter(|catalog| !small.contains(&catalog.name)) {
        let Shown::Where(lists) = catalog.shown else { continue };
        for terms in lists {
            let columns: Vec<_> = terms.iter().map(|t| format!("'{}'", t.column())).collect();
            let sql = format!(
                "SELECT count(*) FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                 WHERE i.indrelid = {} AND a.attname IN ({})",
                catalog.oid,
                columns.join(", ")
            );
            let own = terms.iter().any(|term| matches!(term, Term::Own(..)));
            assert!(!own || superuser.text(&sql).await != "0", "{} {terms:?}", catalog.name);
        }
    }
}

#[tokio::test]
async fn every_function_that_ordinary_logins_may_call_and_returns_the_servers_state_is_known() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let found = superuser
        .rows(
            "SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
             AND (proname ~ '^pg_stat_get_(act|wal|slru|sub|arch|io|prog|recov|repl|backend_idset)'
                  OR proname ~ '^pg_(lock_status|prepared_|show_repl|get_repl|tablespace_databases|get_publication_tables)')
             AND (proretset OR prorettype = 'record'::regtype)",
        )
        .await;
    assert!(found.len() > 10);
    for name in found.iter().flatten().flatten() {
        assert!(catalog::row_function(name).is_some(), "what shows {name}?");
    }
    assert!(ROW_FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
}
