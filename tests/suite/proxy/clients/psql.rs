//! psql: what it shows of a tenant, and how it goes from one to another.

use super::{NAMES, Stage, finished};

use tenancy_tests::login::unique;

/// psql for each tenant at a time.
const AT_A_TIME: usize = 3;
/// One after the other.
const ROUNDS: usize = 5;

/// Prints the tenant's name on each of eight lines, or ends with an error.
const SCRIPT: &str = r"
SELECT body FROM note ORDER BY id LIMIT 1;
SELECT tenancy.current();
BEGIN;
INSERT INTO note (body) VALUES (:'DBNAME');
SELECT DISTINCT body FROM note;
COMMIT;
\copy (SELECT DISTINCT body FROM note) TO STDOUT
COPY note (body) FROM STDIN;
@TENANT@
\.
SELECT DISTINCT body FROM note;
BEGIN;
SAVEPOINT before;
\set ON_ERROR_STOP off
SELECT 1 / 0;
\set ON_ERROR_STOP on
ROLLBACK TO before;
SELECT DISTINCT body FROM note;
ROLLBACK;
SELECT body FROM note ORDER BY id LIMIT 1 \gset first_
\echo :first_body
BEGIN;
DECLARE mine CURSOR FOR SELECT DISTINCT body FROM note;
FETCH mine;
COMMIT;
";

#[tokio::test]
async fn psql_stays_in_its_tenant() {
    let stage = Stage::set().await;
    let runs = NAMES.iter().flat_map(|name| [name; AT_A_TIME]).map(|name| async {
        for _ in 0..ROUNDS {
            let printed = play(&stage, name, &SCRIPT.replace("@TENANT@", name)).await;
            assert_eq!(printed.lines().collect::<Vec<_>>(), [*name; 8]);
        }
    });
    futures_util::future::join_all(runs).await;
    stage.assert_rows(1 + 2 * AT_A_TIME * ROUNDS).await;
}

#[tokio::test]
async fn psql_goes_from_one_tenant_to_the_next() {
    let stage = Stage::set().await;
    let script = "SELECT body FROM note;\n\\c globex\nSELECT body FROM note;\n\\c - - - -\n\
                  SELECT body FROM note;\n\\c initech\nSELECT body FROM note;\n";
    let printed = play(&stage, "acme", script).await;
    assert_eq!(printed.lines().collect::<Vec<_>>(), ["acme", "globex", "globex", "initech"]);
}

#[tokio::test]
async fn psql_describes_the_tables_of_its_tenant() {
    let stage = Stage::set().await;
    let schema = stage.tenants.column("acme", "schema").await;
    let listed = play(&stage, "acme", "\\dt\n\\dv\n").await;
    let names: Vec<_> = listed.lines().filter_map(|line| line.rsplit_once('|')).collect();
    assert_eq!(names.len(), 2, "{listed}");
    assert!(listed.lines().all(|line| line.starts_with(&schema)), "{listed}");
    let described = play(&stage, "acme", "\\d note\n").await;
    assert!(described.contains("body|text||not null|"), "{described}");
}

/// What psql prints of this script, rows without headings.
async fn play(stage: &Stage, tenant: &str, script: &str) -> String {
    let file = std::env::temp_dir().join(unique("psql"));
    std::fs::write(&file, script).unwrap();
    let mut command = stage.command("psql", tenant);
    command.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-f"]).arg(&file);
    let printed = finished(command).await;
    std::fs::remove_file(file).unwrap();
    printed
}
