//! Rights: GRANT, REVOKE and default privileges, and the roles that statements name.

use super::{cells, strings, text};
use crate::ffi::object_kinds;
use pgrx::pg_sys::{self, List};
use tenancy_core::guard::{Grant, RoleName};

/// GRANT or REVOKE on objects.
///
/// # Safety
/// As `parse_nodes::describe`.
pub unsafe fn grant(grant: &pg_sys::GrantStmt) -> Grant {
    // SAFETY: the caller's promise.
    unsafe {
        let in_schemas = grant.targtype == pg_sys::GrantTargetType::ACL_TARGET_ALL_IN_SCHEMA;
        Grant {
            object: object_kinds::by_type(grant.objtype),
            grantees: roles(grant.grantees),
            grantors: grant.grantor.as_ref().map(|r| role(r)).into_iter().collect(),
            schemas: if in_schemas { strings(grant.objects) } else { Vec::new() },
        }
    }
}

/// ALTER DEFAULT PRIVILEGES.
///
/// # Safety
/// As `parse_nodes::describe`.
pub unsafe fn default_privileges(alter: &pg_sys::AlterDefaultPrivilegesStmt) -> Grant {
    // SAFETY: the caller's promise; both options are lists.
    unsafe {
        let mut described = grant(&*alter.action);
        for option in cells::<pg_sys::DefElem>(alter.options) {
            match text(option.defname).as_str() {
                "schemas" => described.schemas.extend(strings(option.arg.cast())),
                _ => described.grantors.extend(roles(option.arg.cast())),
            }
        }
        described
    }
}

/// The roles of a list.
///
/// # Safety
/// The list must hold RoleSpec nodes; null is allowed.
pub unsafe fn roles(list: *mut List) -> Vec<RoleName> {
    // SAFETY: the caller's promise.
    unsafe { cells::<pg_sys::RoleSpec>(list).map(|r| role(r)).collect() }
}

/// # Safety
/// The node must come from the parser.
unsafe fn role(role: &pg_sys::RoleSpec) -> RoleName {
    use pg_sys::RoleSpecType as R;
    match role.roletype {
        R::ROLESPEC_PUBLIC => RoleName::Public,
        R::ROLESPEC_CURRENT_USER | R::ROLESPEC_CURRENT_ROLE => RoleName::Current,
        R::ROLESPEC_SESSION_USER => RoleName::Session,
        // SAFETY: any other has a name; null would be read as an empty one.
        _ => RoleName::Named(unsafe { text(role.rolename) }),
    }
}
