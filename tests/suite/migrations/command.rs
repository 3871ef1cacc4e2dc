//! `tenancy migrate`, as a process: what it does, says and leaves behind.

use super::{ADD_DUE, answer, fails_in, fleet, has_due, lacking};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tenancy_tests::cluster::{checked, target_dir};
use tenancy_tests::database::Database;
use tenancy_tests::login::unique;
use tenancy_tests::tenant::Tenants;

/// The command with an administrator's login.
pub struct Migrate {
    dsn: String,
    file: String,
}

impl Migrate {
    /// With this script as its file `001.sql`.
    pub fn new(database: &Database<'_>, script: &str) -> Migrate {
        let folder = database.cluster().owned().with_file_name(unique("migrations"));
        std::fs::create_dir(&folder).unwrap();
        let file = folder.join("001.sql");
        std::fs::write(&file, script).unwrap();
        let dsn = database.login(&["tenancy_admin"]).dsn();
        Migrate { dsn, file: file.to_str().unwrap().to_owned() }
    }

    fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(target_dir().join("debug/tenancy"));
        command.args(["migrate", "apply", &self.file]).args(options);
        command.env("TENANCY_ADMIN_DSN", &self.dsn).stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, options: &[&str]) -> (i32, String) {
        answer(self.command(options).output().unwrap())
    }

    pub fn start(&self, options: &[&str]) -> Child {
        self.command(options).spawn().unwrap()
    }
}

/// Takes a while in each tenant.
pub fn slow() -> String {
    format!("{ADD_DUE}\nSELECT pg_sleep(0.1)")
}

/// Waits until so many tenants have their migration.
pub async fn until_done(tenants: &Tenants, count: i64) {
    let done = "SELECT coalesce(sum(done), 0) FROM tenancy.migrations";
    for _ in 0..200 {
        if tenants.admin.text(done).await.parse::<i64>().unwrap() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no tenant was migrated");
}

#[tokio::test]
async fn every_tenant_is_migrated_and_the_second_run_has_nothing_to_do() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, ADD_DUE);
    let (code, said) = migrate.run(&["--batch", "4"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("12 migrated in") && said.contains(", 0 failed"), "{said}");
    assert!(lacking(&tenants).await.is_empty());
    assert!(has_due(&database, &tenants, "t12").await);
    tenants.add("t13").await;
    assert_eq!(migrate.run(&[]), (0, "nothing to do\n".to_owned()));
}

