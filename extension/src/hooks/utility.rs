//! Before each utility statement: the guard's table, then what holds for every statement, then how
//! it is confined. The end of a transaction passes always: it is the way out of a refused one. Our
//! own statements, on names that we made, are nobody's to decide about.

use crate::ffi::client_messages;
use crate::ffi::if_exists::Skipped;
use crate::ffi::report::{self, or_raise};
use crate::ffi::roles;
use crate::ffi::utility_hook::{self, Call, Listener, Then};
use crate::session;
use std::ffi::CStr;
use tenancy_core::builtin;
use tenancy_core::catalog::class;
use tenancy_core::guard::{How, Statement};
use tenancy_core::{channel, mutant};

/// Installs the hook.
pub fn init() {
    utility_hook::install(Listener {
        executes,
        before,
        after,
        prepares: session::note_prepared,
        hidden: session::hides_schema,
        looks_into,
        skips,
    });
    client_messages::decide_notifications(|name| channel::delivery(name, session::current_id()));
    client_messages::tell_at_rest(session::told_at_rest);
}

fn executes(name: &CStr) -> bool {
    roles::in_own_work() || session::may_execute(name)
}

fn before(call: &Call) -> Then {
    if roles::in_own_work() {
        return Then::Run;
    }
    let how = or_raise(session::allow_utility(&call.statement, call.opens_savepoint));
    if let Some(lasting) = call.lasting
        && !mutant::disabled("utility.lasting")
    {
        or_raise(session::allow_lasting(lasting));
    }
    session::note_residue(&call.statement, call.lasting);
    match how {
        None => Then::Run,
        Some(How::Prepared) => prepared(&call.statement),
        Some(How::DeallocateAll) => deallocate_all(),
        Some(How::DiscardAll) => discard_all(call),
        Some(How::Channel) => on_channel(&call.statement),
    }
}

/// What a statement has locked it holds until the transaction ends, or until this refusal ends it.
fn after() {
    if session::is_inside() && !roles::in_own_work() {
        or_raise(session::require_few_locks());
    }
}

fn looks_into(schema: &str) {
    if session::hides_schema(schema) && !mutant::disabled("catalog.if_not_exists") {
        report::raise(builtin::no_such(class::NAMESPACE, schema));
    }
}

/// In PostgreSQL's words for what is missing.
fn skips(what: Skipped) {
    report::notice_of_success(match what {
        Skipped::Schema(name) => format!("schema \"{name}\" does not exist, skipping"),
        Skipped::Relation(name) => format!("relation \"{name}\" does not exist, skipping"),
    });
}

fn prepared(statement: &Statement) -> Then {
    if let Statement::Prepared(name) = statement
        && !mutant::disabled("utility.prepared")
    {
        or_raise(session::require_prepared(name));
    }
    Then::Run
}

fn deallocate_all() -> Then {
    if mutant::disabled("utility.deallocate_all") {
        return Then::Run;
    }
    session::deallocate_all();
    Then::Done
}

fn discard_all(call: &Call) -> Then {
    if mutant::disabled("utility.discard_all") {
        return Then::Run;
    }
    call.require_own_transaction(c"DISCARD ALL");
    or_raise(session::discard_all());
    Then::Done
}

fn on_channel(statement: &Statement) -> Then {
    let (Statement::Channel(name, payload), Some(tenant)) = (statement, session::current_id())
    else {
        return Then::Run;
    };
    if let Some(payload) = payload {
        or_raise(session::count_notification(name.len() + payload));
    }
    if mutant::disabled("utility.channel") {
        return Then::Run;
    }
    Then::OnChannel(or_raise(channel::encode(tenant, name)))
}
