//! `tenancy migrate run`: real tools in tenants, what they reach there, and what comes of failures.

use super::answer;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tenancy_tests::cluster::{checked, target_dir};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// The command with an administrator's login and a migrator's.
struct Run<'a> {
    database: &'a Database<'static>,
    admin: String,
    migrator: String,
}

impl<'a> Run<'a> {
    async fn new(database: &'a Database<'static>, tenants: &Tenants) -> Run<'a> {
        let migrator = tenants.migrator(database).await.dsn();
        Run { database, admin: database.login(&["tenancy_admin"]).dsn(), migrator }
    }

    fn command(&self, options: &[&str], argv: &[&str]) -> Command {
        let mut command = Command::new(target_dir().join("debug/tenancy"));
        command.args(["migrate", "run"]).args(options).arg("--").args(argv);
        command.env("TENANCY_ADMIN_DSN", &self.admin).env("TENANCY_MIGRATOR_DSN", &self.migrator);
        // Of no use to the command: it would lead elsewhere.
        command.env("PGHOSTADDR", "192.0.2.1").env("PGSERVICE", "elsewhere");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn psql(&self) -> String {
        self.database.cluster().command("psql").get_program().to_str().unwrap().to_owned()
    }

    /// Runs SQL by psql in every tenant.
    fn sql(&self, options: &[&str], sql: &str) -> (i32, String) {
        let psql = self.psql();
        let argv = [&psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql];
        answer(self.command(options, &argv).output().unwrap())
    }

    /// Runs a script of the shell in every tenant, where `psql` is the server's own.
    fn shell(&self, options: &[&str], script: &str) -> (i32, String) {
        answer(self.shell_command(options, script).output().unwrap())
    }

    fn shell_command(&self, options: &[&str], script: &str) -> Command {
        let psql = format!("{} -X -q -A -t -v ON_ERROR_STOP=1", self.psql());
        let script = format!("PSQL='{psql}'; psql() {{ $PSQL \"$@\"; }}; {script}");
        self.command(options, &["sh", "-c", &script])
    }

    fn start(&self, options: &[&str], script: &str) -> Child {
        self.shell_command(options, script).spawn().unwrap()
    }
}

/// The tenants that have the table `made`, which belongs to the owner role.
async fn made(tenants: &Tenants) -> Vec<String> {
    let query = "SELECT t.name FROM tenancy.tenant t JOIN pg_tables c ON c.schemaname = t.schema
        AND c.tableowner = t.owner WHERE c.tablename = 'made' ORDER BY 1";
    tenants.admin.rows(query).await.into_iter().flatten().flatten().collect()
}

/// How many sessions are in this state inside tenants.
async fn sessions(database: &Database<'_>, state: &str) -> i64 {
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = '{state}'
         AND usename IN (SELECT role FROM tenancy.tenant)"
    );
    database.superuser().await.text(&query).await.parse().unwrap()
}