#[tokio::test]
async fn a_tenant_that_fails_fails_alone_and_stops_what_was_not_begun() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &fails_in("t07"));
    let (code, said) = migrate.run(&["--batch", "4", "--jobs", "1"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("t07     22012     division by zero"), "{said}");
    assert!(said.contains("6 migrated in"), "{said}");
    assert_eq!(lacking(&tenants).await, ["t07", "t08", "t09", "t10", "t11", "t12"]);
    assert!(!has_due(&database, &tenants, "t07").await);
    let (code, said) = migrate.run(&["--max-failures", "1"]);
    assert_eq!(code, 3, "{said}");
    assert_eq!(lacking(&tenants).await, ["t07"]);
    tenants.enter("t07").await.run("UPDATE note SET body = 'mended'").await;
    assert_eq!(migrate.run(&[]).0, 0);
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn a_canary_that_fails_stops_before_the_templates_and_the_others() {
    let database = Database::new();
    let tenants = fleet(&database, 4).await;
    let migrate = Migrate::new(&database, &fails_in("t01"));
    let (code, said) = migrate.run(&["--max-failures", "9"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the canary wave failed"), "{said}");
    assert_eq!(lacking(&tenants).await.len(), 4);
    tenants.add("t05").await;
    assert!(!has_due(&database, &tenants, "t05").await);
}

#[tokio::test]
async fn after_a_kill_the_same_command_goes_on_where_it_stopped() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let mut running = migrate.start(&["--batch", "2", "--jobs", "2"]);
    until_done(&tenants, 2).await;
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(!lacking(&tenants).await.is_empty());
    let (code, said) = migrate.run(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn a_signal_ends_the_batches_under_way_and_says_how_to_go_on() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let running = migrate.start(&["--batch", "2", "--jobs", "1"]);
    until_done(&tenants, 2).await;
    checked(Command::new("kill").args(["-s", "INT", &running.id().to_string()]));
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("run the same command again to go on"), "{said}");
    let left = lacking(&tenants).await;
    assert!(!left.is_empty() && left.len() < 12, "{left:?}");
    assert_eq!(migrate.run(&[]).0, 0);
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn a_backend_that_ends_costs_a_retry_and_no_tenant() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let running = migrate.start(&["--batch", "2", "--jobs", "2"]);
    until_done(&tenants, 2).await;
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'tenancy migrate' AND state = 'active' AND datname = current_database()";
    database.superuser().await.run(end).await;
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn two_commands_at_the_same_time_apply_each_migration_once() {
    let database = Database::new();
    let tenants = fleet(&database, 12).await;
    let migrate = Migrate::new(&database, &slow());
    let running = migrate.start(&["--batch", "3"]);
    let (code, said) = migrate.run(&["--batch", "2", "--lock-timeout", "5s"]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
    let applied = "SELECT count(*) FROM tenancy.audit_log WHERE action = 'migrate'";
    assert_eq!(tenants.admin.text(applied).await, "12");
}

#[tokio::test]
async fn a_lock_that_somebody_holds_is_waited_for_by_trying_again() {
    let database = Database::new();
    let tenants = fleet(&database, 3).await;
    let member = tenants.enter("t02").await;
    member.run("BEGIN; UPDATE note SET body = body").await;
    let migrate = Migrate::new(&database, ADD_DUE);
    let running = migrate.start(&["--lock-timeout", "50ms", "--retries", "20"]);
    until_done(&tenants, 1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    member.run("COMMIT").await;
    let (code, said) = answer(running.wait_with_output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn patterns_choose_the_tenants_and_a_dry_run_changes_nothing() {
    let database = Database::new();
    let tenants = fleet(&database, 4).await;
    let migrate = Migrate::new(&database, ADD_DUE);
    let (code, said) = migrate.run(&["--dry-run"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 applied to tenant t01") && said.contains("rolled back"), "{said}");
    assert!(tenants.admin.rows("SELECT name FROM tenancy.migrations").await.is_empty());
    assert!(!has_due(&database, &tenants, "t01").await);
    assert_eq!(migrate.run(&["--only", "t0*", "--exclude", "t03"]).0, 0);
    assert_eq!(lacking(&tenants).await, ["t03"]);
}

#[tokio::test]
async fn an_index_is_built_outside_of_a_transaction_and_what_a_failure_left_is_removed() {
    let database = Database::new();
    let tenants = fleet(&database, 3).await;
    let migrator = tenants.migrator(&database).await.dsn();
    tenants.enter("t02").await.run("INSERT INTO note (body) VALUES ('t02')").await;
    let script = "CREATE UNIQUE INDEX CONCURRENTLY note_body ON note (body);";
    let migrate = Migrate::new(&database, script);
    let (code, said) = migrate.run(&[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("--migrator-dsn"), "{said}");
    let (code, said) = migrate.run(&["--migrator-dsn", &migrator, "--max-failures", "1"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("23505"), "{said}");
    assert_eq!(lacking(&tenants).await, ["t02"]);
    tenants.enter("t02").await.run("DELETE FROM note WHERE id > 1").await;
    let (code, said) = migrate.run(&["--migrator-dsn", &migrator]);
    assert_eq!(code, 0, "{said}");
    let valid = "SELECT count(*), bool_and(indisvalid) FROM pg_index WHERE indexrelid::regclass::text LIKE '%.note_body'";
    let expected = ["3", "t"].map(|text| Some(text.to_owned()));
    assert_eq!(database.superuser().await.rows(valid).await, [expected]);
    tenants.add("t04").await;
    assert!(lacking(&tenants).await.is_empty());
}

#[tokio::test]
async fn a_tenant_that_is_migrated_outside_of_a_transaction_is_not_dropped_meanwhile() {
    let database = Database::new();
    let tenants = fleet(&database, 1).await;
    let script = "CREATE INDEX CONCURRENTLY note_body ON note (body)";
    super::register(&tenants, "001", script).await;
    let other = database.admin().await;
    let step = "SELECT tenancy.migration_step('t01', '001')";
    assert_eq!(tenants.admin.text(step).await, script);
    for call in ["SELECT tenancy.drop('t01')", step, "SELECT tenancy.migrate_tenant('t01')"] {
        let refused = other.refused(call).await;
        assert_eq!(refused.code().code(), "55000", "{call}");
    }
    drop(tenants);
    for _ in 0..100 {
        if other.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").await.as_deref()
            == Some("0")
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.run("SELECT tenancy.drop('t01')").await;
}

#[tokio::test]
async fn a_new_value_of_an_enum_is_there_for_the_migration_after_it() {
    let database = Database::new();
    let tenants = fleet(&database, 3).await;
    let superuser = database.superuser().await;
    superuser.run("CREATE SCHEMA shop; CREATE TYPE shop.size AS ENUM ('s'); CREATE TABLE shop.part (size shop.size)").await;
    superuser.run("SELECT tenancy.register_template('shop', schema => 'shop')").await;
    superuser.run("SELECT tenancy.create('t04', 'shop'), tenancy.create('t05', 'shop')").await;
    let add = "SELECT tenancy.register_migration('add', $$ALTER TYPE size ADD VALUE 'm'$$, 'shop')";
    let used =
        "SELECT tenancy.register_migration('used', $$INSERT INTO part VALUES ('m')$$, 'shop')";
    superuser.run(&format!("{add}; {used}")).await;
    let socket = database.cluster().socket();
    let dsn = format!(
        "host={} port={} user=postgres dbname={}",
        socket.display(),
        database.cluster().port(),
        database.name()
    );
    let migrate = Migrate { dsn, ..Migrate::new(&database, "SELECT 1") };
    let (code, said) = migrate.run(&[]);
    assert_eq!(code, 0, "{said}");
    assert!(lacking(&tenants).await.is_empty());
    superuser.run("SELECT tenancy.create('t06', 'shop')").await;
    for name in ["t04", "t05", "t06"] {
        assert_eq!(
            tenants.enter(name).await.text("SELECT string_agg(size::text, ',') FROM part").await,
            "m",
            "{name}"
        );
    }
}
