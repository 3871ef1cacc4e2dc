//! Messages to the client on their way out: NotificationResponse is shown to a listener first,
//! which says under which name it goes out, if at all; in front of ReadyForQuery between two
//! transactions another one may put ParameterStatus. In place from the session's first LISTEN on, or
//! from its first client of a gateway.

use super::backend;
use pgrx::prelude::*;
use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;
use tenancy_core::channel::Delivery;

/// PQcommMethods in libpq/libpq.h, the same from 15 to 18.
#[repr(C)]
#[derive(Clone, Copy)]
struct Methods {
    others_before: [*const c_void; 4],
    put_message: Option<PutMessage>,
    put_message_noblock: *const c_void,
}

/// A parameter and its value, neither with a NUL.
pub type Parameter = (&'static str, String);

type PutMessage =
    unsafe extern "C-unwind" fn(kind: c_char, body: *const c_char, len: usize) -> c_int;

unsafe extern "C" {
    #[link_name = "PqCommMethods"]
    static mut METHODS: *const Methods;
}

const NOTIFICATION: c_char = b'A' as c_char;
const PARAMETER: c_char = b'S' as c_char;
const READY: c_char = b'Z' as c_char;
/// The body of ReadyForQuery outside of every transaction.
const IDLE: c_char = b'I' as c_char;
/// The sender's process id, in front of the channel's name.
const PID: usize = 4;

static DECIDE: OnceLock<fn(&[u8]) -> Delivery> = OnceLock::new();
static TELL: OnceLock<fn() -> Vec<Parameter>> = OnceLock::new();
static mut WRAPPED: Methods = Methods {
    others_before: [std::ptr::null(); 4],
    put_message: None,
    put_message_noblock: std::ptr::null(),
};
static mut ORIGINAL: Option<PutMessage> = None;

thread_local! {
    static RENAMED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static TOLD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Sets what decides about each notification, by the channel's name; it must not raise. For
/// _PG_init.
pub fn decide_notifications(decide: fn(&[u8]) -> Delivery) {
    let _ = DECIDE.set(decide);
}

/// Sets what is told whenever the session comes to rest between two transactions; it must not raise.
/// For _PG_init.
pub fn tell_at_rest(tell: fn() -> Vec<Parameter>) {
    let _ = TELL.set(tell);
}

/// Watches the messages of this session from now on. Once is enough; a parallel worker's go to its
/// leader and are left alone.
pub fn watch() {
    if backend::is_parallel_worker() {
        return;
    }
    // SAFETY: the pointer is valid in every backend; only this thread uses the three statics, and
    // `WRAPPED` stays as it is once it is in place.
    unsafe {
        let (wrapped, methods) = (ORIGINAL, METHODS);
        let (None, Some(methods)) = (wrapped, methods.as_ref()) else { return };
        ORIGINAL = methods.put_message;
        WRAPPED = Methods { put_message: Some(trampoline), ..*methods };
        METHODS = &raw const WRAPPED;
    }
}

/// The message to send in place of this notification: null for none at all.
#[pg_guard]
unsafe extern "C-unwind" fn replaced(
    body: *const c_char,
    len: usize,
    new_len: *mut usize,
) -> *const c_char {
    // SAFETY: the caller hands over a message of this length, and a place for the new one.
    unsafe {
        *new_len = len;
        let message = std::slice::from_raw_parts(body.cast::<u8>(), len);
        let channel = message.get(PID..).and_then(|rest| CStr::from_bytes_until_nul(rest).ok());
        let (Some(decide), Some(channel)) = (DECIDE.get(), channel) else { return body };
        match decide(channel.to_bytes()) {
            Delivery::AsIs => body,
            Delivery::Dropped => std::ptr::null(),
            Delivery::Behind(prefix) => {
                *new_len = len - prefix;
                renamed(&message[..PID], &message[PID + prefix..])
            }
        }
    }
}

/// In memory that lasts until the next notification, and that no error can lose.
fn renamed(pid: &[u8], rest: &[u8]) -> *const c_char {
    RENAMED.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.extend_from_slice(pid);
        buffer.extend_from_slice(rest);
        buffer.as_ptr().cast()
    })
}

/// Prepares what is to be told in front of ReadyForQuery.
#[pg_guard]
unsafe extern "C-unwind" fn prepare() {
    let Some(tell) = TELL.get() else { return };
    let body =
        |(name, value): Parameter| [name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat();
    TOLD.set(tell().into_iter().map(body).collect());
}

/// One of the messages that were prepared, in memory that no error can lose.
fn prepared(at: usize) -> Option<(*const c_char, usize)> {
    TOLD.with_borrow(|told| told.get(at).map(|body| (body.as_ptr().cast(), body.len())))
}

// The two below are plain frames: an error may jump over them.

unsafe fn tell(original: PutMessage) {
    // SAFETY: what `prepared` returns stays until the next `prepare`.
    unsafe {
        prepare();
        let mut at = 0;
        while let Some((body, len)) = prepared(at) {
            original(PARAMETER, body, len);
            at += 1;
        }
    }
}

unsafe extern "C-unwind" fn trampoline(kind: c_char, body: *const c_char, len: usize) -> c_int {
    // SAFETY: PostgreSQL's own arguments, passed on; `watch` set the original.
    unsafe {
        let Some(original) = ORIGINAL else { return 0 };
        if kind == READY && len == 1 && *body == IDLE {
            tell(original);
        }
        if kind != NOTIFICATION {
            return original(kind, body, len);
        }
        let mut new_len = len;
        let message = replaced(body, len, &mut new_len);
        if message.is_null() { 0 } else { original(kind, message, new_len) }
    }
}
