//! The twins of PostgreSQL's own functions (schema `tenancy_checked`): what each looks at is in
//! `tenancy_core::builtin`. Outside of tenants a twin is the original.

mod arguments;
mod large_objects;
mod locks;
mod names;
mod sessions;

use crate::catalog;
use crate::ffi::builtin_call::{self, Answer, Call};
use crate::ffi::report::or_raise;
use crate::ffi::{Oid, named, reg_io};
use crate::session;
use pgrx::iter::TableIterator;
use pgrx::pg_sys::Datum;
use pgrx::prelude::*;
use tenancy_core::builtin::{self, Check, Names, Side};
use tenancy_core::catalog::{FIRST_NORMAL_OID, class};
use tenancy_core::{Result, channel, mutant};

/// The OID of nothing: functions answer to it as to any OID that has no object.
const ABSENT: u32 = u32::MAX;

/// Registers what decides on the answers. For _PG_init.
pub fn init() {
    builtin_call::handle(answer);
    reg_io::hide_schemas(names::absent);
}

fn answer(call: &mut Call) -> Answer {
    if !session::is_inside() && !mutant::disabled("function.lent") {
        call.require_own_right();
    }
    if !session::is_inside() || mutant::disabled("function.twins") {
        return Answer::Original;
    }
    match call.check() {
        Check::Arguments(..) if mutant::disabled("function.arguments") => Answer::Original,
        Check::Arguments(names, side) => arguments::check(call, names, side),
        Check::Absent if mutant::disabled("function.absent") => Answer::Original,
        Check::Absent => absent(call),
        Check::Activity => activity(call),
        Check::Nothing if mutant::disabled("function.nothing") => Answer::Original,
        Check::Nothing => Answer::Null,
        Check::Found(_) if mutant::disabled("function.found") => Answer::Original,
        Check::Found(class) => found(call, class),
        Check::RoleName if mutant::disabled("function.role_name") => Answer::Original,
        Check::RoleName => role_name(call),
        Check::AdvisoryLock => or_raise(locks::answer(call)),
        Check::LargeObject => or_raise(large_objects::answer(call)),
        Check::Notify => or_raise(notify(call)),
        Check::Channels if mutant::disabled("function.channels") => Answer::Original,
        Check::Channels => own_channel(call),
        Check::Since(column) => since_arrival(call, column),
        Check::Query if mutant::disabled("function.current_query") => Answer::Original,
        Check::Query => sessions::query(),
        Check::Cancel => sessions::cancel(call),
        Check::Terminate => sessions::terminate(call),
    }
}

fn absent(call: &mut Call) -> Answer {
    for at in 0..call.count() {
        call.set(at, Datum::from(ABSENT));
    }
    Answer::Original
}

/// What is done on a catalog is done by all tenants.
fn activity(call: &mut Call) -> Answer {
    let system = |relation: Oid| relation.to_u32() < FIRST_NORMAL_OID;
    let of_all = call.get::<Oid>(0).is_some_and(system) && !mutant::disabled("function.activity");
    if of_all {
        absent(call)
    } else {
        arguments::check(call, &[Names::Of(class::CLASS)], Side::Left)
    }
}

/// NULL unless what was found is seen; a schema that is denied holds nothing.
fn found(call: &mut Call, class: u32) -> Answer {
    match call.run_unless_denied().flatten() {
        Some(value) if catalog::sees(class, Oid::from(value.value() as u32)) => {
            Answer::Value(value)
        }
        _ => Answer::Null,
    }
}

fn role_name(call: &mut Call) -> Answer {
    let role = call.get::<Oid>(0).unwrap_or(Oid::INVALID);
    if catalog::sees(class::AUTHID, role) {
        return Answer::Original;
    }
    Answer::Value(named::name_value(&format!("unknown (OID={})", role.to_u32())))
}

fn notify(call: &mut Call) -> Result<Answer> {
    let (Some(tenant), false) = (session::current_id(), mutant::disabled("function.notify")) else {
        return Ok(Answer::Original);
    };
    let name = call.text(0).unwrap_or_default();
    let name = channel::encode(tenant, &name)?;
    session::count_notification(name.len() + call.text(1).map_or(0, |payload| payload.len()))?;
    call.set(0, name.into_datum().unwrap_or(Datum::from(0)));
    Ok(Answer::Original)
}

/// The next channel that is the tenant's, by the name it gave.
fn own_channel(call: &mut Call) -> Answer {
    let tenant = session::current_id();
    while let Some(value) = call.run() {
        let Some(name) = builtin_call::text_of(value) else { continue };
        if let Some((owner, own)) = channel::decode(&name)
            && Some(owner) == tenant
        {
            return own.into_datum().map_or(Answer::Null, Answer::Value);
        }
    }
    Answer::Null
}

fn since_arrival(call: &mut Call, column: i32) -> Answer {
    call.run();
    if !mutant::disabled("function.since_arrival") {
        named::keep_later(call, column, session::arrived());
    }
    Answer::Rows
}

/// `tenancy_checked.decisions()`: the functions that have a twin.
#[pg_extern]
fn decisions() -> TableIterator<'static, (name!(name, String), name!(guarded, bool))> {
    let all = builtin::CHECKED
        .iter()
        .flat_map(|family| family.names.iter().map(|name| ((*name).to_owned(), family.guarded)));
    TableIterator::new(all.collect::<Vec<_>>())
}

/// `tenancy_checked.verdict(name, argument_types)`: what becomes of a built-in function.
#[pg_extern]
fn verdict(name: &str, arguments: Vec<Oid>) -> String {
    let types: Vec<u32> = arguments.iter().map(|of| of.to_u32()).collect();
    match builtin::decided(name) {
        None if builtin::is_suspect(name, &types) => "undecided".to_owned(),
        None => "allowed".to_owned(),
        Some(verdict) => {
            let text = format!("{verdict:?}").to_lowercase();
            text.split('(').next().unwrap_or_default().to_owned()
        }
    }
}
