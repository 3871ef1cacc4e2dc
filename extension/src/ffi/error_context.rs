//! Errors as they are raised: called back for those of two SQLSTATEs, with leave to say something
//! else in their place. PostgreSQL walks the stack of error contexts for each error, before anybody
//! can catch it; ours lies at the bottom of that stack.
//!
//! PostgreSQL empties the stack after every error that reached the top, and puts an older one back
//! at the end of a portal. So what is emptied then, too, brings ours back: the memory contexts of
//! messages, of errors and of portals, each of which tells once before it is emptied.

use super::backend;
use pgrx::pg_sys::{self, ErrorContextCallback, MemoryContext, MemoryContextCallback};
use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;

const CANCELED: c_int = sqlstate(b"57014");
const FORBIDDEN: c_int = sqlstate(b"42501");

/// As MAKE_SQLSTATE of elog.h packs the five characters.
const fn sqlstate(code: &[u8; 5]) -> c_int {
    let (mut packed, mut at) = (0, 0);
    while at < code.len() {
        packed |= ((code[at] as c_int - b'0' as c_int) & 0x3f) << (6 * at);
        at += 1;
    }
    packed
}

/// What is said in place of an error.
pub enum Replacement {
    /// 3F000, `schema "..." does not exist`.
    MissingSchema,
    /// 42P01, `relation "..." does not exist`, of that schema.
    MissingRelation(Vec<u8>),
}

/// A statement's text and an offset into it.
pub type Place<'a> = Option<(&'a [u8], usize)>;

