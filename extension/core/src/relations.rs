//! Which relations and schemas a session may touch, decided from where they lie: the rules of the
//! relation guard inside a tenant, and of the setting `tenancy.guard` outside. Privileges are
//! PostgreSQL's bits (ACL_SELECT and so on).

use crate::{Error, SqlState};

/// Every privilege.
pub const EVERYTHING: u32 = u32::MAX;
/// No privilege of its own: a relation whose parent in the same statement was checked in its stead.
const AS_CHILD: u32 = 1 << 31;
/// INSERT, UPDATE, DELETE and TRUNCATE.
const WRITE: u32 = 1 | 1 << 2 | 1 << 3 | 1 << 4;

/// Where a relation lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// PostgreSQL's own: pg_catalog, pg_toast, information_schema.
    System,
    /// In the setting `tenancy.shared_schemas`.
    Shared,
    /// Temporary objects of this session.
    OwnTemp,
    /// Temporary objects of another session.
    OtherTemp,
    /// The schema of the tenant with this id, in whatever state the tenant is.
    Tenant(i64),
    /// Any other: central tables, and whatever else lives in the database.
    Other,
}

/// The privileges on a relation that are in order inside `tenant` (between tenants: `None`).
/// `granted` are those granted to role tenancy_tenant by name.
pub fn inside(tenant: Option<i64>, schema: Schema, granted: impl FnOnce() -> u32) -> u32 {
    match schema {
        Schema::System | Schema::Shared | Schema::OwnTemp => EVERYTHING,
        Schema::Tenant(id) if Some(id) == tenant => EVERYTHING,
        Schema::Tenant(_) | Schema::OtherTemp => 0,
        Schema::Other => granted() | AS_CHILD,
    }
}

/// Whether what is in order covers what a statement takes. Who may read a shared table may lock
/// its rows too, as the check of a foreign key does; to write takes each privilege it takes.
#[inline]
pub fn covers(allowed: u32, wanted: u32, writes: bool) -> bool {
    if allowed == EVERYTHING {
        return true;
    }
    match (wanted, writes) {
        (0, _) => allowed & AS_CHILD != 0,
        (_, true) => wanted & WRITE & !allowed == 0 && allowed & !AS_CHILD != 0,
        (_, false) => allowed & !AS_CHILD != 0,
    }
}

/// Whether a schema may be named, searched or called into inside `tenant`: not another tenant's.
pub fn may_use(tenant: Option<i64>, schema: Schema) -> bool {
    match schema {
        Schema::Tenant(id) => Some(id) == tenant,
        Schema::OtherTemp => false,
        Schema::System | Schema::Shared | Schema::OwnTemp | Schema::Other => true,
    }
}

/// Whether objects in a schema may be made, altered or dropped inside `tenant`: in its own alone.
pub fn may_change(tenant: Option<i64>, schema: Schema) -> bool {
    match schema {
        Schema::Tenant(id) => Some(id) == tenant,
        Schema::System | Schema::OwnTemp => true,
        Schema::OtherTemp | Schema::Shared | Schema::Other => false,
    }
}

/// The setting `tenancy.guard`: what becomes of a session that touches a tenant's schema without
/// having entered the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing.
    Off,
    /// It is logged and counted.
    Warn,
    /// It is refused.
    Strict,
}

/// What becomes of a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It passes, and is logged and counted.
    Report,
    /// It is refused.
    Refuse,
}

/// Decides a use by a session outside of every tenant. `trusted`: member of tenancy_bypass,
/// superuser, or the tenant's own owner role.
pub fn outside(mode: Mode, schema: Schema, trusted: impl FnOnce() -> bool) -> Verdict {
    let Schema::Tenant(_) = schema else { return Verdict::Pass };
    match mode {
        Mode::Off => Verdict::Pass,
        _ if trusted() => Verdict::Pass,
        Mode::Warn => Verdict::Report,
        Mode::Strict => Verdict::Refuse,
    }
}

/// What becomes of a refusal while `tenancy.alarm_only` is on.
pub fn unless_alarm_only(verdict: Verdict, alarm_only: bool) -> Verdict {
    if alarm_only && verdict == Verdict::Refuse { Verdict::Report } else { verdict }
}

/// The refusal of a relation inside a tenant. `which` is for the log.
pub fn foreign_relation(which: &str) -> Error {
    Error::new(SqlState::InsufficientPrivilege, "permission denied for a relation outside of the tenant")
        .detail("The statement reaches a relation that is neither the tenant's own nor shared, perhaps through a view, a function or a foreign key.")
        .hint("What tenants share lies in a schema of tenancy.shared_schemas, or is granted to role \"tenancy_tenant\".")
        .private(format!("relation {which}"))
}

/// The refusal of a schema that somebody named, in PostgreSQL's own words.
pub fn foreign_schema(name: &str) -> Error {
    Error::new(SqlState::InsufficientPrivilege, format!("permission denied for schema {name}"))
}

