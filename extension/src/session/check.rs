//! What must hold before each statement of a session that is in a context.

use super::position::{self, Stay};
use super::{admission, cache, prepared, rations};
use crate::ffi::Oid;
use crate::ffi::functions;
use crate::shared;
use std::ffi::CStr;
use tenancy_core::Result;
use tenancy_core::context::{self, Place};
use tenancy_core::guard::{self, How, Statement};
use tenancy_core::lifecycle::{self, Access};
use tenancy_core::mutant;

/// The functions that lead out of `closed`; each asks for the key itself.
const WAYS_OUT: &[&CStr] = &[c"switch", c"enter", c"leave"];

/// Refuses a planned statement between tenants unless it is a bare call of a context function.
pub fn closed_to_statements(bare_call: Option<Oid>) -> Result<()> {
    if is_way_out(bare_call) || mutant::disabled("lock.closed_to_statements") {
        Ok(())
    } else {
        Err(context::closed())
    }
}

/// The same for a function that is about to run, however it is called. The ways out stay open to a
/// session whose tenant is not admitted any more: they ask for the key.
pub fn allow_function(function: Oid) -> Result<()> {
    let refused = match position::place() {
        Place::Outside => return Ok(()),
        Place::Closed if mutant::disabled("lock.closed_to_functions") => return Ok(()),
        Place::Closed => Err(context::closed()),
        _ if mutant::disabled("lock.valid_functions") => Ok(()),
        Place::Session | Place::Transaction => require_valid(),
    };
    refused.or_else(|error| is_way_out(Some(function)).then_some(()).ok_or(error))
}

/// Refuses a planned statement inside a tenant that is not admitted any more, unless it leads out.
pub fn allow_statement(bare_call: impl Fn() -> Option<Oid>) -> Result<()> {
    let valid = if mutant::disabled("lock.valid_statements") { Ok(()) } else { require_valid() };
    valid
        .and_then(|()| rations::require_moderation())
        .or_else(|error| is_way_out(bare_call()).then_some(()).ok_or(error))
}

/// Whether an EXECUTE is in order at a glance, by what `allow_utility` and `require_prepared` ask
/// for; a refusal is theirs to give.
pub fn may_execute(name: &CStr) -> bool {
    matches!(position::place(), Place::Session | Place::Transaction)
        && prepared::is_prepared_here(name)
        && require_valid().is_ok()
        && rations::require_few_subtransactions().is_ok()
}

/// Decides a utility statement: how it is confined, if at all, or the refusal. The end of a
/// transaction needs no valid visit.
pub fn allow_utility(statement: &Statement, opens_savepoint: bool) -> Result<Option<How>> {
    let place = position::place();
    let how = position::with_own_names(|own| guard::utility(place, statement, own))?;
    if *statement != Statement::Transaction && !mutant::disabled("lock.valid_utility") {
        require_valid()?;
    }
    let inside = matches!(place, Place::Session | Place::Transaction);
    match statement {
        _ if !inside => {}
        // What EXECUTE runs is counted by itself, and DEALLOCATE takes nothing.
        Statement::Prepared(_) => rations::require_few_subtransactions()?,
        Statement::Transaction if !opens_savepoint => {}
        _ => rations::require_moderation()?,
    }
    Ok(how)
}

fn is_way_out(function: Option<Oid>) -> bool {
    function.is_some_and(|f| functions::is_ours(f, WAYS_OUT))
}

/// Refuses a statement inside a tenant when the role is not the context's, or the tenant or the
/// login is not admitted any more.
#[inline]
pub fn require_valid() -> Result<()> {
    if !position::role_agrees() {
        return Err(context::disagreement());
    }
    let epoch = shared::epoch();
    if !cache::is_stale() && position::is_checked_at(epoch) {
        return Ok(());
    }
    check_again(epoch)
}

#[cold]
fn check_again(epoch: u64) -> Result<()> {
    position::doubt();
    let Some(stay) = position::stay() else { return Err(context::closed()) };
    let tenant = cache::tenant_by_id(stay.tenant.id)?.ok_or_else(lifecycle::unknown_tenant)?;
    if shared::is_blocked(tenant.id) && !mutant::disabled("lock.suspension") {
        // What began before the suspension has its grace period to end.
        return if position::is_admitted_in_transaction() {
            Ok(())
        } else {
            Err(lifecycle::suspended())
        };
    }
    let is_import = stay.capacity.is_import();
    if !is_import && !position::situation().gateway && !mutant::disabled("lock.grant_again") {
        admission::login_grant(&tenant)?;
    }
    let admitted = match is_import {
        true => admission::of_importer(&tenant),
        false => lifecycle::admit(tenant.status, tenant.suspension),
    };
    let access = match admitted {
        Err(_) if mutant::disabled("lock.state_again") => Access::Full,
        admitted => admitted?,
    };
    position::confirm(Stay { tenant, ..stay }, access, epoch);
    position::is_checked_at(epoch);
    Ok(())
}
