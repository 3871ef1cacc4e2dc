//! The types that statements prepared by the protocol keep. PostgreSQL analyses such a statement
//! anew when names have come to mean other tables, but takes the types of its parameters and the
//! columns that it promised from the first time.

use super::pg_compat;
use pgrx::pg_sys::{self, CachedPlanSource, Datum, Oid, SysCacheIdentifier};
use std::cell::{Cell, RefCell};
use std::mem::offset_of;
use std::ptr::null_mut;
use tenancy_core::catalog::FIRST_NORMAL_OID;

/// Far from the OIDs that servers get to.
const FIRST_STAND_IN: u32 = 0xF000_0000;

thread_local! {
    static NAMES: RefCell<Vec<pg_sys::NameData>> = RefCell::default();
    static ANCHOR: Cell<*mut CachedPlanSource> = const { Cell::new(null_mut()) };
}

/// Gives each kept type that lies in a schema of others the type of the same name in the schema
/// `own`. Where there is none it becomes an OID that is nobody's and stands for the name, until the
/// session comes to where there is one.
pub fn adopt(own: Oid, of_others: impl Fn(Oid) -> bool) {
    for_each_statement(|types| {
        for kept in types.into_iter().filter(|kept| kept.to_u32() >= FIRST_NORMAL_OID) {
            let name = match with_type(*kept, |row| (row.typnamespace, row.typname)) {
                Some((schema, name)) if of_others(schema) => Some(name),
                Some(_) => None,
                None => stands_for(*kept),
            };
            if let Some(name) = name {
                *kept = type_of_name(name, own).unwrap_or_else(|| stand_in(name));
            }
        }
    });
}

/// The OID that stands for a name.
fn stand_in(name: pg_sys::NameData) -> Oid {
    NAMES.with_borrow_mut(|names| {
        let at = names.iter().position(|known| known.data == name.data).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        Oid::from(FIRST_STAND_IN.saturating_add(at as u32))
    })
}

fn stands_for(kept: Oid) -> Option<pg_sys::NameData> {
    let at = kept.to_u32().checked_sub(FIRST_STAND_IN)?;
    NAMES.with_borrow(|names| names.get(at as usize).copied())
}

/// Hands over the kept types of each statement that has any: PostgreSQL links what it keeps in a
/// ring, in which a statement of our own is the place to begin.
fn for_each_statement(mut visit: impl FnMut(Vec<&mut Oid>)) {
    let anchor = anchor();
    // SAFETY: all members of the ring are alive, and of one type but for its head, which lies amid
    // the server's static memory and so can be read as one; the mark tells them apart.
    unsafe {
        let start = &raw mut (*anchor).node;
        let mut link = (*start).next;
        while link != start {
            let statement =
                link.byte_sub(offset_of!(CachedPlanSource, node)).cast::<CachedPlanSource>();
            // What functions and foreign keys prepare promises no columns, and is a tenant's own.
            if (*statement).magic == (*anchor).magic && (*statement).fixed_result {
                visit(types(&mut *statement));
            }
            link = (*link).next;
        }
    }
}

/// # Safety
/// A statement that PostgreSQL keeps.
unsafe fn types(statement: &mut CachedPlanSource) -> Vec<&mut Oid> {
    let mut types = Vec::new();
    // SAFETY: the array has that many elements, and the descriptor its own number of columns.
    unsafe {
        let count = usize::try_from(statement.num_params).unwrap_or(0);
        if count > 0 {
            types.extend(std::slice::from_raw_parts_mut(statement.param_types, count));
        }
        if !statement.resultDesc.is_null() {
            let first = pg_compat::columns(statement.resultDesc);
            let count = usize::try_from((*statement.resultDesc).natts).unwrap_or(0);
            types.extend((0..count).map(|at| &mut (*first.add(at)).atttypid));
        }
    }
    types
}

/// An empty statement, kept for the life of the backend.
fn anchor() -> *mut CachedPlanSource {
    if ANCHOR.get().is_null() {
        // SAFETY: what PostgreSQL does for an empty statement.
        unsafe {
            let tag = pg_sys::CommandTag::CMDTAG_UNKNOWN;
            let made = pg_sys::CreateCachedPlan(null_mut(), c"".as_ptr(), tag);
            let (queries, memory, types, setup) = (null_mut(), null_mut(), null_mut(), null_mut());
            pg_sys::CompleteCachedPlan(made, queries, memory, types, 0, None, setup, 0, false);
            pg_sys::SaveCachedPlan(made);
            ANCHOR.set(made);
        }
    }
    ANCHOR.get()
}

/// The type of a name in a schema.
fn type_of_name(mut name: pg_sys::NameData, schema: Oid) -> Option<Oid> {
    // SAFETY: looks into the catalog cache; the name lives through the call.
    let found = unsafe {
        let cache = SysCacheIdentifier::TYPENAMENSP as i32;
        let (key, none) = (Datum::from(&raw mut name), Datum::from(0));
        pg_sys::GetSysCacheOid(cache, 1, key, Datum::from(schema), none, none)
    };
    (found != Oid::INVALID).then_some(found)
}

fn with_type<T>(of: Oid, look: impl FnOnce(&pg_sys::FormData_pg_type) -> T) -> Option<T> {
    // SAFETY: the tuple is released after its last use.
    unsafe {
        let cache = SysCacheIdentifier::TYPEOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, Datum::from(of));
        if tuple.is_null() {
            return None;
        }
        let seen = look(&*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_type>());
        pg_sys::ReleaseSysCache(tuple);
        Some(seen)
    }
}
