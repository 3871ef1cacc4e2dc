//! What a tenant may have of what all sessions share: temporary objects, subtransactions, locks.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// A member and an owner of one tenant, in a database with these settings.
async fn rationed(
    database: &Database<'_>,
    tenants: &Tenants,
    settings: &[(&str, u32)],
) -> [Session; 2] {
    for (name, value) in settings {
        let alter = format!("ALTER DATABASE {} SET tenancy.{name} = {value}", database.name());
        database.superuser_sql(&alter);
    }
    let owner = tenants.enter_as_owner(database, "acme").await;
    [tenants.enter("acme").await, owner]
}

async fn code(session: &Session, sql: &str) -> String {
    session.refusal(sql).await.code().to_owned()
}

fn loop_over(count: u32, body: &str) -> String {
    format!("DO $$ BEGIN FOR i IN 1..{count} LOOP {body} END LOOP; END $$")
}

#[tokio::test]
async fn temporary_objects_of_every_kind_are_rationed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let [session, _] = rationed(&database, &tenants, &[("max_temp_tables", 10)]).await;
    for create in [
        "CREATE TEMP TABLE x%s (a int PRIMARY KEY, b text)",
        "CREATE TEMP SEQUENCE x%s",
        "CREATE TEMP VIEW x%s AS SELECT 1",
        "CREATE TYPE pg_temp.x%s AS ENUM ('a')",
        "CREATE TYPE pg_temp.x%s AS (a int)",
        "CREATE TABLE pg_temp.x%s (a int)",
        "CREATE FUNCTION pg_temp.x%s() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ] {
        let body = format!("EXECUTE format($x${create}$x$, i);");
        assert_eq!(code(&session, &loop_over(11, &body)).await, "53400", "{create}");
        session.run(&loop_over(10, &body)).await;
        let one_more = create.replace("%s", "");
        assert_eq!(code(&session, &one_more).await, "53400", "{create}");
        session.run("DISCARD TEMP").await;
        session.run(&one_more).await;
        session.run("DISCARD TEMP").await;
    }
}

#[tokio::test]
async fn dropping_makes_room_and_a_rollback_takes_it_back() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let [session, owner] = rationed(&database, &tenants, &[("max_temp_tables", 10)]).await;
    let fill = loop_over(10, "EXECUTE format('CREATE TEMP TABLE x%s (a text)', i);");
    let again = loop_over(10, "EXECUTE format('CREATE TEMP TABLE y%s (a text)', i);");
    session.run(&fill).await;
    session.run("DROP TABLE x1").await;
    session.run("CREATE TEMP TABLE x1 (a text)").await;
    session.run("BEGIN; SAVEPOINT a").await;
    session.run(&loop_over(10, "EXECUTE format('DROP TABLE x%s', i);")).await;
    session.run(&again).await;
    session.run("ROLLBACK TO a").await;
    assert_eq!(code(&session, &again).await, "53400");
    session.run("ROLLBACK").await;
    assert_eq!(code(&session, "CREATE TEMP TABLE y (a int)").await, "53400");
    // Ordinary tables are no temporary ones, however many there are.
    owner.run(&loop_over(10, "EXECUTE format('CREATE TEMP TABLE x%s (a text)', i);")).await;
    owner
        .run(&loop_over(25, "EXECUTE format('CREATE TABLE z%s (a int PRIMARY KEY, b text)', i);"))
        .await;
}

#[tokio::test]
async fn subtransactions_are_rationed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let [session, _] = rationed(&database, &tenants, &[("max_subtransactions", 50)]).await;
    let insert =
        "BEGIN INSERT INTO note (body) VALUES ('x'); EXCEPTION WHEN division_by_zero THEN END;";
    session.run(&loop_over(50, insert)).await;
    assert_eq!(code(&session, &loop_over(51, insert)).await, "53400");
    let stubborn = insert.replace("division_by_zero", "OTHERS");
    session.run("DELETE FROM note").await;
    session.run("BEGIN").await;
    let _ = session.batch_execute(&loop_over(1000, &stubborn)).await;
    session.run("ROLLBACK").await;
    session.run("BEGIN").await;
    for _ in 0..50 {
        session.run("SAVEPOINT a").await;
        session.run("RELEASE a").await;
    }
    session.run("SAVEPOINT a").await;
    assert_eq!(code(&session, "SAVEPOINT b").await, "53400");
    session.run("ROLLBACK").await;
    session.run(&loop_over(50, insert)).await;
}

#[tokio::test]
async fn caught_refusals_of_subtransactions_write_nothing_more() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let [session, _] = rationed(&database, &tenants, &[("max_subtransactions", 50)]).await;
    let insert = "BEGIN INSERT INTO note (body) VALUES ('x'); EXCEPTION WHEN OTHERS THEN END;";
    session.run(&loop_over(500, insert)).await;
    assert_eq!(session.text("SELECT count(*) FROM note WHERE body = 'x'").await, "50");
}

#[tokio::test]
async fn locks_are_rationed() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let [member, owner] = rationed(&database, &tenants, &[("max_locks", 60)]).await;
    for tens in 0..8 {
        let body = format!("EXECUTE format('CREATE TABLE x%s (a int)', {tens} * 10 + i - 1);");
        owner.run(&loop_over(10, &body)).await;
    }
    let all = |word: &str| (0..80).map(|i| format!("x{i}")).collect::<Vec<_>>().join(word);
    let union = format!("SELECT * FROM {}", all(" UNION ALL SELECT * FROM "));
    for (session, attempt) in [
        (&member, format!("BEGIN; LOCK TABLE {} IN ACCESS SHARE MODE", all(", "))),
        (&owner, format!("BEGIN; LOCK TABLE {}", all(", "))),
        (&member, union),
        (&member, loop_over(80, "EXECUTE format('SELECT 1 FROM x%s', i - 1);")),
        (&owner, loop_over(80, "EXECUTE format('ALTER TABLE x%s ADD b int', i - 1);")),
        (&owner, format!("DROP TABLE {}", all(", "))),
    ] {
        assert_eq!(code(session, &attempt).await, "53400", "{attempt}");
        let _ = session.batch_execute("ROLLBACK").await;
        session.run("SELECT * FROM x1, x2").await;
    }
}
