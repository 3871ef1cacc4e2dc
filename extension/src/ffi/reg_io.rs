//! The output functions of regclass and its like, and the input functions of regnamespace and
//! regrole, by whatever road they are called: from PL/pgSQL's casts, defaults, constraints, error
//! texts, definitions, statistics, parameters. Neither the planner nor a hook sees these roads, but
//! all of them go through PostgreSQL's table of built-in functions, where ours take the originals'
//! places. (Compiled expressions would not, so `planner_hook` leaves them interpreted.) What a
//! tenant does not see is written as its number and read as if it did not exist, as PostgreSQL does
//! for what does not.

use super::executor_hook::is_engaged;
use super::{checked_calls, report, roles};
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, Oid};
use pgrx::prelude::*;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;
use tenancy_core::catalog::{FIRST_NORMAL_OID, class};
use tenancy_core::{Error, SqlState, builtin, mutant};

type Function = unsafe extern "C-unwind" fn(FunctionCallInfo) -> Datum;

/// FmgrBuiltin in utils/fmgrtab.h.
#[repr(C)]
struct Builtin {
    oid: Oid,
    arguments: i16,
    strict: bool,
    set: bool,
    name: *const c_char,
    function: Function,
}

unsafe extern "C-unwind" {
    static mut fmgr_builtins: [Builtin; 0];
    static fmgr_nbuiltins: c_int;
}

unsafe extern "C" {
    fn mprotect(address: *mut c_void, length: usize, protection: c_int) -> c_int;
    fn getpagesize() -> c_int;
}

const READ: c_int = 1;
const WRITE: c_int = 2;

/// The functions, and the catalog whose objects their values name.
const OUTPUTS: [(&CStr, u32); 11] = [
    (c"regprocout", class::PROC),
    (c"regprocedureout", class::PROC),
    (c"regoperout", class::OPERATOR),
    (c"regoperatorout", class::OPERATOR),
    (c"regclassout", class::CLASS),
    (c"regtypeout", class::TYPE),
    (c"regroleout", class::AUTHID),
    (c"regnamespaceout", class::NAMESPACE),
    (c"regconfigout", class::TS_CONFIG),
    (c"regdictionaryout", class::TS_DICT),
    (c"regcollationout", class::COLLATION),
];
const INPUTS: [(&CStr, u32); 2] =
    [(c"regrolein", class::AUTHID), (c"regnamespacein", class::NAMESPACE)];

struct Original {
    oid: Oid,
    class: u32,
    function: Function,
}

static ORIGINALS: OnceLock<Vec<Original>> = OnceLock::new();

/// Puts our functions into the table. For _PG_init, in the postmaster: every backend inherits it.
pub fn install() {
    // SAFETY: the table is complete when the server starts, and nothing reads it meanwhile.
    unsafe {
        let count = usize::try_from(fmgr_nbuiltins).unwrap_or(0);
        let table = (&raw mut fmgr_builtins).cast::<Builtin>();
        protect(table.cast(), count * size_of::<Builtin>(), READ | WRITE);
        let table_entries = std::slice::from_raw_parts_mut(table, count);
        let mut originals = Vec::new();
        for entry in table_entries {
            let name = CStr::from_ptr(entry.name);
            let find = |all: &[(&CStr, u32)]| all.iter().find(|(n, _)| *n == name).map(|f| f.1);
            let (class, ours): (u32, Function) = match (find(&OUTPUTS), find(&INPUTS)) {
                (Some(class), _) => (class, output),
                (_, Some(class)) => (class, input),
                _ => continue,
            };
            originals.push(Original { oid: entry.oid, class, function: entry.function });
            entry.function = ours;
        }
        protect(table.cast(), count * size_of::<Builtin>(), READ);
        let _ = ORIGINALS.set(originals);
    }
}

/// # Safety
/// The pages must hold nothing but what is only read after the start.
unsafe fn protect(address: *mut c_void, length: usize, protection: c_int) {
    // SAFETY: the caller's promise.
    let failed = unsafe {
        let page = usize::try_from(getpagesize()).unwrap_or(4096);
        let before = address as usize % page;
        mprotect(address.byte_sub(before), length + before, protection) != 0
    };
    if failed {
        report::raise(
            Error::new(SqlState::InternalError, "the table of built-in functions is out of reach")
                .hint("This platform does not let tenancy guard names of objects; report it."),
        );
    }
}

fn original(function: Oid) -> Option<&'static Original> {
    ORIGINALS.get()?.iter().find(|original| original.oid == function)
}

/// Whether a value names an object that the tenant does not see.
#[pg_guard]
unsafe extern "C-unwind" fn is_hidden(class: u32, object: Oid) -> bool {
    object.to_u32() >= FIRST_NORMAL_OID
        && !roles::in_own_work()
        && !checked_calls::sees(class, object)
}

/// The function that was called, by the number it was looked up with.
unsafe fn called(call: FunctionCallInfo) -> Option<&'static Original> {
    // SAFETY: a call by way of the table has its function's description.
    unsafe { (*call).flinfo.as_ref().and_then(|info| original(info.fn_oid)) }
}

unsafe fn argument(call: FunctionCallInfo) -> Datum {
    // SAFETY: each of the functions has one argument and is strict.
    unsafe { (*(*call).args.as_ptr()).value }
}

// A plain frame: an error of the original may jump over it.
unsafe extern "C-unwind" fn output(call: FunctionCallInfo) -> Datum {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        let object = Oid::from(argument(call).value() as u32);
        let Some(original) = called(call) else { return number(object) };
        if is_engaged() && !mutant::disabled("function.output") && is_hidden(original.class, object)
        {
            return number(object);
        }
        (original.function)(call)
    }
}

// A plain frame: an error of the original may jump over it.
unsafe extern "C-unwind" fn input(call: FunctionCallInfo) -> Datum {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        let Some(original) = called(call) else { return Datum::from(0) };
        let text = argument(call);
        let result = (original.function)(call);
        if is_engaged() && !mutant::disabled("function.input") {
            refuse_hidden(original.class, Oid::from(result.value() as u32), text);
        }
        result
    }
}

/// A number is taken as it is, whether it is anything's or not.
#[pg_guard]
unsafe extern "C-unwind" fn refuse_hidden(class: u32, object: Oid, text: Datum) {
    // SAFETY: a string that ends with NUL, and PostgreSQL could read it.
    let text = unsafe { CStr::from_ptr(text.cast_mut_ptr()) }.to_string_lossy();
    let by_number = text.bytes().all(|letter| letter.is_ascii_digit());
    // SAFETY: inside a transaction, as the original was.
    if !by_number && unsafe { is_hidden(class, object) } {
        report::raise(builtin::no_such(class, text.trim().trim_matches('"')));
    }
}

/// What PostgreSQL writes for an object that does not exist.
#[pg_guard]
unsafe extern "C-unwind" fn number(object: Oid) -> Datum {
    let text = CString::new(object.to_u32().to_string()).unwrap_or_default();
    // SAFETY: copies the string.
    Datum::from(unsafe { pg_sys::pstrdup(text.as_ptr()) })
}
