//! Imports that end in the middle: at every step, by the end of the command, of a backend and of the
//! server. Whatever was left has a name, is in nobody's way, is resumed or removed to the last trace;
//! and no other tenant has changed.

use super::archive::{done, exported, failed, tenancy};
use super::interrupted::{kill, somebody_waits, spawn, with_gate};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::Duration;
use tenancy_tests::cluster::{Cluster, checked};
use tenancy_tests::database::Database;
use tenancy_tests::login::Login;
use tenancy_tests::session::TextRow;

/// What is locked to have an import wait, in the order in which it comes there, and the state of the
/// tenant before that step is committed and after.
const STEPS: [(&str, &str, &str); 6] = [
    ("LOCK TABLE tenancy.import IN SHARE MODE", "", "registered"),
    ("LOCK TABLE pg_sequence IN SHARE MODE", "", "registered"),
    ("SELECT FROM public.gate FOR UPDATE", "registered", "registered"),
    ("LOCK TABLE pg_largeobject IN SHARE MODE", "registered", "registered"),
    ("LOCK TABLE pg_trigger IN SHARE MODE", "registered", "active"),
    ("LOCK TABLE tenancy.domain IN SHARE MODE", "registered", "active"),
];

const EVERYTHING_THERE: &str = "
    SELECT (SELECT string_agg(oid::text, ' ' ORDER BY oid) FROM pg_namespace)
      || (SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles)
      || (SELECT string_agg(name || status, ' ' ORDER BY name) FROM tenancy.tenants)
      || (SELECT string_agg(hostname || tenant, ' ' ORDER BY hostname) FROM tenancy.domains)
      || (SELECT count(*) FROM pg_largeobject_metadata) || (SELECT count(*) FROM tenancy.large_object_alias)
      || (SELECT count(*) FROM tenancy.import)";

const ROWS: &str = "
    SELECT (SELECT md5(string_agg(id::text, ' ' ORDER BY id)) FROM quick) || (SELECT sum(id) FROM slow)
      || (SELECT string_agg(body, ' ') FROM note) || convert_from(lo_get(4711), 'UTF8')";

/// What an import ends by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Command,
    Backend,
    Server,
}

struct Scene<'a> {
    database: Database<'a>,
    archive: PathBuf,
    admin: Login,
    application: Login,
    rows: String,
    there: String,
}

