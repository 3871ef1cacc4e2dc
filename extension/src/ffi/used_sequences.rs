//! Whether the session has sequence values of its own, which `currval()` and `lastval()` tell.
//! PostgreSQL keeps them in a table that it makes at the first use of a sequence and that nobody can
//! ask for; but the table's memory has a name, and stands at the head of a list while it is new.

use pgrx::pg_sys::{self, MemoryContext};
use std::cell::Cell;
use std::ffi::CStr;

/// The table of commands/sequence.c.
const TABLE: &CStr = c"Sequence values";

#[derive(Clone, Copy)]
enum Seen {
    /// The table is there until sequences are discarded.
    Table,
    /// It is not, as far back as these two, the newest of the list at that time.
    Nothing(MemoryContext, MemoryContext),
}

thread_local! {
    static SEEN: Cell<Seen> =
        const { Cell::new(Seen::Nothing(std::ptr::null_mut(), std::ptr::null_mut())) };
}

/// Whether there are any. Looks at what is new since the last time alone. Never raises.
pub fn any() -> bool {
    let Seen::Nothing(newest, second) = SEEN.get() else { return true };
    let (first, next) = newest_two();
    // Memory is used again, so the newest may be another one at the same place.
    let unchanged = (first, next) == (newest, second) && !is_table(first) && !is_table(next);
    if unchanged {
        return false;
    }
    let found = find();
    SEEN.set(if found { Seen::Table } else { Seen::Nothing(first, next) });
    found
}

/// They have just been discarded. Never raises.
pub fn discarded() {
    let (first, next) = newest_two();
    SEEN.set(Seen::Nothing(first, next));
}

/// They are about to be discarded, or may be: to be looked for from the start. Never raises.
pub fn doubt() {
    SEEN.set(Seen::Nothing(std::ptr::null_mut(), std::ptr::null_mut()));
}

fn newest_two() -> (MemoryContext, MemoryContext) {
    // SAFETY: the list of a context's children is in order between two calls of PostgreSQL's.
    unsafe {
        let first = (*pg_sys::TopMemoryContext).firstchild;
        let next = first.as_ref().map_or(std::ptr::null_mut(), |child| child.nextchild);
        (first, next)
    }
}

fn find() -> bool {
    let (mut child, _) = newest_two();
    while !is_table(child) {
        // SAFETY: as above.
        match unsafe { child.as_ref() } {
            Some(other) => child = other.nextchild,
            None => return false,
        }
    }
    true
}

fn is_table(context: MemoryContext) -> bool {
    // SAFETY: null, or a context that is there, whose name is null or ends with a NUL.
    unsafe {
        let name = context.as_ref().map_or(std::ptr::null(), |context| context.ident);
        !name.is_null() && CStr::from_ptr(name) == TABLE
    }
}
