//! pgbench in its three modes. In the third it names its statements by number, so that in each tenant
//! another text has the same name.

use super::{NAMES, Stage, finished};
use tenancy_tests::login::unique;

/// Fails where a row of another tenant is seen, or the own one is not.
const SCRIPT: &str = "
BEGIN;
INSERT INTO note (body) VALUES ('NAME');
SELECT 1 / (count(*) FILTER (WHERE body <> 'NAME') = 0)::int FROM note;
COMMIT;
SELECT 1 / (count(*) > 0)::int FROM note WHERE body = 'NAME';
SELECT 1 / (tenancy.current() = 'NAME')::int;
";

const CLIENTS: usize = 4;
const TRANSACTIONS: usize = 25;

#[tokio::test]
async fn pgbench_by_simple_queries_stays_in_its_tenant() {
    in_mode("simple").await;
}

#[tokio::test]
async fn pgbench_by_the_extended_protocol_stays_in_its_tenant() {
    in_mode("extended").await;
}

#[tokio::test]
async fn pgbench_with_prepared_statements_stays_in_its_tenant() {
    in_mode("prepared").await;
}

async fn in_mode(mode: &str) {
    let stage = Stage::set().await;
    let runs = NAMES.map(|name| {
        let script = std::env::temp_dir().join(unique("pgbench"));
        std::fs::write(&script, SCRIPT.replace("NAME", name)).unwrap();
        let mut command = stage.command("pgbench", name);
        command.args(["-n", "-M", mode, "-t", &TRANSACTIONS.to_string()]);
        // A thread for each: pgbench waits for the answer to a Parse, and meanwhile none of a thread's
        // other clients would end its transaction and give its server connection back.
        command.args(["-c", &CLIENTS.to_string(), "-j", &CLIENTS.to_string()]);
        command.arg("-f").arg(&script);
        async move {
            finished(command).await;
            std::fs::remove_file(script).unwrap();
        }
    });
    futures_util::future::join_all(runs).await;
    stage.assert_rows(1 + CLIENTS * TRANSACTIONS).await;
}