async fn until(what: &str, database: &Database<'_>, state: &str, count: i64) {
    for _ in 0..300 {
        if sessions(database, state).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_tool_works_in_each_tenant_as_the_owner() {
    let database = Database::new();
    let tenants = super::fleet(&database, 5).await;
    let run = Run::new(&database, &tenants).await;
    let (code, said) = run.sql(&[], "CREATE TABLE made AS SELECT body FROM note");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("5 migrated in") && said.contains(", 0 failed"), "{said}");
    assert_eq!(made(&tenants).await, ["t01", "t02", "t03", "t04", "t05"]);
    for name in ["t01", "t05"] {
        assert_eq!(tenants.enter(name).await.text("SELECT body FROM note").await, name);
    }
}

#[tokio::test]
async fn a_tool_that_takes_a_url_and_settings_finds_them_in_force() {
    let database = Database::new();
    let tenants = super::fleet(&database, 2).await;
    let run = Run::new(&database, &tenants).await;
    let script = r#"export PGOPTIONS='-c work_mem=1234kB -c lock_timeout=5s' PGAPPNAME=tool
        test "$(psql "$DATABASE_URL" -c 'SELECT body FROM note')" = "$TENANCY_TENANT" || exit 7
        test "$(psql -c 'SHOW work_mem')" = 1234kB || exit 8
        test "$(psql -c 'SHOW lock_timeout')" = 5s || exit 9
        test "$(psql -c 'SHOW application_name')" = tool || exit 10
        test "$(PGCLIENTENCODING=LATIN1 psql -c 'SHOW client_encoding')" = LATIN1 || exit 11
        test -z "$TENANCY_ADMIN_DSN$TENANCY_MIGRATOR_DSN$PGHOSTADDR$PGSERVICE" || exit 12
        psql -c 'COPY note TO STDOUT' | psql -c 'CREATE TABLE made (id int, body text)' -c 'COPY made FROM STDIN'"#;
    let (code, said) = run.shell(&[], script);
    assert_eq!(code, 0, "{said}");
    assert_eq!(made(&tenants).await, ["t01", "t02"]);
}

#[tokio::test]
async fn nothing_that_a_tool_sends_gets_out_of_the_tenant() {
    let database = Database::new();
    let tenants = super::fleet(&database, 2).await;
    let run = Run::new(&database, &tenants).await;
    let other = tenants.column("t02", "schema").await;
    let role = tenants.column("t02", "role").await;
    let evil = "CREATE TABLE public.evil ()";
    let read = format!("SELECT * FROM {other}.note");
    for sql in [
        format!("RESET ROLE; {evil}"),
        format!("SET ROLE postgres; {evil}"),
        format!("SET ROLE {role}; {read}"),
        format!("SET SESSION AUTHORIZATION DEFAULT; {evil}"),
        format!("DISCARD ALL; {evil}"),
        format!("SELECT set_config('role', 'none', false); {evil}"),
        format!("SELECT tenancy.leave(); {evil}"),
        format!("SELECT tenancy.leave('0123456789abcdef'); {evil}"),
        format!("SELECT tenancy.enter('t02', \"as\" => 'owner'); {read}"),
        format!("SET search_path = {other}; TABLE note"),
        read.clone(),
        "CREATE ROLE evil".to_owned(),
        "COPY note TO PROGRAM 'true'".to_owned(),
    ] {
        let (code, said) = run.sql(&["--only", "t01"], &sql);
        assert_eq!(code, 3, "{sql}: {said}");
        assert!(said.contains("ERROR:"), "{sql}: {said}");
    }
    for variables in [
        "PGOPTIONS='-c role=postgres'",
        "PGOPTIONS='-c session_authorization=postgres'",
        "PGOPTIONS='-d 5'",
        "PGDATABASE=postgres",
        "PGUSER=postgres",
    ] {
        let script = format!("export {variables}; psql -c 'SELECT 1'");
        let (code, said) = run.shell(&["--only", "t01"], &script);
        assert_eq!(code, 3, "{variables}: {said}");
        assert!(said.contains("FATAL:"), "{variables}: {said}");
    }
    let superuser = database.superuser().await;
    assert!(superuser.rows("SELECT FROM pg_class WHERE relname = 'evil'").await.is_empty());
}

#[tokio::test]
async fn a_door_opens_for_its_own_password_alone() {
    let database = Database::new();
    let tenants = super::fleet(&database, 1).await;
    let run = Run::new(&database, &tenants).await;
    for variable in ["PGPASSWORD=0123", "PGPASSWORD=", "PGPASSWORD=${PGPASSWORD}x"] {
        let (code, said) = run.shell(&[], &format!("export {variable}; psql -c 'SELECT 1'"));
        assert_eq!(code, 3, "{said}");
        assert!(
            said.contains("password authentication failed")
                || said.contains("no password supplied"),
            "{said}"
        );
    }
    // Closed with the command that it was opened for.
    let (code, said) = run.shell(&[], "echo \"$DATABASE_URL\"; exit 1");
    assert_eq!(code, 3, "{said}");
    let url = said.lines().find_map(|line| line.trim_start().strip_prefix("| ")).unwrap();
    let url = url.to_owned();
    assert!(url.starts_with("postgresql://t01:"), "{said}");
    assert!(tokio_postgres::connect(&url, tokio_postgres::NoTls).await.is_err());
}

#[tokio::test]
async fn a_command_that_fails_shows_its_last_words_and_the_others_go_on() {
    let database = Database::new();
    let tenants = super::fleet(&database, 5).await;
    let run = Run::new(&database, &tenants).await;
    let script = "psql -c \"SELECT 1 / (body <> 't03')::int FROM note\" -c 'CREATE TABLE made ()'";
    let (code, said) = run.shell(&["--max-failures", "1", "--jobs", "2"], script);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("t03: exit 1\n  | ERROR:  division by zero"), "{said}");
    assert!(said.contains("t03     1     ERROR:  division by zero"), "{said}");
    assert!(said.contains("for these alone: --only t03\n"), "{said}");
    assert_eq!(made(&tenants).await, ["t01", "t02", "t04", "t05"]);
    let (code, said) = run.shell(&["--only", "t03"], "exit 9");
    assert_eq!((code, said.contains("t03     9")), (3, true), "{said}");
    let (code, said) = answer(run.command(&[], &["no-such-program"]).output().unwrap());
    assert_eq!((code, said.contains("could not start \"no-such-program\"")), (1, true), "{said}");
}

