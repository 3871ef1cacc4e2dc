//! What a tenant sees when it queries PostgreSQL's catalogs: all of its own, what is shared, what
//! is PostgreSQL's, and of others nothing.

mod applications;
mod explain;
mod plans;
mod psql;
mod server_state;
mod shared;
mod table;
mod visible;
mod ways;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;

/// One object of each kind that a tenant's owner can make; MARK is the tenant's name.
const KINDS: &str = include_str!("catalog/kinds.sql");

/// The neighbour that nobody should notice; its name is in the name of all that it has.
const NEIGHBOUR: &str = "globex";

/// Two tenants that have everything, each in a schema of its own name.
struct Neighbours {
    tenants: Tenants,
    /// In `acme`, as a member.
    member: Session,
    /// In `acme`, as its owner.
    owner: Session,
}

impl Neighbours {
    async fn meet(database: &Database<'_>) -> Neighbours {
        let tenants = Tenants::create(database, &[]).await;
        for name in ["acme", NEIGHBOUR] {
            let script = KINDS.replace("MARK", name);
            let register =
                format!("SELECT tenancy.register_template('{name}', $kinds${script}$kinds$)");
            tenants.admin.run(&register).await;
            let create = format!("SELECT tenancy.create('{name}', '{name}', schema => '{name}')");
            tenants.admin.run(&create).await;
        }
        let owner = tenants.enter_as_owner(database, "acme").await;
        let member = tenants.enter("acme").await;
        Neighbours { tenants, member, owner }
    }

    fn both(&self) -> [&Session; 2] {
        [&self.member, &self.owner]
    }
}
