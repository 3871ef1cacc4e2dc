//! What a gateway's client leaves on its connection when a transaction has ended, and telling the
//! gateway: its settings as text when SQL changed any, and the kinds of whatever else is there.
//!
//! A statement is noted before it runs, and what came of it is looked at between two transactions:
//! what was rolled back is not told.

use super::{advisory, client, listening, prepared};
use crate::ffi::{client_settings, rations, residue, used_sequences};
use std::cell::{Cell, RefCell};
use tenancy_core::carried;
use tenancy_core::guard::Statement;
use tenancy_core::pooling::Lasting;
use tenancy_core::residue::{Kind, Kinds};

const SETTINGS: &str = "tenancy.settings";
const RESIDUE: &str = "tenancy.residue";

thread_local! {
    /// The settings as the gateway knows them; none before a first statement changes any.
    static SETTINGS_TOLD: RefCell<Option<String>> = const { RefCell::new(None) };
    static SETTINGS_CHANGED: Cell<bool> = const { Cell::new(false) };
    static RESIDUE_TOLD: Cell<Kinds> = const { Cell::new(Kinds::NONE) };
    /// Whether a cursor WITH HOLD was declared that may be there still.
    static HELD_CURSORS: Cell<bool> = const { Cell::new(false) };
    static TEMPORARY: Cell<Temporary> = const { Cell::new(Temporary::NONE) };
}

/// Whether there are temporary objects.
#[derive(Clone, Copy)]
struct Temporary {
    /// Since the last transaction that committed.
    there: bool,
    /// When the running one commits, if it makes a difference.
    after: Option<bool>,
    /// They are being discarded, in a way that leaves no trace in the transaction.
    discarded: bool,
}

impl Temporary {
    const NONE: Self = Self { there: false, after: None, discarded: false };
}

/// The session has been cleaned: nothing is there, and the gateway knows. Never raises.
pub fn forget() {
    SETTINGS_TOLD.set(None);
    SETTINGS_CHANGED.set(false);
    RESIDUE_TOLD.set(Kinds::NONE);
    HELD_CURSORS.set(false);
    TEMPORARY.set(Temporary::NONE);
    listening::forget();
}

/// A utility statement is about to run.
pub fn note(statement: &Statement, lasting: Option<Lasting>) {
    if !client::is_served() {
        return;
    }
    match (lasting, statement) {
        (Some(Lasting::HeldCursor), _) => HELD_CURSORS.set(true),
        (Some(Lasting::Listen), Statement::Channel(channel, None)) => {
            listening::note(listening::Change::Listen(channel.clone()));
        }
        (_, Statement::Channel(channel, None)) => {
            listening::note(listening::Change::Unlisten(channel.clone()));
        }
        (_, Statement::UnlistenAll) => listening::note(listening::Change::UnlistenAll),
        (_, Statement::Setting) => settings_change(),
        (_, Statement::Discard) => discards(),
        (_, Statement::DiscardAll) => {
            settings_change();
            discards();
            listening::note(listening::Change::UnlistenAll);
        }
        _ => {}
    }
}

fn discards() {
    used_sequences::doubt();
    TEMPORARY.set(Temporary { discarded: true, ..TEMPORARY.get() });
}

/// SQL is about to change a setting, maybe.
pub fn settings_change() {
    if !client::is_served() || SETTINGS_CHANGED.replace(true) {
        return;
    }
    SETTINGS_TOLD.with_borrow_mut(|told| {
        told.get_or_insert_with(settings);
    });
}

fn settings() -> String {
    let all = client_settings::of_session();
    let own = all.iter().filter(|setting| carried::goes_along(&setting.name));
    carried::encode(own.map(|setting| (&setting.name, &setting.value)))
        .unwrap_or_else(|| carried::TOO_MANY.to_owned())
}

/// The transaction is about to commit: whether it leaves temporary objects, if it has to do with any.
pub fn before_commit() -> Option<bool> {
    let temporary = TEMPORARY.get();
    let after =
        (rations::touched_temp_objects() || temporary.discarded).then(rations::leaves_temp_objects);
    TEMPORARY.set(Temporary { after, ..temporary });
    after
}

/// It has committed. Never raises.
pub fn commit() {
    let temporary = TEMPORARY.get();
    let there = temporary.after.unwrap_or(temporary.there);
    TEMPORARY.set(Temporary { there, ..Temporary::NONE });
    listening::commit();
}

/// It has been rolled back. Never raises.
pub fn abort() {
    TEMPORARY.set(Temporary { there: TEMPORARY.get().there, ..Temporary::NONE });
    listening::abort();
}

/// What the gateway has to be told, between two transactions.
pub fn told_at_rest() -> Vec<(&'static str, String)> {
    let mut told = Vec::new();
    if !client::is_served() {
        return told;
    }
    if SETTINGS_CHANGED.take() {
        let now = Some(settings());
        if SETTINGS_TOLD.with_borrow(|before| *before != now) {
            told.extend(now.clone().map(|text| (SETTINGS, text)));
            SETTINGS_TOLD.set(now);
        }
    }
    let kinds = kinds();
    if RESIDUE_TOLD.replace(kinds) != kinds {
        told.push((RESIDUE, kinds.to_string()));
    }
    told
}

fn kinds() -> Kinds {
    let held = HELD_CURSORS.get() && residue::holds_cursors();
    HELD_CURSORS.set(held);
    Kinds::NONE
        .with(Kind::AdvisoryLocks, advisory::any_of_session())
        .with(Kind::Cursors, held)
        .with(Kind::Listen, listening::any())
        .with(Kind::Prepared, prepared::any())
        .with(Kind::Sequences, used_sequences::any())
        .with(Kind::Temporary, TEMPORARY.get().there)
}
