//! A backend is killed, or the server dies, in the middle of a move. Each move is held at each of its
//! steps by a lock on what the step writes; afterwards every tenant is in a named state from which a
//! way leads on, and nobody else has noticed.

use std::process::Command;
use std::time::Duration;

use tenancy_tests::cluster::{Cluster, checked};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;

/// Holds a move when it has done everything and commits.
const AT_COMMIT: &str = "LOCK TABLE public.gate IN SHARE MODE";

const GATE: &str = "
    CREATE TABLE public.gate ();
    CREATE FUNCTION public.pass() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
        'BEGIN INSERT INTO public.gate DEFAULT VALUES; RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER pass AFTER INSERT OR UPDATE ON tenancy.tenant
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.pass();
    REVOKE ALL ON public.gate FROM PUBLIC";

/// Schemas and roles that belong to no tenant of the registry.
const STRAYS: &str = "
    SELECT nspname FROM pg_namespace WHERE nspname ^@ 't_' AND nspname NOT IN (SELECT schema FROM tenancy.tenant WHERE status <> 'purged')
    UNION ALL SELECT rolname FROM pg_roles WHERE rolname ^@ 't_'
      AND rolname NOT IN (SELECT unnest(ARRAY[role, owner]) FROM tenancy.tenant WHERE status <> 'purged')";

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Signal 9 to the backend: the postmaster ends all others and recovers.
    Kill,
    /// The server stops without a word, and is started again.
    Crash,
}

const FAULTS: [Fault; 2] = [Fault::Kill, Fault::Crash];

/// A server that is going to die, with a tenant that has nothing to do with it.
struct World {
    cluster: Cluster,
}

/// The database, and what outlasts the server's death of the tenants in it.
struct Scene<'a> {
    database: Database<'a>,
    application: tenancy_tests::login::Login,
}

impl World {
    fn new() -> World {
        World { cluster: Cluster::start(&[("synchronous_commit", "on")]) }
    }

    async fn scene(&self, names: &[&str]) -> Scene<'_> {
        let database = Database::on(&self.cluster);
        let mut all = vec!["globex"];
        all.extend(names);
        let tenants = Tenants::create(&database, &all).await;
        database.superuser_sql(GATE);
        Scene { database, application: tenants.application }
    }
}

