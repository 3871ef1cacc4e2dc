//! What a session stays bound to after a context of a transaction. Such a context ends with any
//! COMMIT or ROLLBACK, the tenant's own included, so its end proves nothing about who sent it.
//! Whoever wants to move the session on shows the key that the first `enter_local` gave it; a
//! session without one stays with its tenant. Free are logins that were granted unsealed contexts.

use super::cache;
use crate::ffi::roles;
use std::cell::RefCell;
use tenancy_core::Result;
use tenancy_core::context;
use tenancy_core::mutant;
use tenancy_core::seal::Seal;

struct Binding {
    tenant: i64,
    key: Option<Seal>,
}

thread_local! {
    static BINDING: RefCell<Option<Binding>> = const { RefCell::new(None) };
}

/// Accepts a move of the session into the named tenant: always when it is bound to nothing, with
/// its key (else 28000) when it has one, else into the same tenant only (42501). An unknown tenant
/// is refused like any other.
pub fn check(tenant: &str, attempt: Option<&str>) -> Result<()> {
    let known = cache::tenant(tenant)?.map(|tenant| tenant.id);
    BINDING.with_borrow(|binding| match binding {
        None => Ok(()),
        Some(_) if mutant::disabled("lock.binding") => Ok(()),
        Some(Binding { key: Some(key), .. }) => key.check(attempt),
        Some(bound) if known == Some(bound.tenant) => Ok(()),
        Some(_) => Err(context::bound()),
    })
}

/// Binds the session, unless it is bound already, its contexts need no seal, or its login is a
/// superuser, for whom a binding would be an obstacle and no guard.
pub fn bind(tenant: i64, sealed: bool, key: Option<Seal>) {
    let free = !sealed || roles::is_superuser(roles::session_user());
    BINDING.with_borrow_mut(|binding| {
        if binding.is_none() && !free {
            *binding = Some(Binding { tenant, key });
        }
    });
}
