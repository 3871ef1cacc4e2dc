//! What a session does not lose: its own settings behind a context, and nothing on a refused move.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

const SEAL: &str = "a seal that is long enough";

#[tokio::test]
async fn a_move_that_is_refused_for_its_key_takes_nothing_away() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter("acme").await;
    session
        .run("CREATE TEMP TABLE kept AS SELECT 1 AS i; PREPARE kept AS SELECT i FROM kept")
        .await;
    for attempt in ["SELECT tenancy.leave('a guess')", "SELECT tenancy.enter('globex', 'a guess')"]
    {
        session.refused(attempt).await;
        assert_eq!(session.text("EXECUTE kept").await, "1", "{attempt}");
    }
}

#[tokio::test]
async fn sequence_values_of_an_earlier_visit_are_forgotten() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", SEAL).await;
    session.run("SELECT nextval('note_id_seq')").await;
    for name in ["globex", "acme"] {
        session.run(&format!("SELECT tenancy.enter('{name}', '{SEAL}')")).await;
        assert_eq!(
            session.refusal("SELECT currval('note_id_seq')").await.code(),
            "55000",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_notification_for_the_last_tenant_does_not_reach_the_next() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", SEAL).await;
    session.run("LISTEN news").await;
    tenants.enter("acme").await.run("NOTIFY news, 'first'").await;
    assert_eq!(session.notifications("news", 1).await, ["first"]);
    session.run(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await;
    tenants.enter("acme").await.run("NOTIFY news, 'second'").await;
    session.run("SELECT pg_sleep(0.2)").await;
    assert_eq!(session.notifications("news", 1).await, ["first"]);
}

#[tokio::test]
async fn an_advisory_lock_of_the_last_tenant_is_free_for_others() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let session = tenants.enter_with("acme", SEAL).await;
    session.run("SELECT pg_advisory_lock(42), pg_advisory_lock(42)").await;
    let other = tenants.enter("acme").await;
    assert_eq!(other.text("SELECT pg_try_advisory_lock(42)").await, "f");
    session.run(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await;
    assert_eq!(other.text("SELECT pg_try_advisory_lock(42)").await, "t");
}

#[tokio::test]
async fn the_random_numbers_that_the_last_tenant_has_chosen_do_not_come_to_the_next() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let numbers = "SELECT array_agg(random()) FROM generate_series(1, 3)";
    let foretold = tenants.enter("acme").await;
    foretold.run("SELECT setseed(0.5)").await;
    let foretold = foretold.text(numbers).await;
    let session = tenants.enter_with("acme", SEAL).await;
    session.run("SELECT setseed(0.5)").await;
    session.run(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await;
    assert_ne!(session.text(numbers).await, foretold);
}