/// The refusal of a function of another tenant. `which` is for the log.
pub fn foreign_function(which: &str) -> Error {
    Error::new(SqlState::InsufficientPrivilege, "permission denied for a function outside of the tenant")
        .detail("The statement calls a function that belongs to another schema than the tenant's own or a shared one.")
        .hint("What tenants share lies in a schema of tenancy.shared_schemas.")
        .private(format!("function {which}"))
}

/// The refusal of DDL outside of the tenant's own schema. `which` is for the log.
pub fn foreign_change(which: &str) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        "permission denied to change an object outside of the tenant",
    )
    .detail(
        "Inside a tenant, objects are made, altered and dropped in the tenant's own schema alone.",
    )
    .hint("Leave the tenant first; what tenants share is an administrator's.")
    .private(format!("schema {which}"))
}

/// The refusal of a tenant's relation to a session that has not entered the tenant.
pub fn no_context(which: &str) -> Error {
    Error::new(
        SqlState::InsufficientPrivilege,
        "permission denied for a tenant's relation outside of the tenant",
    )
    .detail("The session has not entered the tenant, and the setting tenancy.guard is \"strict\".")
    .hint("Enter the tenant by tenancy.enter(tenant), or have role \"tenancy_bypass\" granted.")
    .private(format!("relation {which}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SELECT: u32 = 1 << 1;
    const UPDATE: u32 = 1 << 2;
    const REFERENCES: u32 = 1 << 5;
    const ALL: [Schema; 7] = [
        Schema::System,
        Schema::Shared,
        Schema::OwnTemp,
        Schema::OtherTemp,
        Schema::Tenant(1),
        Schema::Tenant(2),
        Schema::Other,
    ];

    fn reads(tenant: Option<i64>, schema: Schema, granted: u32) -> bool {
        covers(inside(tenant, schema, || granted), SELECT, false)
    }

    #[test]
    fn a_tenant_reads_its_own_the_shared_and_the_systems_relations() {
        let passes: Vec<_> = ALL.into_iter().filter(|s| reads(Some(1), *s, 0)).collect();
        use Schema::{OwnTemp, Shared, System, Tenant};
        assert_eq!(passes, [System, Shared, OwnTemp, Tenant(1)]);
        assert!(!reads(None, Tenant(1), 0));
    }

    #[test]
    fn a_grant_to_all_tenants_opens_a_central_table_but_never_a_tenants_or_a_temporary_one() {
        for granted in [SELECT, REFERENCES, SELECT | UPDATE] {
            assert!(reads(Some(1), Schema::Other, granted));
            assert!(!reads(Some(1), Schema::Tenant(2), granted));
            assert!(!reads(Some(1), Schema::OtherTemp, granted));
        }
    }

    #[test]
    fn a_shared_table_is_written_by_who_was_granted_that_and_locked_by_every_reader() {
        let allowed = inside(Some(1), Schema::Other, || SELECT);
        assert!(covers(allowed, SELECT | UPDATE, false), "FOR KEY SHARE");
        assert!(!covers(allowed, SELECT | UPDATE, true), "UPDATE");
        assert!(covers(inside(Some(1), Schema::Other, || SELECT | UPDATE), SELECT | UPDATE, true));
        assert!(!covers(inside(Some(1), Schema::Other, || 0), SELECT, true));
    }

    #[test]
    fn a_child_is_judged_by_its_parent_unless_it_is_another_tenants() {
        assert!(covers(inside(Some(1), Schema::Other, || 0), 0, false));
        assert!(covers(inside(Some(1), Schema::Other, || 0), 0, true));
        assert!(!covers(inside(Some(1), Schema::Tenant(2), || 0), 0, false));
    }

    #[test]
    fn another_tenants_schema_is_neither_used_nor_changed_and_a_shared_one_only_used() {
        for schema in ALL {
            let foreign = matches!(schema, Schema::Tenant(2) | Schema::OtherTemp);
            assert_eq!(may_use(Some(1), schema), !foreign, "{schema:?}");
            let beyond = foreign || matches!(schema, Schema::Shared | Schema::Other);
            assert_eq!(may_change(Some(1), schema), !beyond, "{schema:?}");
        }
    }

    #[test]
    fn outside_only_tenants_schemas_are_guarded_and_only_against_strangers() {
        for schema in ALL {
            let tenants = matches!(schema, Schema::Tenant(_));
            let refused = outside(Mode::Strict, schema, || false) == Verdict::Refuse;
            assert_eq!(refused, tenants, "{schema:?}");
            assert_eq!(outside(Mode::Strict, schema, || true), Verdict::Pass);
            assert_eq!(outside(Mode::Off, schema, || false), Verdict::Pass);
        }
        assert_eq!(outside(Mode::Warn, Schema::Tenant(1), || false), Verdict::Report);
    }

    #[test]
    fn alarm_only_turns_refusals_into_reports_and_nothing_else() {
        assert_eq!(unless_alarm_only(Verdict::Refuse, true), Verdict::Report);
        assert_eq!(unless_alarm_only(Verdict::Refuse, false), Verdict::Refuse);
        assert_eq!(unless_alarm_only(Verdict::Pass, true), Verdict::Pass);
    }
}
