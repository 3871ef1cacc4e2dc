//! The C function behind the twins of PostgreSQL's own functions: one symbol for all of them. It
//! finds out once per call site which function it stands in for, asks what to answer, and calls the
//! original by its OID when that is the answer.

use super::{functions, loans, pg_compat, reg_types, roles, rulings};
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::pg_sys::{self, Datum, FmgrInfo, FunctionCallInfo, NullableDatum, Oid};
use pgrx::prelude::*;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::sync::OnceLock;
use tenancy_core::builtin::{self, Check};

/// No function with a twin has more arguments.
const MAX_ARGUMENTS: usize = 16;

/// What a twin answers.
pub enum Answer {
    /// What the original answers to the arguments as they are now.
    Original,
    /// NULL, and no more rows.
    Null,
    /// This value.
    Value(Datum),
    /// The rows that the original has collected.
    Rows,
}

/// What stays the same for a call site, in the memory of the call site.
struct Site {
    original: FmgrInfo,
    name: &'static str,
    check: Check,
    types: [u32; MAX_ARGUMENTS],
    /// Whether the caller may execute the original as the twin's only.
    lent: bool,
}

/// A call of the original: PostgreSQL's structure with room for its arguments.
#[repr(C)]
struct Frame {
    base: pg_sys::FunctionCallInfoBaseData,
    arguments: [NullableDatum; MAX_ARGUMENTS],
}

/// A call of a twin, valid for its time.
pub struct Call {
    site: *mut Site,
    frame: *mut Frame,
    outer: FunctionCallInfo,
}

/// A value of type text.
pub fn text_of(value: Datum) -> Option<String> {
    // SAFETY: the callers ask for what a function that returns text has just returned.
    unsafe { String::from_datum(value, false) }
}

type Handler = fn(&mut Call) -> Answer;

static HANDLER: OnceLock<Handler> = OnceLock::new();

/// Sets what decides on the answers. For _PG_init.
pub fn handle(handler: Handler) {
    let _ = HANDLER.set(handler);
}

impl Call {
    /// The function's name.
    pub fn name(&self) -> &'static str {
        // SAFETY: the site lives as long as the call site.
        unsafe { (*self.site).name }
    }

    /// What the twin has to look at.
    pub fn check(&self) -> Check {
        // SAFETY: as above.
        unsafe { (*self.site).check }
    }

    /// Refuses a caller who may not execute the original by itself: outside of tenants, a twin
    /// is the original and hides nothing.
    pub fn require_own_right(&self) {
        // SAFETY: as above.
        if unsafe { (*self.site).lent } {
            refuse(self.name());
        }
    }

    /// How many arguments there are.
    pub fn count(&self) -> usize {
        // SAFETY: the frame lives through the call.
        unsafe { usize::try_from((*self.frame).base.nargs).unwrap_or(0) }
    }

    /// The declared type of an argument.
    pub fn type_of(&self, at: usize) -> u32 {
        // SAFETY: as above; an index out of range panics.
        unsafe { (*self.site).types[at] }
    }

    /// Whether an argument is declared as an OID, or as a type that names an object by one.
    pub fn is_number(&self, at: usize) -> bool {
        let of = self.type_of(at);
        of == u32::from(pg_sys::OIDOID) || reg_types::class_of(of).is_some()
    }

    /// An argument.
    pub fn get<T: FromDatum>(&self, at: usize) -> Option<T> {
        // SAFETY: the callers ask for the declared type, or one of the same representation.
        unsafe {
            let argument = &(*self.frame).arguments[at];
            T::from_datum(argument.value, argument.isnull)
        }
    }

    /// A text or a name.
    pub fn text(&self, at: usize) -> Option<String> {
        if self.type_of(at) != u32::from(pg_sys::NAMEOID) {
            return self.get::<String>(at);
        }
        let name = self.get::<Datum>(at)?;
        // SAFETY: a name is a pointer to a string that ends with a NUL.
        Some(unsafe { CStr::from_ptr(name.cast_mut_ptr()) }.to_string_lossy().into_owned())
    }

    /// Replaces an argument for the original.
    pub fn set(&mut self, at: usize, value: Datum) {
        // SAFETY: the frame is ours.
        unsafe { (&mut (*self.frame).arguments)[at].value = value };
    }

    /// Calls the original here and now. Only for functions that run no code of the user's, because
    /// its errors lose the fields of ours.
    pub fn run(&mut self) -> Option<Datum> {
        // SAFETY: a raw function pointer on a complete frame.
        unsafe {
            let call = &raw mut (*self.frame).base;
            let value = pg_guard_ffi_boundary(|| call_original(call));
            (!(*call).isnull).then_some(value)
        }
    }

    /// The same; `None` when a schema is not accessible, or said to be absent.
    pub fn run_unless_denied(&mut self) -> Option<Option<Datum>> {
        let denied = PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE;
        let call = std::panic::AssertUnwindSafe(&mut *self);
        PgTryBuilder::new(move || {
            let call = call;
            Some(call.0.run())
        })
        .catch_when(denied, |_| None)
        .catch_when(PgSqlErrorCode::ERRCODE_INVALID_SCHEMA_NAME, |_| None)
        .execute()
    }

    /// Whether the original returns a set.
    fn returns_set(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.site).original.fn_retset }
    }

    /// What the caller of a function that returns a set reads.
    pub(super) fn result_info(&self) -> *mut pg_sys::ReturnSetInfo {
        // SAFETY: as above; null or a node that the original has just written to.
        unsafe { (*self.outer).resultinfo.cast() }
    }

    fn end_of_set(&self) {
        let info = self.result_info();
        if self.returns_set() && !info.is_null() {
            // SAFETY: a set is called for with this structure only.
            unsafe { (*info).isDone = pg_sys::ExprDoneCond::ExprEndResult };
        }
    }
}

