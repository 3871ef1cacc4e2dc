//! What `tenancy_core::builtin` says of a function, by OID, remembered until any function changes.

use pgrx::pg_sys::{self, Datum, Oid, SysCacheIdentifier as Cache};
use pgrx::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::{CStr, c_int};
use std::hash::{BuildHasherDefault, Hasher};
use tenancy_core::builtin::{self, Check, Verdict};
use tenancy_core::catalog::FIRST_NORMAL_OID;

/// The schema of the twins.
const TWINS: &CStr = c"tenancy_checked";
/// Beyond it everything is looked up again: a backend that calls this many functions is rare.
const MAX_ENTRIES: usize = 4096;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It runs.
    Free,
    /// It never runs.
    Refused,
    /// It runs in FROM, where its rows are filtered.
    Filtered,
    /// It runs where PostgreSQL itself calls it, and in no query.
    Internal,
    /// Its twin runs in its place.
    Replaced {
        /// The twin, invalid when the extension does not have it.
        twin: Oid,
        /// What the twin looks at.
        check: Check,
        /// Whether it may run where no twin can stand in for it.
        guarded: bool,
    },
}

thread_local! {
    static RULINGS: RefCell<HashMap<u32, Ruling, BuildHasherDefault<Spread>>> = RefCell::default();
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

/// Spreads OIDs, which the server gives out and nobody chooses: the standard hash, safe against
/// chosen keys, would cost more than the rest of a look-up.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u32(u32::from(*byte)));
    }

    fn write_u32(&mut self, oid: u32) {
        self.0 = (self.0 ^ u64::from(oid)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// A function as the catalog knows it.
pub(super) struct Function {
    /// Its name.
    pub name: String,
    /// Its schema.
    pub schema: Oid,
    /// The types of its arguments, declared.
    pub arguments: Vec<u32>,
}

/// The ruling on a function.
pub fn ruling(function: Oid) -> Ruling {
    if let Some(known) = RULINGS.with_borrow(|all| all.get(&function.to_u32()).copied()) {
        return known;
    }
    listen();
    let ruling = judge(function);
    RULINGS.with_borrow_mut(|all| {
        if all.len() >= MAX_ENTRIES {
            all.clear();
        }
        all.insert(function.to_u32(), ruling);
    });
    ruling
}

fn judge(function: Oid) -> Ruling {
    if function.to_u32() >= FIRST_NORMAL_OID {
        return judge_by_extension(function);
    }
    let Some(known) = describe(function) else { return Ruling::Free };
    if known.schema.to_u32() != pg_sys::PG_CATALOG_NAMESPACE {
        return Ruling::Free;
    }
    let replaced = |check, guarded| {
        let twin = find(TWINS, &known.name, &known.arguments);
        Ruling::Replaced { twin, check, guarded }
    };
    match builtin::verdict(&known.name, &known.arguments) {
        Verdict::Allowed => Ruling::Free,
        Verdict::Refused => Ruling::Refused,
        Verdict::Filtered => Ruling::Filtered,
        Verdict::Internal => Ruling::Internal,
        Verdict::Checked(check) => replaced(check, false),
        Verdict::Guarded(check) => replaced(check, true),
    }
}

fn judge_by_extension(function: Oid) -> Ruling {
    // SAFETY: reads the catalog; the name is a palloc'd string or null.
    let refused = unsafe {
        let extension = pg_sys::getExtensionOfObject(pg_sys::ProcedureRelationId, function);
        let name = pg_sys::get_extension_name(extension);
        !name.is_null() && builtin::is_refused_extension(&CStr::from_ptr(name).to_string_lossy())
    };
    if refused { Ruling::Refused } else { Ruling::Free }
}

/// Name, schema and arguments of a function.
pub(super) fn describe(function: Oid) -> Option<Function> {
    // SAFETY: the tuple is released after everything was copied out of it; its fixed part ends
    // with the argument types, an array without header surprises.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(Cache::PROCOID as c_int, Datum::from(function));
        if tuple.is_null() {
            return None;
        }
        let row: *const pg_sys::FormData_pg_proc = pg_sys::GETSTRUCT(tuple).cast();
        let types = &raw const (*row).proargtypes;
        let count = usize::try_from((*types).dim1).unwrap_or(0);
        let arguments = (*types).values.as_slice(count).iter().map(|of| of.to_u32()).collect();
        let name = CStr::from_ptr((*row).proname.data.as_ptr()).to_string_lossy().into_owned();
        let found = Function { name, schema: (*row).pronamespace, arguments };
        pg_sys::ReleaseSysCache(tuple);
        Some(found)
    }
}

/// A function by schema, name and exact argument types; invalid when there is none.
pub(super) fn find(schema: &CStr, name: &str, arguments: &[u32]) -> Oid {
    let Ok(name) = std::ffi::CString::new(name) else { return Oid::INVALID };
    let arguments: Vec<Oid> = arguments.iter().map(|of| Oid::from(*of)).collect();
    // SAFETY: looks into the catalog cache by the index on name, argument types and schema; all
    // three live through the call.
    unsafe {
        let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
        let types = pg_sys::buildoidvector(arguments.as_ptr(), arguments.len() as c_int);
        pg_sys::GetSysCacheOid(
            Cache::PROCNAMEARGSNSP as c_int,
            pg_sys::Anum_pg_proc_oid as _,
            Datum::from(name.as_ptr()),
            Datum::from(types),
            Datum::from(schema),
            Datum::from(0),
        )
    }
}

/// A function in the schema of the twins that is no twin; invalid when the extension lacks it.
pub(super) fn own(name: &str, arguments: &[u32]) -> Oid {
    find(TWINS, name, arguments)
}

fn listen() {
    if !LISTENING.replace(true) {
        // SAFETY: the callback lives as long as the library; once in a backend's life.
        unsafe {
            let cache = Cache::PROCOID as c_int;
            pg_sys::CacheRegisterSyscacheCallback(cache, Some(changed), Datum::from(0));
        }
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn changed(_argument: Datum, _cache: c_int, _hash: u32) {
    RULINGS.with_borrow_mut(HashMap::clear);
}
