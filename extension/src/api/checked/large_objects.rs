//! Large objects: a tenant's ids are its own, whoever else in the database has the same.

use crate::ffi::Oid;
use crate::ffi::builtin_call::{Answer, Call};
use crate::ffi::large_objects::{self, Among};
use crate::{session, store};
use pgrx::IntoDatum;
use pgrx::pg_sys::Datum;
use tenancy_core::{Result, large_object, mutant};

/// Answers a function whose first argument is the id of a large object.
pub fn answer(call: &mut Call) -> Result<Answer> {
    let id = call.get::<Oid>(0).unwrap_or(Oid::INVALID);
    let Some(tenant) = session::tenant().filter(|_| !mutant::disabled("function.large_objects"))
    else {
        return Ok(Answer::Original);
    };
    let own = [tenant.role, tenant.owner];
    match call.name() {
        "lo_create" | "lo_from_bytea" => create(call, id, tenant.id, own),
        "lo_unlink" => unlink(call, id, tenant.id, own),
        _ => {
            let real = find(id, tenant.id, own)?;
            set_id(call, real);
            Ok(Answer::Original)
        }
    }
}

/// Under the id that was asked for, or, where somebody else has it, under one of PostgreSQL's
/// choice with that as its alias. Who has it is not told: not by an error, and not by waiting.
fn create(call: &mut Call, id: Oid, tenant: i64, own: [Oid; 2]) -> Result<Answer> {
    let anothers = large_objects::owner(id, Among::Uncommitted).is_some_and(|o| !own.contains(&o));
    if !anothers {
        return Ok(Answer::Original);
    }
    if let Some(real) = store::large_object_alias(tenant, id.to_u32())? {
        // It exists, as PostgreSQL will say.
        set_id(call, real.into());
        return Ok(Answer::Original);
    }
    set_id(call, Oid::INVALID);
    let real = call.run().map_or(0, |real| real.value() as u32);
    store::remember_large_object(tenant, id.to_u32(), real)?;
    Ok(Answer::Value(id.into_datum().unwrap_or(Datum::from(0))))
}

fn unlink(call: &mut Call, id: Oid, tenant: i64, own: [Oid; 2]) -> Result<Answer> {
    let real = find(id, tenant, own)?;
    if real != id {
        store::forget_large_object(tenant, id.to_u32())?;
    }
    set_id(call, real);
    Ok(Answer::Original)
}

fn find(id: Oid, tenant: i64, own: [Oid; 2]) -> Result<Oid> {
    let alias = store::large_object_alias(tenant, id.to_u32())?;
    let seen = || {
        let owner = large_objects::owner(id, Among::Committed);
        owner.is_some_and(|o| own.contains(&o) || large_objects::is_granted(id))
    };
    let visible = alias.is_none() && seen();
    large_object::resolve(id.to_u32(), alias, visible).map(Oid::from)
}

fn set_id(call: &mut Call, id: Oid) {
    call.set(0, id.into_datum().unwrap_or(Datum::from(0)));
}
