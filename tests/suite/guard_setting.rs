//! The setting `tenancy.guard`: a session that touches a tenant's schema without having entered
//! the tenant is reported or refused, unless it is trusted with all of them.

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// A tenant whose schema an administrator opened to everybody, and the schema's name.
async fn opened(database: &Database<'_>) -> (Tenants, String) {
    let tenants = Tenants::create(database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql(&format!(
        "GRANT USAGE ON SCHEMA {schema} TO PUBLIC; GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO PUBLIC;
         CREATE SCHEMA central; GRANT USAGE ON SCHEMA central TO PUBLIC; CREATE TABLE central.t (i int);
         GRANT ALL ON central.t TO PUBLIC"
    ));
    (tenants, schema)
}

/// The setting for all logins of a database.
fn set(database: &Database<'_>, value: &str) {
    database
        .superuser_sql(&format!("ALTER DATABASE {} SET tenancy.guard = {value}", database.name()));
}

fn log_of(database: &Database<'_>, login: &str) -> Vec<String> {
    let login = format!("login={login:?}");
    let log = database.cluster().log();
    let lines = log.lines().filter(|l| l.contains("tenancy: ") && l.contains(&login));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn strict_refuses_a_stranger_every_use_of_a_tenants_relations() {
    let database = Database::new();
    let (_tenants, schema) = opened(&database).await;
    database.superuser_sql(&format!(
        "CREATE VIEW central.v AS SELECT * FROM {schema}.note; GRANT ALL ON central.v TO PUBLIC"
    ));
    set(&database, "strict");
    let stranger = database.session(&[]).await;
    for sql in [
        "SELECT * FROM ?.note",
        "INSERT INTO ?.note (body) VALUES ('x')",
        "UPDATE ?.note SET body = 'x'",
        "DELETE FROM ?.note",
        "TRUNCATE ?.note",
        "COPY ?.note TO STDOUT",
        "SELECT * FROM central.v",
        "SET search_path = ?; SELECT * FROM note",
        "DO $$ BEGIN PERFORM * FROM ?.note; END $$",
    ] {
        let error = stranger.refused(&sql.replace('?', &schema)).await;
        assert_eq!(error.code().code(), "42501", "{sql}");
        assert!(error.hint().unwrap().contains("tenancy_bypass"), "{sql}: {error:?}");
    }
    stranger
        .run("SELECT * FROM central.t; SELECT * FROM pg_class; CREATE TEMP TABLE x (i int)")
        .await;
}

#[tokio::test]
async fn strict_lets_administrators_owners_and_those_inside_pass() {
    let database = Database::new();
    let (tenants, schema) = opened(&database).await;
    set(&database, "strict");
    let read = format!("SELECT body FROM {schema}.note");
    assert_eq!(database.superuser().await.text(&read).await, "acme");
    assert_eq!(database.session(&["tenancy_bypass"]).await.text(&read).await, "acme");
    assert_eq!(tenants.enter("acme").await.text("SELECT body FROM note").await, "acme");
    let dba = database.login(&[&format!("{schema}_owner")]);
    let session = dba.connect().await;
    assert_eq!(session.refusal(&read).await.code(), "42501");
    session
        .run(&format!(
            "SET ROLE {schema}_owner; {read}; UPDATE {schema}.note SET body = body; RESET ROLE"
        ))
        .await;
    assert_eq!(session.refusal(&read).await.code(), "42501", "a verdict outlasts the role");
}

#[tokio::test]
async fn the_life_of_a_tenant_goes_on_under_strict() {
    let database = Database::new();
    set(&database, "strict");
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    tenants.admin
        .run("SELECT tenancy.suspend('acme'); SELECT tenancy.resume('acme'); SELECT tenancy.drop('globex');
              SELECT * FROM tenancy.tenants")
        .await;
    assert_eq!(tenants.enter("acme").await.text("SELECT body FROM note").await, "acme");
}

#[tokio::test]
async fn foreign_keys_work_under_strict_inside_and_for_administrators() {
    let database = Database::new();
    let (tenants, schema) = opened(&database).await;
    set(&database, "strict");
    let dba = database.superuser().await;
    dba.run(&format!(
        "SET search_path = {schema}; CREATE TABLE p (i int PRIMARY KEY);
         CREATE TABLE c (i int REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE);
         INSERT INTO p VALUES (1), (2); INSERT INTO c VALUES (1), (2); DELETE FROM p WHERE i = 1"
    ))
    .await;
    let member = tenants.enter("acme").await;
    member.run("UPDATE p SET i = 3; INSERT INTO c VALUES (3); DELETE FROM p").await;
    assert_eq!(member.text("SELECT count(*) FROM c").await, "0");
}

#[tokio::test]
async fn background_processes_pass_under_strict() {
    let cluster = Cluster::start(&[("tenancy.guard", "strict"), ("autovacuum_naptime", "1s")]);
    let database = Database::on(&cluster);
    let (tenants, schema) = opened(&database).await;
    let member = tenants.enter("acme").await;
    member.run("INSERT INTO note (body) SELECT 'x' FROM generate_series(1, 1000)").await;
    let dba = database.superuser().await;
    let analyzed = format!(
        "SELECT count(*) FROM pg_stat_user_tables WHERE schemaname = '{schema}' AND autoanalyze_count > 0"
    );
    for _ in 0..100 {
        if dba.text(&analyzed).await != "0" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("autovacuum has not come by");
}

#[tokio::test]
async fn parallel_workers_follow_their_leader_under_strict() {
    let database = Database::new();
    let (_tenants, schema) = opened(&database).await;
    set(&database, "strict");
    let force = "SET force_parallel_mode = on";
    let read = format!("SELECT count(*) FROM {schema}.note");
    let dba = database.superuser().await;
    dba.run(force).await;
    assert_eq!(dba.text(&read).await, "1");
    let stranger = database.session(&[]).await;
    stranger.run(force).await;
    assert_eq!(stranger.refusal(&read).await.code(), "42501");
}

#[tokio::test]
async fn warn_passes_and_leaves_a_line_in_the_log_and_off_leaves_none() {
    let database = Database::new();
    let (_tenants, schema) = opened(&database).await;
    let read = format!("SELECT body FROM {schema}.note");
    for (value, lines) in [("warn", 1), ("off", 0)] {
        set(&database, value);
        let login = database.login(&[]);
        let session = login.connect().await;
        assert_eq!(session.text(&read).await, "acme");
        session.run("SELECT * FROM central.t").await;
        let log = log_of(&database, login.name());
        assert_eq!(log.len(), lines, "{value}: {log:?}");
        assert!(log.iter().all(|l| l.contains("would refuse") && l.contains(&schema)), "{log:?}");
    }
}

#[tokio::test]
async fn a_session_that_touches_a_tenant_in_a_loop_does_not_flood_the_log() {
    let database = Database::new();
    let (_tenants, schema) = opened(&database).await;
    let login = database.login(&[]);
    let session = login.connect().await;
    session
        .run(&format!(
            "DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM * FROM {schema}.note; END LOOP; END $$"
        ))
        .await;
    let lines = log_of(&database, login.name()).len();
    assert!((1..=40).contains(&lines), "{lines} lines");
}

#[tokio::test]
async fn only_a_superuser_sets_the_guard() {
    let database = Database::new();
    let (tenants, _) = opened(&database).await;
    let stranger = database.session(&[]).await;
    let inside = tenants.enter("acme").await;
    for session in [&stranger, &inside] {
        assert_eq!(session.refusal("SET tenancy.guard = off").await.code(), "42501");
        assert_eq!(
            session.refusal("SELECT set_config('tenancy.guard', 'off', false)").await.code(),
            "42501"
        );
    }
    let code = database.superuser().await.refusal("SET tenancy.alarm_only = on").await;
    assert_eq!(code.code(), "55P02", "it is the configuration file's alone");
}

#[tokio::test]
async fn alarm_only_lets_pass_with_a_line_what_the_guards_refuse_and_nothing_else() {
    let cluster = Cluster::start(&[("tenancy.guard", "strict")]);
    let database = Database::on(&cluster);
    let (tenants, schema) = opened(&database).await;
    database.superuser_sql(
        "CREATE VIEW public.v AS SELECT * FROM central.t; GRANT SELECT ON public.v TO PUBLIC",
    );
    let stranger = database.login(&[]);
    let outside = stranger.connect().await;
    let inside = tenants.enter("acme").await;
    let reads: [(&Session, String); 2] =
        [(&outside, format!("SELECT * FROM {schema}.note")), (&inside, "SELECT * FROM v".into())];
    for (session, sql) in &reads {
        assert_eq!(session.refusal(sql).await.code(), "42501");
    }
    database.superuser_sql("ALTER SYSTEM SET tenancy.alarm_only = on");
    database.superuser_sql("SELECT pg_reload_conf()");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    for (session, sql) in &reads {
        session.run(sql).await;
    }
    // The wall and the lock stay.
    assert_eq!(inside.refusal("SET ROLE postgres").await.code(), "42501");
    assert_eq!(inside.refusal("SELECT tenancy.leave('wrong')").await.code(), "28000");
    assert_eq!(inside.refusal("SELECT * FROM tenancy.tenant").await.code(), "42501");
    let log = cluster.log();
    assert!(log.contains("parameter \"tenancy.alarm_only\" changed to \"on\""));
    assert!(log_of(&database, stranger.name()).iter().any(|l| l.contains("would refuse")));
    database.superuser_sql("ALTER SYSTEM RESET tenancy.alarm_only");
    database.superuser_sql("SELECT pg_reload_conf()");
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    for (session, sql) in &reads {
        assert_eq!(session.refusal(sql).await.code(), "42501", "{sql}");
    }
}