#[tokio::test]
async fn a_canary_that_fails_stops_before_the_others() {
    let database = Database::new();
    let tenants = super::fleet(&database, 4).await;
    let run = Run::new(&database, &tenants).await;
    let script = "psql -c 'CREATE TABLE made ()'; test $TENANCY_TENANT != t01";
    let (code, said) = run.shell(&["--max-failures", "9"], script);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the canary wave failed"), "{said}");
    assert_eq!(made(&tenants).await, ["t01"]);
}

#[tokio::test]
async fn under_a_name_tenants_that_are_done_are_left_out() {
    let database = Database::new();
    let tenants = super::fleet(&database, 4).await;
    let run = Run::new(&database, &tenants).await;
    let script = "psql -c 'CREATE TABLE made ()'; test $TENANCY_TENANT != t03";
    let (code, said) = run.shell(&["--name", "tool", "--jobs", "1"], script);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    assert_eq!(made(&tenants).await, ["t01", "t02", "t03"]);
    let script = "test $TENANCY_TENANT != t01 && psql -c 'CREATE TABLE IF NOT EXISTS made ()'";
    let (code, said) = run.shell(&["--name", "tool"], script);
    assert_eq!((code, said.contains("2 migrated in")), (0, true), "{said}");
    assert_eq!(run.shell(&["--name", "tool"], "exit 1"), (0, "nothing to do\n".to_owned()));
    tenants.admin.run("SELECT tenancy.clone('t01', 'copy')").await;
    assert_eq!(run.shell(&["--name", "tool"], "exit 1"), (0, "nothing to do\n".to_owned()));
    tenants.add("t05").await;
    assert_eq!(run.shell(&["--name", "tool"], "exit 1").0, 3);
}

#[tokio::test]
async fn a_signal_lets_commands_end_and_a_second_one_ends_them() {
    let database = Database::new();
    let tenants = super::fleet(&database, 6).await;
    let run = Run::new(&database, &tenants).await;
    let interrupt = |child: &Child| {
        checked(Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    };
    let sleep = "psql -c 'SELECT pg_sleep(1)' -c 'CREATE TABLE made ()'";
    let running = run.start(&["--jobs", "2", "--canary", "0", "--name", "tool"], sleep);
    until("no command began", &database, "active", 2).await;
    interrupt(&running);
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!((code, said.contains("paused")), (4, true), "{said}");
    assert_eq!(made(&tenants).await, ["t01", "t02"]);
    let long = "psql -c 'SELECT pg_sleep(600)' -c 'CREATE TABLE made ()'";
    let running = run.start(&["--jobs", "2", "--canary", "0", "--name", "tool"], long);
    until("no command began", &database, "active", 2).await;
    interrupt(&running);
    tokio::time::sleep(Duration::from_millis(300)).await;
    interrupt(&running);
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 4, "{said}");
    until("a statement goes on", &database, "active", 0).await;
    assert_eq!(made(&tenants).await, ["t01", "t02"]);
}

