//! Names of prepared statements: what the protocol prepared is not there for a tenant's SQL.

use super::{SEAL, enter, tenants, wire};
use tenancy_tests::database::Database;
use tenancy_tests::wire::{Reply, Request, Wire};

/// Every way in which SQL names a statement that exists.
const USES: [&str; 6] = [
    "EXECUTE s0('x')",
    "EXPLAIN EXECUTE s0('x')",
    "EXPLAIN (VERBOSE, ANALYZE) CREATE TEMP TABLE x AS EXECUTE s0('x')",
    "CREATE TEMP TABLE x AS EXECUTE s0('x')",
    "DEALLOCATE s0",
    "DEALLOCATE PREPARE s0",
];

async fn parse(wire: &mut Wire, name: &str, sql: &str) {
    let replies = wire.ask(Request::new().parse(name, sql).sync()).await;
    assert!(replies.contains(&Reply::Other('1')), "{replies:?}");
}

/// What the statement of the protocol answers.
async fn answer(wire: &mut Wire, name: &str, argument: &str) -> Option<String> {
    let request = Request::new().bind(name, &[Some(argument)]).execute().sync();
    wire.ask(request).await.into_iter().find_map(|reply| match reply {
        Reply::Row(row) => row.into_iter().next().flatten(),
        _ => None,
    })
}

#[tokio::test]
async fn a_statement_of_the_protocol_is_an_unknown_name_to_sql() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    parse(&mut wire, "s0", "SELECT 'driver ' || $1::text").await;
    for attempt in USES {
        let inside = format!("DO $do$ BEGIN EXECUTE $$ {attempt} $$; END $do$");
        for attempt in [attempt, inside.as_str()] {
            let known = wire.query(attempt).await.unwrap_err();
            let unknown = wire.query(&attempt.replace("s0", "s9")).await.unwrap_err();
            assert_eq!(known.code, "26000", "{attempt}");
            assert_eq!(known.message, "prepared statement \"s0\" does not exist", "{attempt}");
            assert_eq!(known.message.replace("s0", "s9"), unknown.message, "{attempt}");
            assert_eq!((known.detail, known.hint), (unknown.detail, unknown.hint), "{attempt}");
        }
    }
    assert_eq!(answer(&mut wire, "s0", "x").await.as_deref(), Some("driver x"));
}

#[tokio::test]
async fn a_tenant_cannot_put_its_own_statement_under_a_drivers_name() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    for first in ["DEALLOCATE s0", "DEALLOCATE ALL", "DISCARD ALL", "DISCARD PLANS"] {
        let mut wire = wire(&tenants, "acme").await;
        parse(&mut wire, "s0", "SELECT 'driver ' || $1::text").await;
        for attempt in [first.to_owned(), format!("DO $$ BEGIN EXECUTE '{first}'; END $$")] {
            let _ = wire.query(&attempt).await;
            let prepared = wire.query("PREPARE s0(text) AS SELECT 'stolen ' || $1").await;
            assert_eq!(prepared.unwrap_err().code, "42P05", "{attempt}");
            assert_eq!(answer(&mut wire, "s0", SEAL).await, Some(format!("driver {SEAL}")));
        }
    }
}

#[tokio::test]
async fn what_sql_prepared_is_sqls_to_use_and_to_drop() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    for drop in ["DEALLOCATE p", "DEALLOCATE ALL", "DISCARD ALL", "DEALLOCATE PREPARE ALL"] {
        wire.query("PREPARE p AS SELECT body FROM note").await.unwrap();
        let rows = wire.query("EXECUTE p").await.unwrap();
        assert_eq!(rows.concat(), [Some("acme".to_owned())]);
        wire.query("EXPLAIN EXECUTE p").await.unwrap();
        let replies = wire.ask(Request::new().query(drop)).await;
        let tag = if drop.ends_with("ALL") {
            drop.replace(" PREPARE", "")
        } else {
            "DEALLOCATE".to_owned()
        };
        assert!(replies.contains(&Reply::Complete(tag)), "{drop}: {replies:?}");
        assert_eq!(wire.query("EXECUTE p").await.unwrap_err().code, "26000", "{drop}");
    }
    // Through the protocol, as drivers send it.
    wire.query("PREPARE p AS SELECT 1").await.unwrap();
    parse(&mut wire, "", "DEALLOCATE ALL").await;
    let replies = wire.ask(Request::new().bind("", &[]).execute().sync()).await;
    assert!(replies.contains(&Reply::Complete("DEALLOCATE ALL".to_owned())), "{replies:?}");
    assert_eq!(wire.query("EXECUTE p").await.unwrap_err().code, "26000");
}

#[tokio::test]
async fn what_sql_prepared_outside_is_out_of_reach_inside() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = Wire::connect(&tenants.application).await;
    wire.query("PREPARE s0(text) AS SELECT 'application ' || $1").await.unwrap();
    enter(&mut wire, "acme").await;
    for attempt in USES {
        assert_eq!(wire.query(attempt).await.unwrap_err().code, "26000", "{attempt}");
    }
    wire.query("DEALLOCATE ALL").await.unwrap();
    assert_eq!(wire.query("PREPARE s0 AS SELECT 1").await.unwrap_err().code, "42P05");
    // The failed attempt has made it nobody's.
    assert_eq!(wire.query("EXECUTE s0('x')").await.unwrap_err().code, "26000");
}
