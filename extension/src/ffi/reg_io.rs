//! The output and input functions of regclass and its like, by whatever road they are called: from
//! queries, PL/pgSQL's casts, defaults, constraints, error texts, definitions, statistics,
//! parameters. Neither the planner nor a hook sees most of these roads, but all of them go through
//! PostgreSQL's table of built-in functions, where ours take the originals' places. (Compiled
//! expressions would not, so `planner_hook` leaves them interpreted.) What a tenant does not see is
//! written as its number and read as if it did not exist, as PostgreSQL does for what does not. The input of aclitem, which looks roles up, is refused.

use super::backend::is_parallel_worker;
use super::executor_hook::is_engaged;
use super::{checked_calls, report, roles};
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::pg_sys::{self, Datum, FunctionCallInfo, Oid};
use pgrx::prelude::*;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::OnceLock;
use tenancy_core::builtin::Absent;
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
const INPUTS: [(&CStr, u32); 11] = [
    (c"regprocin", class::PROC),
    (c"regprocedurein", class::PROC),
    (c"regoperin", class::OPERATOR),
    (c"regoperatorin", class::OPERATOR),
    (c"regclassin", class::CLASS),
    (c"regtypein", class::TYPE),
    (c"regrolein", class::AUTHID),
    (c"regnamespacein", class::NAMESPACE),
    (c"regconfigin", class::TS_CONFIG),
    (c"regdictionaryin", class::TS_DICT),
    (c"regcollationin", class::COLLATION),
];

/// Reads names of roles among other things; nobody needs it in a tenant.
const REFUSED: [(&CStr, u32); 1] = [(c"aclitemin", class::AUTHID)];

struct Original {
    oid: Oid,
    class: u32,
    function: Function,
}

type Hide = fn(&str) -> Option<Absent>;

static ORIGINALS: OnceLock<Vec<Original>> = OnceLock::new();
static INSIDE: OnceLock<fn() -> bool> = OnceLock::new();
static HIDE: OnceLock<Hide> = OnceLock::new();

/// Sets what replaces schemas in a text that the tenant does not see; `None` when there are none of
/// these. For _PG_init.
pub fn hide_schemas(hide: Hide) {
    let _ = HIDE.set(hide);
}

/// Puts our functions into the table. `inside` says whether they apply now; it is asked in sessions
/// with a context and in parallel workers. For _PG_init, in the postmaster: every backend inherits
/// the table.
pub fn install(inside: fn() -> bool) {
    let _ = INSIDE.set(inside);
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
            let ours = [
                find(&OUTPUTS).map(|class| (class, output as Function)),
                find(&INPUTS).map(|class| (class, input as Function)),
                find(&REFUSED).map(|class| (class, refused as Function)),
            ];
            let Some((class, ours)) = ours.into_iter().flatten().next() else { continue };
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

/// Whether ours may have anything to say: cheap, and asked first.
fn is_watched() -> bool {
    is_engaged() || is_parallel_worker() && !mutant::disabled("function.workers")
}

fn applies() -> bool {
    !roles::in_own_work() && INSIDE.get().is_some_and(|inside| inside())
}

/// Whether a value names an object that the tenant does not see.
#[pg_guard]
unsafe extern "C-unwind" fn is_hidden(class: u32, object: Oid) -> bool {
    object.to_u32() >= FIRST_NORMAL_OID && applies() && !checked_calls::sees(class, object)
}

/// The text with schemas that are not there in place of those that the tenant does not see.
fn with_absent_schemas(text: Datum) -> Option<Absent> {
    // SAFETY: a string that ends with NUL.
    let text = unsafe { CStr::from_ptr(text.cast_mut_ptr()) }.to_string_lossy();
    let may_name_one = text.contains('.') && applies();
    HIDE.get().filter(|_| may_name_one).and_then(|hide| hide(&text))
}

/// Whether a text names something in a schema that the tenant does not see.
#[pg_guard]
unsafe extern "C-unwind" fn names_hidden_schema(text: Datum) -> bool {
    with_absent_schemas(text).is_some()
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
        if is_watched() && !mutant::disabled("function.output") && is_hidden(original.class, object)
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
        if !is_watched() || mutant::disabled("function.input") {
            return (original.function)(call);
        }
        let text = argument(call);
        if names_hidden_schema(text) && !mutant::disabled("function.input_schema") {
            return read_as_absent(call);
        }
        let result = (original.function)(call);
        if [class::AUTHID, class::NAMESPACE].contains(&original.class) {
            refuse_hidden(original.class, Oid::from(result.value() as u32), text);
        }
        result
    }
}

// A plain frame: an error of the original may jump over it.
unsafe extern "C-unwind" fn refused(call: FunctionCallInfo) -> Datum {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        if is_watched() && !mutant::disabled("function.aclitem") {
            refuse_inside();
        }
        called(call).map_or(Datum::from(0), |original| (original.function)(call))
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn refuse_inside() {
    if applies() {
        report::raise(builtin::refusal("aclitemin"));
    }
}

/// The original's answer, most often an error, to the text with absent schemas in it, told as of
/// the text that was sent. PostgreSQL would deny a schema that exists where it does not miss one.
#[pg_guard]
unsafe extern "C-unwind" fn read_as_absent(call: FunctionCallInfo) -> Datum {
    // SAFETY: the call has its original and one argument, a string that ends with NUL.
    unsafe {
        let found = called(call).zip(with_absent_schemas(argument(call)));
        let Some((original, absent)) = found else { return Datum::from(0) };
        let text = CString::new(absent.text.as_str()).unwrap_or_default();
        (*(*call).args.as_mut_ptr()).value = Datum::from(pg_sys::pstrdup(text.as_ptr()));
        report::renaming(
            || pg_guard_ffi_boundary(|| (original.function)(call)),
            |message| absent.restore(message),
        )
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
