//! Plans that are kept: made outside or in one tenant, used in another.

use super::{NEIGHBOUR, Neighbours};
use tenancy_tests::database::Database;
use tenancy_tests::session::{Session, TextRow};

const NAMES: &str = "SELECT string_agg(nspname, ',') FROM pg_namespace WHERE oid >= 16384";

async fn seen(session: &Session, statement: &tokio_postgres::Statement) -> String {
    session.query_one(statement, &[]).await.unwrap().get(0)
}

#[tokio::test]
async fn a_plan_that_was_made_elsewhere_is_made_again_at_each_move() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let session = neighbours.tenants.application.connect().await;
    let statement = session.prepare(NAMES).await.unwrap();
    assert!(seen(&session, &statement).await.contains(NEIGHBOUR), "the login is outside");
    let key = session.text("SELECT tenancy.enter('acme')").await;
    let inside = seen(&session, &statement).await;
    assert!(inside.contains("acme") && !inside.contains(NEIGHBOUR), "{inside}");
    session.run(&format!("SELECT tenancy.enter('{NEIGHBOUR}', seal => '{key}')")).await;
    let inside = seen(&session, &statement).await;
    assert!(inside.contains(NEIGHBOUR) && !inside.contains("acme"), "{inside}");
    session.run(&format!("SELECT tenancy.leave('{key}')")).await;
    assert!(seen(&session, &statement).await.contains(NEIGHBOUR), "outside again");
}

/// Another path would have had the plan made again anyhow.
#[tokio::test]
async fn a_plan_that_was_made_outside_with_the_tenants_path_is_made_again_inside() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let application = &neighbours.tenants.application;
    database.superuser_sql(&format!("GRANT USAGE ON SCHEMA acme TO {}", application.name()));
    let session = application.connect().await;
    session.run("SET search_path = acme, public, pg_temp").await;
    let statement = session.prepare(NAMES).await.unwrap();
    assert!(seen(&session, &statement).await.contains(NEIGHBOUR), "the login is outside");
    session.run("SELECT tenancy.enter('acme')").await;
    let inside = seen(&session, &statement).await;
    assert!(inside.contains("acme") && !inside.contains(NEIGHBOUR), "{inside}");
}

#[tokio::test]
async fn a_plan_made_in_a_local_context_ends_with_it() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let session = neighbours.tenants.application.connect().await;
    session.run("BEGIN; SELECT tenancy.enter_local('acme')").await;
    let statement = session.prepare(NAMES).await.unwrap();
    assert!(!seen(&session, &statement).await.contains(NEIGHBOUR));
    session.run("ROLLBACK").await;
    assert!(seen(&session, &statement).await.contains(NEIGHBOUR));
}

#[tokio::test]
async fn what_a_tenant_makes_or_drops_shows_at_once_in_a_plan_that_is_kept() {
    let database = Database::new();
    let Neighbours { member, owner, .. } = &Neighbours::meet(&database).await;
    let sql = "SELECT coalesce(string_agg(relname, ',' ORDER BY relname), '-') FROM pg_class WHERE relname LIKE 'fresh%'";
    let kept = (member.prepare(sql).await.unwrap(), owner.prepare(sql).await.unwrap());
    for (change, right) in [
        ("SELECT", "-"),
        ("CREATE TABLE fresh (x int)", "fresh"),
        ("CREATE INDEX fresh_index ON fresh (x)", "fresh,fresh_index"),
        ("BEGIN; DROP TABLE fresh; ROLLBACK", "fresh,fresh_index"),
        ("BEGIN; CREATE TABLE fresh_2 (x int); ROLLBACK", "fresh,fresh_index"),
        ("DROP TABLE fresh", "-"),
    ] {
        owner.run(change).await;
        assert_eq!(seen(owner, &kept.1).await, right, "{change}");
        assert_eq!(seen(member, &kept.0).await, right, "{change}");
    }
    owner.run("CREATE TEMP TABLE fresh_temp (x int)").await;
    assert_eq!(seen(owner, &kept.1).await, "fresh_temp");
    assert_eq!(seen(member, &kept.0).await, "-", "another session's temporary table");
}

#[tokio::test]
async fn own_objects_are_none_outside_of_a_tenant() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let outside = neighbours.tenants.application.connect().await;
    let own: Vec<TextRow> = outside.rows("SELECT tenancy.own(1259)").await;
    assert_eq!(own, [[Some("{}".to_owned())]]);
    assert_ne!(neighbours.member.text("SELECT tenancy.own(1259)").await, "{}");
}