impl Scene<'_> {
    /// Begins the move, and has the fault strike while it waits for the lock.
    async fn strike(&self, statement: &str, hold: &str, fault: Fault) {
        let mover = self.database.admin().await;
        let holder = self.database.superuser().await;
        holder.run(&format!("BEGIN; {hold}")).await;
        let pid = mover.text("SELECT pg_backend_pid()").await;
        let sql = statement.to_owned();
        let moving = tokio::spawn(async move { mover.batch_execute(&sql).await });
        let waits = format!("SELECT count(*) FROM pg_locks WHERE pid = {pid} AND NOT granted");
        while holder.text(&waits).await == "0" {
            assert!(
                !moving.is_finished(),
                "{statement} does not come by {hold}: {:?}",
                moving.await
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        match fault {
            Fault::Kill => drop(checked(Command::new("kill").args(["-9", &pid]))),
            Fault::Crash => self.database.cluster().halt(),
        }
        assert!(moving.await.unwrap().is_err(), "{statement} at {hold}");
        while holder.simple_query("SELECT 1").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        match fault {
            Fault::Kill => self.until_recovered().await,
            Fault::Crash => self.database.cluster().resume(),
        }
    }

    async fn until_recovered(&self) {
        while !self.database.cluster().command("pg_isready").output().unwrap().status.success() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn sql(&self, sql: &str) -> String {
        self.database.superuser_sql(sql).trim_end().to_owned()
    }

    /// What a session finds that enters a tenant, or why it is refused.
    async fn entered(&self, tenant: &str) -> String {
        let session = self.application.connect().await;
        match session.simple_query(&format!("SELECT tenancy.enter('{tenant}')")).await {
            Ok(_) => session.text("SELECT string_agg(body, ' ') FROM note").await,
            Err(error) => error.code().map_or_else(String::new, |code| code.code().to_owned()),
        }
    }

    /// Where a hostname leads to; nothing when it leads nowhere.
    fn route(&self, tenant: &str) -> String {
        self.sql(&format!("SELECT tenant FROM tenancy.resolve('{tenant}.example.com')"))
    }

    fn status(&self, tenant: &str) -> String {
        self.sql(&format!("SELECT status FROM tenancy.tenant WHERE name = '{tenant}'"))
    }

    /// The tenant is whole and in service, or as the text says.
    async fn assert_in_service(&self, tenant: &str, at: &str) {
        assert_eq!(self.status(tenant), "active", "{tenant} at {at}");
        assert_eq!(self.entered(tenant).await, tenant, "{tenant} at {at}");
        assert_eq!(self.route(tenant), tenant, "{tenant} at {at}");
        let flaws = format!("SELECT * FROM tenancy.verify('{tenant}') WHERE NOT ok");
        assert_eq!(self.sql(&flaws), "", "{tenant} at {at}");
    }

    fn schema(&self, tenant: &str) -> String {
        self.sql(&format!("SELECT schema FROM tenancy.tenant WHERE name = '{tenant}'"))
    }

    /// Makes a tenant with objects of several kinds and drops it; its schema.
    async fn with_dropped(&self, tenant: &str) -> String {
        self.sql(&format!(
            "SELECT tenancy.create('{tenant}', 'notes', domain => '{tenant}.example.com')"
        ));
        let schema = self.schema(tenant);
        let function = "() RETURNS int LANGUAGE sql AS 'SELECT 1'";
        self.sql(&format!("CREATE FUNCTION {schema}.f{function}"));
        self.sql(&format!("SELECT tenancy.drop('{tenant}')"));
        schema
    }

    /// How many of the two columns of a migration a tenant has.
    fn columns(&self, tenant: &str, migration: usize) -> i32 {
        let schema = self.schema(tenant);
        let count = format!(
            "SELECT count(*) FROM pg_attribute WHERE attrelid = '{schema}.note'::regclass
             AND attname IN ('a{migration}', 'b{migration}')"
        );
        self.sql(&count).parse().unwrap()
    }

    async fn assert_nobody_else_noticed(&self, at: &str) {
        self.assert_in_service("globex", at).await;
        assert_eq!(self.sql(STRAYS), "", "{at}");
    }
}

#[tokio::test]
async fn a_tenant_that_was_being_made_was_never_there_and_can_be_made_again() {
    let world = World::new();
    let scene = world.scene(&[]).await;
    let create = "SELECT tenancy.create('acme', 'notes', domain => 'acme.example.com', settings => '{\"theme\": 1}')";
    for hold in [
        "LOCK TABLE tenancy.tenant IN SHARE MODE",
        "LOCK TABLE tenancy.audit IN SHARE MODE",
        "LOCK TABLE pg_authid IN SHARE MODE",
        "LOCK TABLE pg_default_acl IN SHARE MODE",
        "LOCK TABLE pg_namespace IN SHARE MODE",
        "LOCK TABLE pg_attrdef, pg_rewrite IN SHARE MODE",
        "LOCK TABLE tenancy.setting IN SHARE MODE",
        "LOCK TABLE tenancy.domain IN SHARE MODE",
        AT_COMMIT,
    ] {
        for fault in FAULTS {
            scene.strike(create, hold, fault).await;
            let at = format!("{hold}, {fault:?}");
            assert_eq!(scene.status("acme"), "", "{at}");
            assert_eq!(scene.entered("acme").await, "3D000", "{at}");
            assert_eq!(scene.route("acme"), "", "{at}");
            scene.assert_nobody_else_noticed(&at).await;
        }
    }
    scene.sql(create);
    let session = scene.application.connect().await;
    session.run("SELECT tenancy.enter('acme'); INSERT INTO note (body) VALUES ('acme')").await;
    scene.assert_in_service("acme", "the end").await;
}

#[tokio::test]
async fn a_tenant_that_was_being_renamed_or_dropped_is_as_before_and_the_move_can_be_made_again() {
    let world = World::new();
    let scene = world.scene(&["acme"]).await;
    for (call, holds) in [
        (
            "SELECT tenancy.rename('acme', 'apex')",
            [
                "LOCK TABLE tenancy.former_name IN SHARE MODE",
                "LOCK TABLE tenancy.audit IN SHARE MODE",
                AT_COMMIT,
            ],
        ),
        (
            "SELECT tenancy.drop('acme')",
            [
                "LOCK TABLE tenancy.domain IN SHARE MODE",
                "LOCK TABLE pg_namespace IN SHARE MODE",
                AT_COMMIT,
            ],
        ),
    ] {
        for hold in ["LOCK TABLE tenancy.tenant IN SHARE MODE"].iter().chain(&holds) {
            for fault in FAULTS {
                scene.strike(call, hold, fault).await;
                let at = format!("{call} at {hold}, {fault:?}");
                scene.assert_in_service("acme", &at).await;
                assert_eq!(scene.entered("apex").await, "3D000", "{at}");
                scene.assert_nobody_else_noticed(&at).await;
            }
        }
    }
    scene.sql("SELECT tenancy.rename('acme', 'apex')");
    assert_eq!(scene.entered("apex").await, "acme");
    scene.sql("SELECT tenancy.drop('apex')");
    assert_eq!(scene.entered("apex").await, "3D000");
}

#[tokio::test]
async fn a_purge_goes_on_from_wherever_it_was_cut_off() {
    let world = World::new();
    let scene = world.scene(&[]).await;
    let mut number = 0;
    for (hold, status) in [
        ("LOCK TABLE tenancy.audit IN SHARE MODE", "dropped"),
        ("LOCK TABLE ?.note_count IN ACCESS SHARE MODE", "purging"),
        ("LOCK TABLE ?.note IN ACCESS SHARE MODE", "purging"),
        ("LOCK TABLE pg_proc IN SHARE MODE", "purging"),
        ("LOCK TABLE pg_namespace IN SHARE MODE", "purging"),
        ("LOCK TABLE pg_default_acl IN SHARE MODE", "purging"),
        ("LOCK TABLE pg_authid IN SHARE MODE", "purging"),
        ("LOCK TABLE tenancy.domain IN SHARE MODE", "purging"),
    ] {
        for fault in FAULTS {
            number += 1;
            let tenant = format!("shop{number}");
            let schema = scene.with_dropped(&tenant).await;
            let purge = format!("CALL tenancy.purge('{tenant}', force => true)");
            scene.strike(&purge, &hold.replace('?', &schema), fault).await;
            let at = format!("{hold}, {fault:?}");
            assert_eq!(scene.status(&tenant), status, "{at}");
            assert_eq!(scene.entered(&tenant).await, "3D000", "{at}");
            assert_eq!(scene.route(&tenant), "", "{at}");
            scene.assert_in_service("globex", &at).await;
            scene.sql(&purge);
            assert_eq!(scene.status(&tenant), "purged", "{at}");
            scene.assert_nobody_else_noticed(&at).await;
        }
    }
}

#[tokio::test]
async fn of_a_fleet_that_was_being_migrated_each_tenant_has_all_of_the_migration_or_nothing() {
    let world = World::new();
    let scene = world.scene(&["one", "two"]).await;
    for (number, fault) in FAULTS.into_iter().enumerate() {
        let script =
            format!("ALTER TABLE note ADD a{number} int; ALTER TABLE note ADD b{number} int");
        scene.sql(&format!("SELECT tenancy.register_migration('{number}', '{script}')"));
        let lock = format!("LOCK TABLE {}.note IN ACCESS SHARE MODE", scene.schema("one"));
        scene.strike("CALL tenancy.migrate()", &lock, fault).await;
        let lacking = "SELECT tenant FROM tenancy.lacking_migrations() ORDER BY 1";
        assert_eq!(scene.sql(lacking), "one\ntwo", "{fault:?}");
        for (tenant, columns) in [("globex", 2), ("one", 0), ("two", 0)] {
            assert_eq!(scene.columns(tenant, number), columns, "{tenant}, {fault:?}");
            scene.assert_in_service(tenant, &format!("{fault:?}")).await;
        }
        scene.sql("CALL tenancy.migrate()");
        assert_eq!(scene.sql(lacking), "", "{fault:?}");
        assert_eq!(scene.columns("two", number), 2, "{fault:?}");
    }
}
