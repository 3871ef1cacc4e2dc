//! The table of utility statements, walked through.

use super::*;

const OWN: Own<'_> = Own { schema: "t_own", roles: ["t_own", "t_own_owner"], as_owner: false };

fn outcome(statement: &Statement) -> &'static str {
    match verdict(statement, OWN) {
        Verdict::Allowed => "allowed",
        Verdict::Confined(_) => "confined",
        Verdict::Refused(_) => "refused",
    }
}

fn named(name: &str) -> RoleName {
    RoleName::Named(name.to_owned())
}

fn grant(object: Object, to: &[RoleName]) -> Grant {
    Grant { object, grantees: to.to_vec(), grantors: Vec::new(), schemas: Vec::new() }
}

#[test]
fn a_statement_that_nobody_decided_about_is_refused() {
    assert_eq!(outcome(&Statement::Unknown(99_999)), "refused");
    assert_eq!(outcome(&Statement::Object(Object::Unknown)), "refused");
}

#[test]
fn ordinary_work_is_allowed() {
    use Statement as S;
    for statement in [
        S::Transaction,
        S::Setting,
        S::Constraints,
        S::Discard,
        S::Prepare,
        S::Cursor,
        S::Code,
        S::Query,
        S::UnlistenAll,
        S::Copy(Copy::Client),
        S::Truncate,
        S::Maintenance,
        S::Object(Object::InSchema),
        S::Move(Object::InSchema, "t_own".to_owned()),
    ] {
        assert_eq!(outcome(&statement), "allowed", "{statement:?}");
    }
}

#[test]
fn what_is_one_for_the_whole_database_is_confined() {
    use Statement as S;
    let name = || "x".to_owned();
    for statement in
        [S::DiscardAll, S::DeallocateAll, S::Prepared(name()), S::Channel(name(), None)]
    {
        assert_eq!(outcome(&statement), "confined", "{statement:?}");
    }
}

#[test]
fn what_reaches_beyond_the_tenant_is_refused() {
    use Statement as S;
    for statement in [
        S::TwoPhaseCommit,
        S::Snapshot,
        S::Copy(Copy::Server),
        S::Copy(Copy::Catalog),
        S::Copy(Copy::References),
        S::MaintenanceOfAll,
        S::Load,
        S::Server,
        S::Label,
        S::Owner,
        S::Move(Object::InSchema, "t_other".to_owned()),
        S::Move(Object::Extension, "t_own".to_owned()),
    ] {
        assert_eq!(outcome(&statement), "refused", "{statement:?}");
    }
}

#[test]
fn no_object_outside_of_schemas_is_a_tenants_to_change() {
    use Object as O;
    for object in [
        O::NativeRoutine,
        O::LargeObject,
        O::Role,
        O::Database,
        O::Tablespace,
        O::Schema,
        O::Extension,
        O::Language,
        O::Foreign,
        O::Replication,
        O::EventTrigger,
        O::AccessMethod,
        O::Cast,
        O::Parameter,
    ] {
        assert_eq!(outcome(&Statement::Object(object)), "refused", "{object:?}");
        let grant = Statement::Grant(grant(object, &[RoleName::Current]));
        assert_eq!(outcome(&grant), "refused", "{grant:?}");
    }
}

#[test]
fn rights_go_to_the_tenants_own_roles_alone() {
    let cases = [
        (vec![named("t_own"), named("t_own_owner")], "allowed"),
        (vec![RoleName::Public, RoleName::Current], "allowed"),
        (vec![RoleName::Session], "refused"),
        (vec![named("t_own"), named("t_other")], "refused"),
    ];
    for (roles, expected) in cases {
        assert_eq!(outcome(&Statement::Policy(roles.clone())), expected, "{roles:?}");
        let to = grant(Object::InSchema, &roles);
        let by = Grant { grantees: vec![named("t_own")], grantors: roles.clone(), ..to.clone() };
        assert_eq!(outcome(&Statement::Grant(to)), expected, "to {roles:?}");
        assert_eq!(outcome(&Statement::Grant(by)), expected, "by {roles:?}");
    }
}

#[test]
fn rights_on_all_of_a_schema_are_given_in_the_own_one_alone() {
    for (schema, expected) in [("t_own", "allowed"), ("t_other", "refused"), ("public", "refused")]
    {
        let schemas = vec!["t_own".to_owned(), schema.to_owned()];
        let grant = Grant { schemas, ..grant(Object::InSchema, &[RoleName::Public]) };
        assert_eq!(outcome(&Statement::Grant(grant)), expected, "{schema}");
    }
}

#[test]
fn a_lock_that_keeps_others_from_writing_is_for_own_tables() {
    let own = LockTarget { schema: Some("t_own".to_owned()), table: true };
    let temporary = LockTarget { schema: None, table: true };
    let shared = LockTarget { schema: Some("public".to_owned()), table: true };
    let view = LockTarget { table: false, ..own.clone() };
    for (targets, strong, expected) in [
        (vec![own.clone(), temporary], true, "allowed"),
        (vec![own, shared.clone()], true, "refused"),
        (vec![view.clone()], true, "refused"),
        (vec![shared, view], false, "allowed"),
    ] {
        let lock = Statement::Lock { strong, targets };
        assert_eq!(outcome(&lock), expected, "{lock:?}");
    }
}

#[test]
fn a_routine_with_the_owners_rights_is_the_owners_to_make() {
    let definer = Statement::Object(Object::DefinerRoutine);
    assert_eq!(outcome(&definer), "refused");
    assert_eq!(verdict(&definer, Own { as_owner: true, ..OWN }), Verdict::Allowed);
}
