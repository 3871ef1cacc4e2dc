//! ExecutorCheckPerms: called back for every relation of a statement's range table, behind
//! PostgreSQL's own check: those of views, of functions' queries, of foreign keys' checks, of COPY,
//! and children of a parent. What was found in order is remembered until `forget`.

use super::known::Known;
use super::pg_compat;
use pgrx::pg_sys::{self, List, Oid, RangeTblEntry};
use pgrx::prelude::*;
use std::sync::OnceLock;
use tenancy_core::relations;

/// What a statement is about to do with a relation.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// The relation.
    pub relation: Oid,
    /// The privileges that it takes (ACL_SELECT and so on), 0 for one that another stands for.
    pub privileges: u32,
    /// Whether rows are written, not only read or locked.
    pub writes: bool,
}

type Listener = fn(Use) -> Option<u32>;

static BEFORE: OnceLock<Listener> = OnceLock::new();

thread_local! {
    static KNOWN: Known = const { Known::new() };
}

/// Installs the hook. `before` may refuse; it returns the privileges on the relation that need not
/// be asked for again. For _PG_init.
pub fn install(before: Listener) {
    let _ = BEFORE.set(before);
    pg_compat::check_relations(is_in_order, guarded);
}

/// Forgets what was found in order: of one relation, or of all.
pub fn forget(relation: Option<Oid>) {
    KNOWN.with(|known| match relation {
        Some(relation) => known.forget(relation),
        None => known.forget_all(),
    });
}

/// # Safety
/// Both lists must be those that PostgreSQL hands to the hook.
unsafe fn uses(table: *mut List, infos: *mut List) -> impl Iterator<Item = Use> {
    // SAFETY: a range table is a list of range table entries, or null.
    let entries = unsafe {
        match table.as_ref() {
            Some(list) if list.length > 0 => {
                std::slice::from_raw_parts(list.elements, list.length as usize)
            }
            _ => &[],
        }
    };
    entries.iter().filter_map(move |cell| {
        // SAFETY: see above.
        let entry: &RangeTblEntry = unsafe { &*cell.ptr_value.cast() };
        (entry.relid != Oid::INVALID).then(|| Use {
            relation: entry.relid,
            // SAFETY: the entry and the list belong together.
            privileges: unsafe { pg_compat::required_privileges(entry, infos) },
            writes: entry.rellockmode >= pg_sys::RowExclusiveLock as i32,
        })
    })
}

/// Whether everything in the range table was found in order before. Plain reading: nothing in here
/// can raise.
///
/// # Safety
/// As for `uses`.
unsafe fn is_in_order(table: *mut List, infos: *mut List) -> bool {
    // SAFETY: the caller's promise.
    let mut uses = unsafe { uses(table, infos) };
    KNOWN.with(|known| {
        uses.all(|used| {
            let privileges = known.privileges(used.relation);
            privileges.is_some_and(|p| relations::covers(p, used.privileges, used.writes))
        })
    })
}

#[pg_guard]
unsafe extern "C-unwind" fn guarded(table: *mut List, infos: *mut List) {
    let Some(before) = BEFORE.get() else { return };
    // SAFETY: PostgreSQL's own lists.
    for used in unsafe { uses(table, infos) } {
        if let Some(privileges) = before(used) {
            KNOWN.with(|known| known.remember(used.relation, privileges));
        }
    }
}