impl<'a> Scene<'a> {
    async fn new(cluster: &'a Cluster) -> Scene<'a> {
        let database = Database::on(cluster);
        let tenants = with_gate(&database).await;
        tenants.add("globex").await;
        let owner = tenants.enter_as_owner(&database, "acme").await;
        owner.run("ALTER TABLE slow ADD FOREIGN KEY (id) REFERENCES quick").await;
        let member = tenants.enter("acme").await;
        member.run("SELECT lo_from_bytea(4711, 'a large object')").await;
        let rows = member.text(ROWS).await;
        let archive = exported(&database, "acme");
        // The archive's hostname is free for whom it is imported as.
        database.superuser_sql("DELETE FROM tenancy.domain WHERE hostname = 'acme.example.com'");
        let admin = database.login(&["tenancy_admin"]);
        let there = database.superuser_sql(EVERYTHING_THERE);
        Scene { database, archive, admin, application: tenants.application, rows, there }
    }

    fn import(&self) -> Command {
        let mut command = tenancy(&self.admin);
        command.arg("import").arg(&self.archive).args(["--as", "twin", "--with-domains"]);
        command
    }

    fn state(&self) -> String {
        let state = "SELECT status FROM tenancy.tenants WHERE name = 'twin'";
        self.database.superuser_sql(state).trim().to_owned()
    }

    /// An import that has come to where `lock` is needed and ends there.
    async fn interrupted(&self, fault: Fault, (lock, before, after): (&str, &str, &str)) {
        let holder = self.database.superuser().await;
        holder.run(&format!("BEGIN; {lock}")).await;
        let running = spawn(&mut self.import());
        somebody_waits(&self.database).await;
        self.nobody_enters(before, lock).await;
        match fault {
            Fault::Command => {
                kill(running);
                drop(holder);
                self.work_ends().await;
            }
            Fault::Backend => self.kill_who_waits(running),
            Fault::Server => {
                self.database.cluster().halt();
                self.has_failed(running);
                self.database.cluster().resume();
            }
        }
        // A statement that runs when only the command is gone comes to its end.
        let expected = if fault == Fault::Command { after } else { before };
        assert_eq!(self.state(), expected, "{lock}");
        if expected != "active" {
            self.nobody_enters(expected, lock).await;
        }
        self.others_are_as_they_were(lock).await;
    }

    async fn nobody_enters(&self, state: &str, lock: &str) {
        assert_eq!(self.state(), state, "{lock}");
        let code = if state.is_empty() { "3D000" } else { "55000" };
        let session = self.application.connect().await;
        assert_eq!(session.refusal("SELECT tenancy.enter('twin')").await.code(), code, "{lock}");
        assert!(self.routes().await.is_empty(), "{lock}");
    }

    async fn routes(&self) -> Vec<TextRow> {
        let route = "SELECT tenant FROM tenancy.resolve('acme.example.com')";
        self.admin.connect().await.rows(route).await
    }

    async fn others_are_as_they_were(&self, lock: &str) {
        for (name, rows) in [("acme", self.rows.as_str()), ("globex", "globex")] {
            let session = self.application.connect().await;
            session.run(&format!("SELECT tenancy.enter('{name}')")).await;
            let query = if name == "acme" { ROWS } else { "SELECT body FROM note" };
            assert_eq!(session.text(query).await, rows, "{lock}");
        }
    }

    /// Returns once nothing of the command runs any more.
    async fn work_ends(&self) {
        let superuser = self.database.superuser().await;
        let left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tenancy'";
        while superuser.text(left).await != "0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The server ends all other backends with it, and starts again by itself.
    fn kill_who_waits(&self, running: Child) {
        let cluster = self.database.cluster();
        let restarts = || cluster.log().matches("all server processes terminated").count();
        let before = restarts();
        let pids = "SELECT pid FROM pg_locks WHERE NOT granted AND locktype <> 'virtualxid'";
        let pid = self.database.superuser_sql(pids);
        checked(Command::new("kill").args(["-9", pid.lines().next().unwrap()]));
        self.has_failed(running);
        while restarts() == before
            || !cluster.command("pg_isready").output().unwrap().status.success()
        {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn has_failed(&self, mut running: Child) {
        assert!(!running.wait().unwrap().success());
    }

    async fn is_in_service(&self, lock: &str) {
        assert_eq!(self.state(), "active", "{lock}");
        assert_eq!(self.routes().await, [[Some("twin".to_owned())]], "{lock}");
        let session = self.application.connect().await;
        session.run("SELECT tenancy.enter('twin')").await;
        assert_eq!(session.text(ROWS).await, self.rows, "{lock}");
    }

    async fn is_gone_after_drop_and_purge(&self, lock: &str) {
        let session = self.admin.connect().await;
        let state = self.state();
        if !state.is_empty() {
            session.run("SELECT tenancy.drop('twin')").await;
        }
        if state == "registered" {
            let code = session.refusal("SELECT tenancy.undrop('twin')").await;
            assert_eq!(code.code(), "55000", "{lock}");
        }
        if !state.is_empty() {
            session.run("CALL tenancy.purge('twin', force => true)").await;
        }
        assert_eq!(self.database.superuser_sql(EVERYTHING_THERE), self.there, "{lock}");
    }
}

/// Interrupted at each step, an import is given up, and interrupted again goes on.
async fn survives(fault: Fault) {
    // What was committed is there after a crash.
    let cluster = Cluster::start(&[("synchronous_commit", "on")]);
    let scene = Scene::new(&cluster).await;
    for step in STEPS {
        let lock = step.0;
        scene.interrupted(fault, step).await;
        scene.is_gone_after_drop_and_purge(lock).await;
        scene.interrupted(fault, step).await;
        match scene.state().as_str() {
            "active" => assert!(failed(&mut scene.import()).contains("42710"), "{lock}"),
            _ => drop(done(&mut scene.import())),
        }
        scene.is_in_service(lock).await;
        scene.is_gone_after_drop_and_purge(lock).await;
    }
}

#[tokio::test]
async fn an_import_whose_command_was_killed_at_any_step_is_resumed_or_removed() {
    survives(Fault::Command).await;
}

#[tokio::test]
async fn an_import_whose_backend_was_killed_at_any_step_is_resumed_or_removed() {
    survives(Fault::Backend).await;
}

#[tokio::test]
async fn an_import_during_which_the_server_crashed_at_any_step_is_resumed_or_removed() {
    survives(Fault::Server).await;
}