/// Whom to tell. Neither may raise or look into a catalog.
pub struct Listener {
    /// A statement has been cancelled, by its timeout or by a request.
    pub canceled: fn(),
    /// Permission for the named schema was denied, where the parser was at this place.
    pub schema_denied: fn(&[u8], Place<'_>) -> Option<Replacement>,
}

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// The frame at the bottom of the stack. PostgreSQL reads it, and links of others point to it.
static mut BOTTOM: ErrorContextCallback = ErrorContextCallback {
    previous: std::ptr::null_mut(),
    callback: Some(on_error),
    arg: std::ptr::null_mut(),
};

thread_local! {
    /// The last message with a text of its own that an error or a notice was raised in.
    static TEXT_OF: Cell<i64> = const { Cell::new(i64::MIN) };
    static PARSER: Cell<usize> = const { Cell::new(0) };
    static HEARD: [Cell<bool>; 2] = const { [const { Cell::new(false) }; 2] };
    static WORKING: Cell<bool> = const { Cell::new(false) };
}

static mut MESSAGES_END: MemoryContextCallback = one_shot(messages_end);
static mut ERRORS_END: MemoryContextCallback = one_shot(errors_end);

type OnReset = unsafe extern "C-unwind" fn(*mut c_void);

const fn one_shot(func: OnReset) -> MemoryContextCallback {
    MemoryContextCallback {
        func: Some(func),
        arg: std::ptr::null_mut(),
        next: std::ptr::null_mut(),
    }
}

unsafe extern "C-unwind" {
    // Past pgrx's guards: these run while an error is being raised.
    #[link_name = "geterrcode"]
    fn error_code() -> c_int;
    #[link_name = "errcode"]
    fn set_error_code(code: c_int) -> c_int;
    #[link_name = "errmsg"]
    fn set_message(format: *const c_char, ...) -> c_int;
    #[link_name = "CopyErrorData"]
    fn copy_error() -> *mut pg_sys::ErrorData;
    #[link_name = "MemoryContextRegisterResetCallback"]
    fn register(context: MemoryContext, callback: *mut MemoryContextCallback);
    fn dgettext(domain: *const c_char, message: *const c_char) -> *const c_char;
}

/// Sets whom to tell. For _PG_init.
pub fn install(listener: Listener) {
    let _ = LISTENER.set(listener);
}

/// From now on, and for the life of the backend, errors are heard. The listener decides whether it
/// cares.
pub fn listen() {
    learn_parser();
    attach();
    hear_messages();
    hear_errors();
    // The portal that runs now puts back the stack from before it when it ends, and goes then.
    // SAFETY: null or the running portal's context; the callback's memory goes with it.
    unsafe {
        let portal = pg_sys::PortalContext;
        if !portal.is_null() {
            let size = size_of::<MemoryContextCallback>();
            let callback = pg_sys::MemoryContextAlloc(portal, size).cast::<MemoryContextCallback>();
            *callback = one_shot(portal_ends);
            register(portal, callback);
        }
    }
}

/// The parser's own frame tells where it is; its function has no name outside its file.
fn learn_parser() {
    if PARSER.get() != 0 {
        return;
    }
    // SAFETY: pushes a frame that lives in this function, and pops it.
    unsafe {
        let mut state = pg_sys::ParseCallbackState::default();
        pg_sys::setup_parser_errposition_callback(&mut state, std::ptr::null_mut(), 0);
        PARSER.set(state.errcallback.callback.map_or(0, |function| function as usize));
        pg_sys::cancel_parser_errposition_callback(&mut state);
    }
}

/// Puts our frame at the bottom of the stack, unless it is there.
fn attach() {
    let ours = &raw mut BOTTOM;
    // SAFETY: every frame of the stack is alive, and each ends with null.
    unsafe {
        let mut link = &raw mut pg_sys::error_context_stack;
        while !(*link).is_null() && *link != ours {
            link = &raw mut (**link).previous;
        }
        *link = ours;
    }
}

fn hear_messages() {
    if !HEARD.with(|heard| heard[0].replace(true)) {
        // SAFETY: the record is static and registered once at a time.
        unsafe { register(pg_sys::MessageContext, &raw mut MESSAGES_END) };
    }
}

fn hear_errors() {
    if !HEARD.with(|heard| heard[1].replace(true)) {
        // SAFETY: as above.
        unsafe { register(pg_sys::ErrorContext, &raw mut ERRORS_END) };
    }
}

// Each of the next two registers the other: to register itself again would not end.

unsafe extern "C-unwind" fn messages_end(_: *mut c_void) {
    HEARD.with(|heard| heard[0].set(false));
    attach();
    hear_errors();
}

unsafe extern "C-unwind" fn errors_end(_: *mut c_void) {
    HEARD.with(|heard| heard[1].set(false));
    // Whoever catches an error may clear it before putting back the stack: then it leads through
    // frames that are gone, and what is put back has ours at its bottom.
    // SAFETY: reads a global.
    if unsafe { pg_sys::error_context_stack.is_null() } {
        attach();
    }
    hear_messages();
}

unsafe extern "C-unwind" fn portal_ends(_: *mut c_void) {
    attach();
}

unsafe extern "C-unwind" fn on_error(_: *mut c_void) {
    // SAFETY: reads a global. It is null again when the error has reached the top.
    if unsafe { !pg_sys::debug_query_string.is_null() } {
        TEXT_OF.set(backend::message_time());
    }
    // SAFETY: called by PostgreSQL while it raises an error.
    let code = unsafe { error_code() };
    if (code == CANCELED || code == FORBIDDEN) && !WORKING.replace(true) {
        // A panic of ours must not run through PostgreSQL's error handling.
        let _ = catch_unwind(AssertUnwindSafe(|| consider(code)));
        WORKING.set(false);
    }
}

fn consider(code: c_int) {
    let Some(listener) = LISTENER.get() else { return };
    with_copy(|error| {
        if code == CANCELED {
            if is_interrupt(error) {
                (listener.canceled)();
            }
        } else if let Some(schema) = denied_schema(error) {
            let replacement = (listener.schema_denied)(&schema, parser_place());
            if let Some(replacement) = replacement {
                replace(&schema, &replacement);
            }
        }
    });
}

/// Copies the error that is being raised into a context of its own, which goes afterwards.
fn with_copy(look: impl FnOnce(&pg_sys::ErrorData)) {
    // SAFETY: the copy lives until its context is deleted; PostgreSQL's own goes on as before.
    unsafe {
        let context = pg_sys::AllocSetContextCreateInternal(
            pg_sys::TopMemoryContext,
            c"tenancy error".as_ptr(),
            0,
            1024,
            8192,
        );
        let caller = pg_sys::CurrentMemoryContext;
        pg_sys::CurrentMemoryContext = context;
        let copy = copy_error();
        pg_sys::CurrentMemoryContext = caller;
        if (*copy).elevel == pg_sys::PGERROR as c_int {
            look(&*copy);
        }
        pg_sys::MemoryContextDelete(context);
    }
}

fn text<'a>(text: *const c_char) -> &'a [u8] {
    if text.is_null() {
        return b"";
    }
    // SAFETY: just checked; the texts of an error end with a NUL and live as long as it.
    unsafe { CStr::from_ptr(text) }.to_bytes()
}

/// Whether the cancellation is PostgreSQL's own, not a RAISE with its SQLSTATE.
fn is_interrupt(error: &pg_sys::ErrorData) -> bool {
    text(error.funcname) == b"ProcessInterrupts" && text(error.filename) == b"postgres.c"
}

/// The schema of `permission denied for schema %s`, in whatever language that is said. What comes
/// from a parallel worker has lost its format.
fn denied_schema(error: &pg_sys::ErrorData) -> Option<Vec<u8>> {
    let format = c"permission denied for schema %s";
    let id = text(error.message_id);
    let said = match id {
        b"" => format.to_bytes(),
        // SAFETY: the domain is null or a constant; the result lives as long as the library.
        _ if id == format.to_bytes() => text(unsafe { dgettext(error.domain, format.as_ptr()) }),
        _ => return None,
    };
    let at = said.windows(2).position(|window| window == b"%s")?;
    let name = text(error.message).strip_prefix(&said[..at])?.strip_suffix(&said[at + 2..])?;
    Some(name.to_vec())
}

/// Where the parser is, when its frame is on top of the stack.
fn parser_place<'a>() -> Place<'a> {
    // SAFETY: the frame on top is alive; the parser's own points to its state, which points to
    // the text that is parsed.
    unsafe {
        let frame = pg_sys::error_context_stack.as_ref()?;
        if frame.callback.map_or(0, |function| function as usize) != PARSER.get() {
            return None;
        }
        let state = frame.arg.cast::<pg_sys::ParseCallbackState>().as_ref()?;
        let source = state.pstate.as_ref()?.p_sourcetext;
        Some((text(source), usize::try_from(state.location).ok()?))
    }
}

/// Lets the error say what PostgreSQL says of what does not exist, in its own words and language.
fn replace(schema: &[u8], replacement: &Replacement) {
    let ended = |name: &[u8]| [name, b"\0"].concat();
    let schema = ended(schema);
    // SAFETY: the formats take the strings they are given, each of which ends with a NUL; both
    // functions change the error that is being raised, and copy.
    unsafe {
        match replacement {
            Replacement::MissingSchema => {
                set_error_code(sqlstate(b"3F000"));
                set_message(c"schema \"%s\" does not exist".as_ptr(), schema.as_ptr());
            }
            Replacement::MissingRelation(relation) => {
                let (format, relation) = (c"relation \"%s.%s\" does not exist", ended(relation));
                set_error_code(sqlstate(b"42P01"));
                set_message(format.as_ptr(), schema.as_ptr(), relation.as_ptr());
            }
        }
    }
}

/// Asks for the running statement to be cancelled at the next occasion, or the connection ended.
pub fn interrupt(end_connection: bool) {
    // SAFETY: what the handlers of the signals assign.
    unsafe {
        if end_connection {
            std::ptr::write_volatile(&raw mut pg_sys::ProcDiePending, 1);
        } else {
            std::ptr::write_volatile(&raw mut pg_sys::QueryCancelPending, 1);
        }
        std::ptr::write_volatile(&raw mut pg_sys::InterruptPending, 1);
    }
}

/// Whether the error that is being handled was caught by code of the statement's own: after one
/// that reached the top the stack of contexts is empty.
pub fn is_caught() -> bool {
    // SAFETY: reads a global.
    unsafe { !pg_sys::error_context_stack.is_null() }
}

/// Whether an error or a notice was raised in the message that is being worked on, and the message
/// has a text: it is no FunctionCall then.
pub fn had_text() -> bool {
    TEXT_OF.get() == backend::message_time()
}

/// When the client's message arrived that is being worked on.
pub fn message_time() -> i64 {
    // SAFETY: reads a global.
    unsafe { pg_sys::GetCurrentStatementStartTimestamp() }
}
