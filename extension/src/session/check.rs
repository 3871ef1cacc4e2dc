//! What must hold before each statement of a session that is in a context.

use super::position::{self, Stay};
use super::{admission, cache};
use crate::ffi::Oid;
use crate::ffi::functions;
use crate::shared;
use tenancy_core::context::{self, Place};
use tenancy_core::lifecycle::{self, Status, Suspension};
use tenancy_core::{Error, Result};

/// The functions that lead out of `closed`; each asks for the key itself.
const WAYS_OUT: &[&std::ffi::CStr] = &[c"switch", c"enter", c"leave"];

/// Refuses a planned statement between tenants unless it is a bare call of a context function.
pub fn closed_to_statements(bare_call: Option<Oid>) -> Result<()> {
    bare_call.filter(|f| functions::is_ours(*f, WAYS_OUT)).map(drop).ok_or_else(context::closed)
}

/// Refuses every function between tenants but the context functions.
pub fn closed_to_functions(function: Oid) -> Result<()> {
    if position::place() == Place::Closed && !functions::is_ours(function, WAYS_OUT) {
        return Err(context::closed());
    }
    Ok(())
}

/// Refuses a statement inside a tenant when the role is not the context's, or the tenant or the
/// login is not admitted any more.
#[inline]
pub fn require_valid() -> Result<()> {
    if !position::role_agrees() {
        return Err(position::disagreement());
    }
    let epoch = shared::epoch();
    if position::is_checked_at(epoch) && !cache::is_stale() {
        return Ok(());
    }
    check_again(epoch)
}

#[cold]
fn check_again(epoch: u64) -> Result<()> {
    let Some(stay) = position::stay() else { return Err(context::closed()) };
    let tenant = cache::tenant_by_id(stay.tenant.id)?.ok_or_else(lifecycle::unknown_tenant)?;
    if shared::is_blocked(tenant.id) {
        return Err(suspended());
    }
    if !position::situation().gateway {
        admission::login_grant(&tenant)?;
    }
    let access = lifecycle::admit(tenant.status, tenant.suspension)?;
    position::confirm(Stay { tenant, ..stay }, access, epoch);
    position::is_checked_at(epoch);
    Ok(())
}

fn suspended() -> Error {
    lifecycle::admit(Status::Suspended, Some(Suspension::Full))
        .err()
        .unwrap_or_else(lifecycle::unknown_tenant)
}
