//! The table: what becomes of each form of a utility statement inside a tenant. The same for member
//! and owner: where each may create, PostgreSQL's own rights say; what reaches beyond the tenant's
//! schema, or names things that are not the tenant's, is neither's.

use crate::mutant;

use super::statement::{Copy, Grant, LockTarget, Object, RoleName, Statement};

/// The tenant's own names.
#[derive(Clone, Copy, Debug)]
pub struct Own<'a> {
    /// Its schema.
    pub schema: &'a str,
    /// Its two roles.
    pub roles: [&'a str; 2],
    /// Whether the session is there as the owner.
    pub as_owner: bool,
}

/// What becomes of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It runs as it is.
    Allowed,
    /// It runs within the tenant's bounds.
    Confined(How),
    /// It does not run.
    Refused(Refusal),
}

/// How a statement is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// To statements that SQL prepared in this tenant.
    Prepared,
    /// Replaced by dropping those.
    DeallocateAll,
    /// Replaced by the session's own cleaning.
    DiscardAll,
    /// To the tenant's channels.
    Channel,
}

/// Why a statement is refused, and what to do instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Subject of "... is not allowed inside a tenant".
    pub what: &'static str,
    /// The way out.
    pub hint: &'static str,
}

const ADMINISTRATOR: &str =
    "Leave the tenant first; what concerns the whole database is an administrator's.";
const OWN_ROLES: &str = "Inside a tenant only its own two roles and PUBLIC can be named.";
const OWN_SCHEMA: &str = "Name the tenant's own schema.";

/// Looks a statement up.
pub fn verdict(statement: &Statement, own: Own<'_>) -> Verdict {
    use Statement as S;
    use Verdict::{Allowed, Confined};
    match statement {
        S::Transaction | S::Setting | S::Show | S::Constraints => Allowed,
        S::Prepare | S::Cursor | S::Code | S::Query => Allowed,
        S::Discard | S::UnlistenAll | S::Truncate | S::Maintenance => Allowed,
        S::DiscardAll => Confined(How::DiscardAll),
        S::Prepared(_) => Confined(How::Prepared),
        S::DeallocateAll => Confined(How::DeallocateAll),
        S::Channel(..) => Confined(How::Channel),
        S::TwoPhaseCommit => refused("two-phase commit", ADMINISTRATOR),
        S::Snapshot => refused("importing a snapshot", "Use the transaction's own snapshot."),
        S::MaintenanceOfAll => {
            refused("maintenance without a table", "Name the tables or indexes, one by one.")
        }
        S::Load => refused("loading a library", ADMINISTRATOR),
        S::Server => refused("changing the server or the database", ADMINISTRATOR),
        S::Label => refused("labelling objects", ADMINISTRATOR),
        S::Owner => refused(
            "changing owners",
            "What is made in a tenant belongs to its owner role; there is nobody to give it to.",
        ),
        S::Copy(copy) => copy_verdict(*copy),
        S::Lock { strong, targets } => lock_verdict(*strong, targets, own),
        S::Object(Object::DefinerRoutine) => definer_verdict(own),
        S::Object(object) => object_verdict(*object),
        S::Move(object, schema) => move_verdict(*object, schema, own),
        S::Grant(grant) => grant_verdict(grant, own),
        S::Policy(roles) => only_own(roles, own),
        S::Unknown(_) => refused("this statement", "It is not known to be harmless there."),
    }
}

const fn refused(what: &'static str, hint: &'static str) -> Verdict {
    Verdict::Refused(Refusal { what, hint })
}

fn copy_verdict(copy: Copy) -> Verdict {
    match copy {
        Copy::Client => Verdict::Allowed,
        Copy::Server => refused(
            "COPY from or to the server's files and programs",
            "COPY FROM STDIN or TO STDOUT.",
        ),
        Copy::References => {
            refused("COPY of a table that refers to objects by OID", "COPY (SELECT ...) TO STDOUT.")
        }
        Copy::Catalog => refused("COPY of a system catalog", "COPY (SELECT ...) TO STDOUT."),
    }
}

/// A lock that stops the writes of others is for what nobody else has.
fn lock_verdict(strong: bool, targets: &[LockTarget], own: Own<'_>) -> Verdict {
    let is_own = |t: &LockTarget| t.table && t.schema.as_ref().is_none_or(|s| s == own.schema);
    if !strong || targets.iter().all(is_own) {
        return Verdict::Allowed;
    }
    refused(
        "locking what is shared, or a view, against others",
        "Lock the tenant's own tables, or use a mode up to ROW EXCLUSIVE.",
    )
}

/// What a member makes belongs to the owner role.
fn definer_verdict(own: Own<'_>) -> Verdict {
    if own.as_owner || mutant::disabled("utility.definer") {
        return Verdict::Allowed;
    }
    refused(
        "a SECURITY DEFINER routine of a member",
        "Enter as the owner: with whose rights it would run.",
    )
}

fn object_verdict(object: Object) -> Verdict {
    let what = match object {
        Object::InSchema | Object::DefinerRoutine => return Verdict::Allowed,
        Object::NativeRoutine => "a routine in native code",
        Object::LargeObject => "changing the rights or the comment of a large object",
        Object::Role => "changing roles",
        Object::Database => "changing the server or the database",
        Object::Tablespace => "changing tablespaces",
        Object::Schema => "changing schemas",
        Object::Extension => "changing extensions",
        Object::Language => "changing languages",
        Object::Foreign => "changing foreign data",
        Object::Replication => "changing publications or subscriptions",
        Object::EventTrigger => "changing event triggers",
        Object::AccessMethod => "changing access methods",
        Object::Cast => "changing casts or transforms",
        Object::Parameter => "changing rights to parameters",
        Object::Unknown => "this statement",
    };
    refused(what, ADMINISTRATOR)
}

fn move_verdict(object: Object, schema: &str, own: Own<'_>) -> Verdict {
    match object_verdict(object) {
        Verdict::Allowed if schema != own.schema => refused("moving to another schema", OWN_SCHEMA),
        verdict => verdict,
    }
}

/// Roles that are not the tenant's are not even looked up: that they exist would be an answer, and
/// a grant would keep them from being dropped.
fn grant_verdict(grant: &Grant, own: Own<'_>) -> Verdict {
    let verdict = object_verdict(grant.object);
    if verdict != Verdict::Allowed {
        return verdict;
    }
    if grant.schemas.iter().any(|schema| schema != own.schema) {
        return refused("granting in another schema", OWN_SCHEMA);
    }
    let verdict = only_own(&grant.grantors, own);
    if verdict == Verdict::Allowed { only_own(&grant.grantees, own) } else { verdict }
}

fn only_own(roles: &[RoleName], own: Own<'_>) -> Verdict {
    let is_own = |role: &RoleName| match role {
        RoleName::Current | RoleName::Public => true,
        RoleName::Session => false,
        RoleName::Named(name) => own.roles.contains(&name.as_str()),
    };
    if roles.iter().all(is_own) {
        Verdict::Allowed
    } else {
        refused("naming a role of others", OWN_ROLES)
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
