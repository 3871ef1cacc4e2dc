//! psql's commands that describe things, inside a tenant.

use std::io::Write;
use std::process::Stdio;

use super::{NEIGHBOUR, Neighbours};
use tenancy_tests::database::Database;

const COMMANDS: &[&str] = &[
    "d",
    "d+",
    "d acme_table",
    "d+ acme_table",
    "d+ acme_view",
    "d acme_parts",
    "d acme_index",
    "d acme_sequence",
    "d acme_pair",
    "da",
    "dA",
    "dAc",
    "dAf",
    "dAo",
    "dAp",
    "db",
    "dc",
    "dC",
    "dd",
    "dD+",
    "ddp",
    "dE",
    "des",
    "det",
    "deu",
    "dew",
    "df+",
    "dF",
    "dFd",
    "dFp",
    "dFt",
    "dg",
    "di+",
    "dL",
    "dm+",
    "dn+",
    "do",
    "dO+",
    "dp",
    "dP",
    "drds",
    "dRp",
    "dRs",
    "ds+",
    "dS",
    "dt+",
    "dT+",
    "du+",
    "dv+",
    "dx",
    "dX",
    "dy",
    "l",
    "sf acme_function",
    "sv acme_view",
    "z",
    "conninfo",
    "encoding",
];

#[tokio::test]
async fn the_commands_of_psql_show_the_tenants_own_only_and_raise_no_error() {
    let database = Database::new();
    let neighbours = Neighbours::meet(&database).await;
    let script = COMMANDS
        .iter()
        .fold(String::from("SELECT tenancy.enter('acme') \\g /dev/null\n"), |script, command| {
            script + &format!("\\echo == {command}\n\\{command}\n")
        });
    let login = &neighbours.tenants.application;
    let mut psql = database.cluster().command("psql");
    psql.args(["-X", "-q", login.dsn().as_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = psql.spawn().unwrap();
    running.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let (shown, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let errors: Vec<_> =
        errors.lines().filter(|line| !line.starts_with("Did not find any")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!shown.contains(NEIGHBOUR), "{shown}");
    for own in [
        "acme_table",
        "acme_index",
        "acme_view",
        "acme_function",
        "acme_policy",
        "acme_enum",
        "acme_label",
        "acme_comment",
    ] {
        assert!(shown.contains(own), "{own} in {shown}");
    }
}
