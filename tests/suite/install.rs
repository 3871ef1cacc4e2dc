//! Installing the extension, refusing to be installed wrongly, and what stays when it goes.

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// Runs as the superuser; the server's answer when it refuses, with the state in front.
fn refusal(database: &Database<'_>, sql: &str) -> String {
    let mut psql = database.cluster().command("psql");
    let psql = psql.args(["-X", "-q", "-v", "VERBOSITY=verbose", "-d", database.name(), "-c", sql]);
    String::from_utf8_lossy(&psql.output().unwrap().stderr).into_owned()
}

#[tokio::test]
async fn a_second_database_of_the_server_takes_the_roles_over() {
    let database = Database::empty_on(Cluster::shared());
    database.superuser_sql("CREATE EXTENSION tenancy");
    let tenants = "SELECT tenancy.create('acme'); SELECT name FROM tenancy.tenants";
    assert!(database.superuser_sql(tenants).contains("acme"));
}

#[tokio::test]
async fn strange_roles_under_our_names_stop_the_installation() {
    let cluster = Cluster::start(&[]);
    let database = Database::empty_on(&cluster);
    for (strange, harmless) in [
        ("ALTER ROLE tenancy_admin LOGIN", "ALTER ROLE tenancy_admin NOLOGIN"),
        ("ALTER ROLE tenancy_tenant CREATEROLE", "ALTER ROLE tenancy_tenant NOCREATEROLE"),
        (
            "GRANT pg_read_all_data TO tenancy_gateway",
            "REVOKE pg_read_all_data FROM tenancy_gateway",
        ),
        (
            "CREATE ROLE mallory; GRANT tenancy_owner TO mallory",
            "REVOKE tenancy_owner FROM mallory; DROP ROLE mallory",
        ),
    ] {
        database.superuser_sql(strange);
        let answer = refusal(&database, "CREATE EXTENSION tenancy");
        assert!(answer.contains("42710") && answer.contains("HINT"), "{strange}: {answer}");
        database.superuser_sql(harmless);
    }
    database.superuser_sql("CREATE EXTENSION tenancy");
}

#[tokio::test]
async fn a_strangers_role_is_not_taken_over_however_harmless_it_is() {
    let cluster = Cluster::start(&[]);
    let database = Database::empty_on(&cluster);
    database.superuser_sql("ALTER ROLE tenancy_admin RENAME TO kept");
    for strange in ["NOLOGIN", "LOGIN", "LOGIN SUPERUSER"] {
        database.superuser_sql(&format!("CREATE ROLE tenancy_admin {strange}"));
        let answer = refusal(&database, "CREATE EXTENSION tenancy");
        assert!(answer.contains("42710") && answer.contains("HINT"), "{strange}: {answer}");
        let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'tenancy'";
        assert_eq!(database.superuser_sql(left).trim(), "0", "{strange}");
        database.superuser_sql("DROP ROLE tenancy_admin");
    }
    database.superuser_sql("CREATE EXTENSION tenancy");
}

#[tokio::test]
async fn a_library_that_is_not_preloaded_refuses_to_work_and_says_what_to_do() {
    let cluster = Cluster::start(&[]);
    let database = Database::on(&cluster);
    database.superuser_sql("ALTER SYSTEM SET shared_preload_libraries = 'plpgsql'");
    cluster.halt();
    cluster.resume();
    for sql in ["LOAD 'tenancy'", "SELECT tenancy.enter('acme')", "SELECT tenancy.create('acme')"] {
        let answer = refusal(&database, sql);
        assert!(answer.contains("55000"), "{sql}: {answer}");
        assert!(answer.contains("shared_preload_libraries = 'tenancy'"), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn a_database_of_another_encoding_is_refused() {
    let database = Database::empty_on(Cluster::shared());
    let latin = format!("{}_latin1", database.name());
    let create = format!("CREATE DATABASE {latin} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    Cluster::shared().superuser_sql("postgres", &create);
    let mut psql = Cluster::shared().command("psql");
    let psql = psql.args(["-X", "-d", &latin, "-c", "CREATE EXTENSION tenancy"]);
    let answer = String::from_utf8_lossy(&psql.output().unwrap().stderr).into_owned();
    Cluster::shared().superuser_sql("postgres", &format!("DROP DATABASE {latin}"));
    assert!(answer.contains("UTF8"), "{answer}");
}

#[tokio::test]
async fn ordinary_working_schemas_remain_when_the_extension_goes() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let schema = tenants.column("acme", "schema").await;
    database.superuser_sql("DROP EXTENSION tenancy");
    let login = tenants.application.name();
    database.superuser_sql(&format!("GRANT {schema} TO {login}"));
    let session = tenants.application.connect().await;
    session.run(&format!("SET ROLE {schema}; SET search_path = {schema}")).await;
    session.run("INSERT INTO note (body) VALUES ('still here')").await;
    assert_eq!(session.text("SELECT notes FROM note_count").await, "2");
    // Nobody looks after owners any more, and nothing is in the way of making objects.
    database.superuser_sql(&format!("CREATE TABLE {schema}.made (i int)"));
    let owners = format!(
        "SELECT tableowner FROM pg_tables WHERE schemaname = '{schema}' ORDER BY tablename"
    );
    assert_eq!(database.superuser_sql(&owners).trim(), format!("postgres\n{schema}_owner"));
}