#[tokio::test]
async fn a_tool_cancels_its_own_statement_and_what_it_leaves_behind_is_ended() {
    let database = Database::new();
    let tenants = super::fleet(&database, 1).await;
    let run = Run::new(&database, &tenants).await;
    let interrupted = "timeout -s INT 1 $PSQL -c 'SELECT pg_sleep(600)'";
    let (code, said) = run.shell(&[], interrupted);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("canceling statement due to user request"), "{said}");
    for left in [
        "timeout -s KILL 1 $PSQL -c 'SELECT pg_sleep(60)'",
        "$PSQL -c 'SELECT pg_sleep(60)' & sleep 1",
    ] {
        let (code, said) = run.shell(&[], &format!("{left}; exit 0"));
        assert_eq!(code, 0, "{said}");
        assert_eq!(sessions(&database, "active").await, 0, "{left}");
    }
}

#[tokio::test]
async fn a_killed_run_leaves_no_session_and_no_tenant_that_is_kept() {
    let database = Database::new();
    let tenants = super::fleet(&database, 2).await;
    let run = Run::new(&database, &tenants).await;
    let mut running = run.start(&["--canary", "0"], "psql -c 'SELECT pg_sleep(2)'; exit 1");
    until("no command began", &database, "active", 2).await;
    let refused = tenants.admin.refused("SELECT tenancy.drop('t01')").await;
    assert_eq!(refused.code().code(), "55000");
    running.kill().unwrap();
    running.wait().unwrap();
    until("a session stays", &database, "active", 0).await;
    assert_eq!(sessions(&database, "idle").await, 0);
    let (code, said) = run.sql(&[], "CREATE TABLE made ()");
    assert_eq!(code, 0, "{said}");
}

#[tokio::test]
async fn a_login_whose_contexts_have_no_seal_is_not_taken() {
    let database = Database::new();
    let tenants = super::fleet(&database, 1).await;
    let mut run = Run::new(&database, &tenants).await;
    let login = database.login(&["tenancy_migrator"]);
    let grant = "SELECT tenancy.grant_login($1, '*', sealed => false)"
        .replace("$1", &format!("'{}'", login.name()));
    database.superuser().await.run(&grant).await;
    run.migrator = login.dsn();
    let (code, said) = run.sql(&[], "SELECT 1");
    assert_eq!((code, said.contains("without a seal")), (3, true), "{said}");
    run.migrator = database.login(&[]).dsn();
    let (code, said) = run.sql(&[], "SELECT 1");
    assert_eq!(code, 3, "{said}");
    run.migrator = "postgres://nobody@127.0.0.1/x?sslmode=require".to_owned();
    let (code, said) = run.sql(&[], "SELECT 1");
    assert_eq!((code, said.contains("sslmode")), (1, true), "{said}");
}

#[tokio::test]
async fn a_suspended_tenant_is_left_out_and_said_so() {
    let database = Database::new();
    let tenants = super::fleet(&database, 2).await;
    let run = Run::new(&database, &tenants).await;
    tenants.admin.run("SELECT tenancy.suspend('t01')").await;
    let (code, said) = run.sql(&[], "CREATE TABLE made ()");
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("t01: left out, for it is suspended"), "{said}");
    assert_eq!(made(&tenants).await, ["t02"]);
}

#[tokio::test]
async fn a_tenant_is_kept_for_one_command_at_a_time() {
    let database = Database::new();
    let tenants = super::fleet(&database, 2).await;
    let other = database.admin().await;
    let begin = "SELECT tenancy.command_begin('t01', 'tool')";
    assert_eq!(tenants.admin.text(begin).await, "t");
    let end = "SELECT tenancy.command_end('t01', true, 'tool')";
    for call in [begin, end, "SELECT tenancy.migrate_tenant('t01')", "SELECT tenancy.drop('t01')"] {
        assert_eq!(other.refusal(call).await.code(), "55000", "{call}");
    }
    let failed = "SELECT tenancy.command_end('t01', false, 'tool')";
    tenants.admin.run(failed).await;
    assert_eq!(other.text(begin).await, "t");
    other.run(end).await;
    assert_eq!(tenants.admin.text(begin).await, "f");
    assert_eq!(tenants.admin.refusal(failed).await.code(), "55000");
    let odd = "SELECT tenancy.command_begin('t02', E'a\\nb')";
    assert_eq!(tenants.admin.refusal(odd).await.code(), "22023");
}
