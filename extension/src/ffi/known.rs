//! What was found in order and stays so for a while: a small table by OID that the hot path of a
//! hook looks into. Fixed in size; a newer entry takes the place of an older one.

use pgrx::pg_sys::Oid;
use std::cell::Cell;

const SLOTS: usize = 1024;

#[derive(Clone, Copy)]
struct Entry {
    object: u32,
    era: u32,
    privileges: u32,
}

const NONE: Entry = Entry { object: 0, era: 0, privileges: 0 };

/// Objects and the privileges on them that are in order.
pub struct Known {
    /// Entries of another era do not count. Era 0 never is.
    era: Cell<u32>,
    entries: [Cell<Entry>; SLOTS],
}

impl Known {
    /// An empty table.
    pub const fn new() -> Self {
        Self { era: Cell::new(1), entries: [const { Cell::new(NONE) }; SLOTS] }
    }

    #[inline]
    fn slot(&self, object: Oid) -> &Cell<Entry> {
        &self.entries[object.to_u32() as usize % SLOTS]
    }

    /// The privileges that are in order; `None` for an object that is not in the table.
    #[inline]
    pub fn privileges(&self, object: Oid) -> Option<u32> {
        let entry = self.slot(object).get();
        (entry.object == object.to_u32() && entry.era == self.era.get()).then_some(entry.privileges)
    }

    /// Remembers the privileges on an object.
    pub fn remember(&self, object: Oid, privileges: u32) {
        let entry = Entry { object: object.to_u32(), era: self.era.get(), privileges };
        self.slot(object).set(entry);
    }

    /// Forgets one object.
    pub fn forget(&self, object: Oid) {
        if self.privileges(object).is_some() {
            self.slot(object).set(NONE);
        }
    }

    /// Forgets everything.
    pub fn forget_all(&self) {
        match self.era.get().checked_add(1) {
            Some(era) => self.era.set(era),
            None => {
                self.entries.iter().for_each(|e| e.set(NONE));
                self.era.set(1);
            }
        }
    }
}
