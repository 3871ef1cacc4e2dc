//! PostgreSQL's own privileges stand alone: with a library that has no hook at all, nothing that
//! one tenant makes reaches a row of another tenant or of the registry.

mod attempts;
mod sources;
mod vehicles;

use std::sync::OnceLock;

use tenancy_tests::cluster::Cluster;
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// `scripts/build.sh --without-hooks` puts it there.
const WITHOUT_HOOKS: &str = "extension-without-hooks";

static CLUSTER: OnceLock<Cluster> = OnceLock::new();

/// A database on a server whose library has no hooks.
fn database() -> Database<'static> {
    Database::on(CLUSTER.get_or_init(|| Cluster::start_with_extension(WITHOUT_HOOKS, &[])))
}

/// Two tenants, the attacker `acme` and the victim `globex`, without a hook between them.
struct Neighbours {
    tenants: Tenants,
    /// The attacker's schema.
    own: String,
    /// The victim's schema.
    other: String,
    /// In `acme`, as its owner.
    owner: Session,
    /// In `acme`, as a member.
    member: Session,
}

impl Neighbours {
    async fn meet(database: &Database<'_>) -> Neighbours {
        let tenants = Tenants::create(database, &["acme", "globex"]).await;
        let owner = tenants.enter_as_owner(database, "acme").await;
        let (own, other) =
            (tenants.column("acme", "schema").await, tenants.column("globex", "schema").await);
        let member = tenants.enter("acme").await;
        Neighbours { tenants, own, other, owner, member }
    }

    /// What the victim has, which no test may change.
    async fn assert_untouched(&self) {
        let victim = self.tenants.enter("globex").await;
        assert_eq!(victim.text("SELECT string_agg(body, ',') FROM note").await, "globex");
    }
}

#[tokio::test]
async fn the_library_of_these_tests_has_no_hooks() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    neighbours.member.run("RESET ROLE").await;
    let login = neighbours.tenants.application.name();
    assert_eq!(neighbours.member.text("SELECT current_user").await, login);
}

#[tokio::test]
async fn a_login_that_gets_out_of_the_tenants_role_has_no_rights_either() {
    let database = database();
    let Neighbours { own, other, member, owner, .. } = &Neighbours::meet(&database).await;
    for session in [member, owner] {
        session.run("RESET ROLE").await;
        for attempt in [
            format!("SELECT * FROM {own}.note"),
            format!("SELECT * FROM {other}.note"),
            "SELECT * FROM tenancy.tenant".into(),
            format!("SET ROLE {own}"),
            format!("SET ROLE {other}"),
            format!("SET ROLE {other}_owner"),
            "SET ROLE tenancy_owner".into(),
            "SET ROLE tenancy_tenant".into(),
        ] {
            assert_eq!(session.refusal(&attempt).await.code(), "42501", "{attempt}");
        }
    }
}

#[tokio::test]
async fn every_relation_of_the_registry_is_closed_to_tenants() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    let relations = database.superuser_sql(
        "SELECT oid::regclass FROM pg_class WHERE relnamespace = 'tenancy'::regnamespace AND relkind IN ('r', 'v', 'S')",
    );
    assert!(relations.lines().count() > 8, "{relations}");
    for relation in relations.lines() {
        for session in [&neighbours.owner, &neighbours.member] {
            let code = session.refusal(&format!("SELECT * FROM {relation}")).await;
            assert_eq!(code.code(), "42501", "{relation}");
            let code = session.refusal(&format!("COPY {relation} TO STDOUT")).await;
            assert!(matches!(code.code(), "42501" | "42809"), "{relation}: {code:?}");
        }
    }
}

#[tokio::test]
async fn the_planners_statistics_of_another_tenant_are_hidden() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    database.superuser_sql("ANALYZE");
    for session in [&neighbours.owner, &neighbours.member] {
        let count =
            |schema: &str| format!("SELECT count(*) FROM pg_stats WHERE schemaname = '{schema}'");
        assert_ne!(session.text(&count(&neighbours.own)).await, "0");
        assert_eq!(session.text(&count(&neighbours.other)).await, "0");
        assert_eq!(session.refusal("SELECT * FROM pg_statistic").await.code(), "42501");
    }
}