/// # Safety
/// The frame must be complete.
unsafe fn call_original(call: FunctionCallInfo) -> Datum {
    // SAFETY: the caller's promise; the function manager has filled in the address.
    unsafe {
        (*call).isnull = false;
        match (*(*call).flinfo).fn_addr {
            Some(original) => original(call),
            None => Datum::from(0),
        }
    }
}

/// Says to PostgreSQL that `checked_builtin` has the calling convention of version 1.
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_checked_builtin() -> &'static pg_sys::Pg_finfo_record {
    const RECORD: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &RECORD
}

/// Every twin in schema `tenancy_checked`.
///
/// # Safety
/// Called by PostgreSQL's function manager only.
// A plain frame: an error may jump over it.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn checked_builtin(outer: FunctionCallInfo) -> Datum {
    let mut frame = MaybeUninit::<Frame>::uninit();
    let mut answer = Datum::from(0);
    // SAFETY: `prepare` writes the frame before it asks for the original to be called.
    unsafe {
        if !prepare(outer, frame.as_mut_ptr(), &raw mut answer) {
            return answer;
        }
        let inner = &raw mut (*frame.as_mut_ptr()).base;
        let result = call_original(inner);
        (*outer).isnull = (*inner).isnull;
        result
    }
}

/// Decides on the answer; true when it is the original's, with the frame made.
#[pg_guard]
unsafe extern "C-unwind" fn prepare(
    outer: FunctionCallInfo,
    frame: *mut Frame,
    answer: *mut Datum,
) -> bool {
    // SAFETY: the function manager hands over a valid call; frame and answer are the caller's.
    unsafe {
        if usize::try_from((*outer).nargs).is_ok_and(|count| count > MAX_ARGUMENTS) {
            ereport!(ERROR, PgSqlErrorCode::ERRCODE_TOO_MANY_ARGUMENTS, "too many arguments");
        }
        let site = site((*outer).flinfo);
        copy_call(outer, site, frame);
        let mut call = Call { site, frame, outer };
        match HANDLER.get().map_or(Answer::Null, |handler| handler(&mut call)) {
            Answer::Original => return true,
            Answer::Value(value) => *answer = value,
            Answer::Rows => {}
            Answer::Null => {
                (*outer).isnull = true;
                call.end_of_set();
            }
        }
        false
    }
}

unsafe fn copy_call(outer: FunctionCallInfo, site: *mut Site, frame: *mut Frame) {
    // SAFETY: the arguments stand behind the structure, as many as it says; `site` has checked
    // that they fit.
    unsafe {
        let base = &raw mut (*frame).base;
        (*base).flinfo = &raw mut (*site).original;
        (*base).context = (*outer).context;
        (*base).resultinfo = (*outer).resultinfo;
        (*base).fncollation = (*outer).fncollation;
        (*base).isnull = false;
        (*base).nargs = (*outer).nargs;
        let count = usize::try_from((*outer).nargs).unwrap_or(0);
        let arguments = (&raw const (*outer).args).cast::<NullableDatum>();
        let copies = (&raw mut (*frame).arguments).cast::<NullableDatum>();
        std::ptr::copy_nonoverlapping(arguments, copies, count);
    }
}

/// What is known of the call site; found out at its first call.
unsafe fn site(info: *mut FmgrInfo) -> *mut Site {
    // SAFETY: `fn_extra` is the function's own and lives in `fn_mcxt`, as the site does.
    unsafe {
        if (*info).fn_extra.is_null() {
            let original = original_of(&(*info).fn_oid);
            let new = survey((*info).fn_oid, !may_execute(original));
            let site = pg_sys::MemoryContextAlloc((*info).fn_mcxt, size_of::<Site>()).cast();
            std::ptr::write(site, new);
            pg_sys::fmgr_info_cxt(original, &mut (*site).original, (*info).fn_mcxt);
            (*site).original.fn_expr = (*info).fn_expr;
            (*info).fn_extra = site.cast();
        }
        (*info).fn_extra.cast()
    }
}

fn survey(twin: Oid, lent: bool) -> Site {
    let known = rulings::describe(twin);
    let found = known.as_ref().and_then(|known| builtin::check_of(&known.name).zip(Some(known)));
    let Some(((name, check), known)) = found.filter(|(_, k)| k.arguments.len() <= MAX_ARGUMENTS)
    else {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
            "this function has no original"
        );
    };
    let mut types = [0; MAX_ARGUMENTS];
    types[..known.arguments.len()].copy_from_slice(&known.arguments);
    Site { original: FmgrInfo::default(), name, check, types, lent }
}

/// The original, which the caller must be allowed to execute, or to have lent.
fn original_of(twin: &Oid) -> Oid {
    let original = rulings::describe(*twin)
        .map_or(Oid::INVALID, |known| rulings::find(c"pg_catalog", &known.name, &known.arguments));
    if original == Oid::INVALID {
        ereport!(
            ERROR,
            PgSqlErrorCode::ERRCODE_UNDEFINED_FUNCTION,
            "this function has no original"
        );
    }
    if !may_execute(original) && !loans::is_lent(original) {
        refuse(&functions::name(original).unwrap_or_default());
    }
    original
}

fn may_execute(original: Oid) -> bool {
    pg_compat::may_execute(original, roles::effective_role())
}

/// PostgreSQL's own words.
fn refuse(name: &str) -> ! {
    ereport!(
        ERROR,
        PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE,
        format!("permission denied for function {name}")
    );
}
