//! The relation guard, behind a wall that an administrator has broken by wrong grants: everything
//! of another tenant is granted to PUBLIC, and the tenant's roles are members of the other's. What
//! PostgreSQL's privileges would let through is refused by where it lies.

mod attempts;
mod indirect;
mod shared;
mod verdicts;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

/// Whether an error refuses, or says of what is refused that it does not exist.
fn is_refusal(code: &SqlState) -> bool {
    matches!(code.code(), "42501" | "3F000" | "42P01")
}

/// Two tenants, the attacker `acme` and the victim `globex`, without privileges between them.
struct Broken {
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

impl Broken {
    async fn meet(database: &Database<'_>) -> Broken {
        let tenants = Tenants::create(database, &["acme", "globex"]).await;
        let (own, other) =
            (tenants.column("acme", "schema").await, tenants.column("globex", "schema").await);
        database.superuser_sql(&format!(
            "CREATE FUNCTION {other}.f() RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN ''globex''; END'; \
             CREATE FUNCTION {other}.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; \
             GRANT ALL ON SCHEMA {other} TO PUBLIC; \
             GRANT ALL ON ALL TABLES IN SCHEMA {other} TO PUBLIC; \
             GRANT ALL ON ALL SEQUENCES IN SCHEMA {other} TO PUBLIC; \
             GRANT ALL ON ALL FUNCTIONS IN SCHEMA {other} TO PUBLIC; \
             GRANT {other}, {other}_owner TO {own}, {own}_owner"
        ));
        let owner = tenants.enter_as_owner(database, "acme").await;
        let member = tenants.enter("acme").await;
        Broken { tenants, own, other, owner, member }
    }

    /// Both of the attacker's sessions.
    fn attackers(&self) -> [&Session; 2] {
        [&self.owner, &self.member]
    }

    /// What the victim has, which no test may change.
    async fn assert_untouched(&self) {
        let victim = self.tenants.enter("globex").await;
        assert_eq!(victim.text("SELECT string_agg(body, ',') FROM note").await, "globex");
    }
}
