//! Who a backend is: session user, effective role, memberships, and running code as another role.

use pgrx::IntoDatum;
use pgrx::pg_sys::{self, Datum, Oid};
use std::cell::Cell;
use std::ffi::{CStr, CString};

const LOCAL_CHANGE: i32 = pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32;
const RESTRICTED: i32 = pg_sys::SECURITY_RESTRICTED_OPERATION as i32;

unsafe extern "C-unwind" {
    // Each reads globals and cannot raise, so it is called past pgrx's guard, on the hot path.
    #[link_name = "GetOuterUserId"]
    fn outer_user_id() -> Oid;
    #[link_name = "GetSessionUserId"]
    fn session_user_id() -> Oid;
    #[link_name = "InLocalUserIdChange"]
    fn in_local_user_id_change() -> bool;
    #[link_name = "InSecurityRestrictedOperation"]
    fn in_restricted_operation() -> bool;
}

/// The login of the session, as SET SESSION AUTHORIZATION left it.
pub fn session_user() -> Oid {
    // SAFETY: reads a global.
    unsafe { session_user_id() }
}

/// The name of the session's login, or its number where names cannot be looked up.
pub fn login_name() -> String {
    let login = session_user();
    if super::backend::in_transaction() { name(login) } else { login.to_u32().to_string() }
}

/// The role that statements run as, outside of definer functions.
#[inline]
pub fn effective_role() -> Oid {
    // SAFETY: reads a global that is set for the life of a backend.
    unsafe { outer_user_id() }
}

/// The role chosen by SET ROLE, invalid when there is none.
pub fn chosen_role() -> Oid {
    // SAFETY: reads two globals.
    unsafe { pg_sys::GetCurrentRoleId() }
}

/// Makes `role` the effective role without asking for membership; the invalid OID leads back to
/// the session user. `superuser` is what the setting `is_superuser` shall say.
pub fn become_role(role: Oid, superuser: bool) {
    // SAFETY: only assigns; called outside of any definer function (checked by the callers).
    unsafe { pg_sys::SetCurrentRoleId(role, superuser) }
}

/// Whether a definer function or a security-restricted operation is running.
pub fn in_definer() -> bool {
    // SAFETY: reads a global.
    unsafe { in_local_user_id_change() || in_restricted_operation() }
}

/// The OID of a role, if it exists.
pub fn find(name: &str) -> Option<Oid> {
    let name = CString::new(name).ok()?;
    // SAFETY: the string lives through the call; inside a transaction.
    let oid = unsafe { pg_sys::get_role_oid(name.as_ptr(), true) };
    (oid != Oid::INVALID).then_some(oid)
}

/// The name of a role; empty when it is gone.
pub fn name(role: Oid) -> String {
    // SAFETY: with `noerr` the result is a palloc'd string or null.
    let name = unsafe { pg_sys::GetUserNameFromId(role, true) };
    if name.is_null() {
        return String::new();
    }
    // SAFETY: just checked; PostgreSQL ends it with a NUL.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

/// Whether a role is a superuser.
pub fn is_superuser(role: Oid) -> bool {
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe { pg_sys::superuser_arg(role) }
}

/// Whether a role is a member of the named one, directly or not. A superuser counts only when it
/// is a member indeed.
pub fn is_member(role: Oid, of: &str) -> bool {
    // SAFETY: looks into the catalog cache; inside a transaction.
    find(of).is_some_and(|of| unsafe { pg_sys::is_member_of_role_nosuper(role, of) })
}

/// PostgreSQL's own `pg_has_role(oid, text)` for the current user.
pub fn has_role(role: Oid, privilege: &str) -> bool {
    const PG_HAS_ROLE: u32 = 2710;
    let privilege = privilege.into_datum().unwrap_or(Datum::from(0));
    // SAFETY: the function takes an oid and a text and returns a boolean.
    unsafe {
        let (function, none) = (PG_HAS_ROLE.into(), Oid::INVALID);
        pg_sys::OidFunctionCall2Coll(function, none, Datum::from(role), privilege).value() != 0
    }
}

/// Runs as another role until dropped, with a search path of its own. The session cannot change
/// its role meanwhile.
pub struct AsRole {
    user: Oid,
    security: i32,
    settings_level: i32,
    code: Code,
    among_foreign: bool,
}

/// Whose SQL is running by our hand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Code {
    /// None: the session runs its own.
    Sessions,
    /// Ours.
    Trusted,
    /// Somebody else's: a template's script.
    Others,
}

thread_local! {
    static CODE: Cell<Code> = const { Cell::new(Code::Sessions) };
    static AMONG_FOREIGN: Cell<bool> = const { Cell::new(false) };
}

/// Whether the superuser runs queries of ours under a path that leads into somebody's schema.
#[inline]
pub fn is_among_foreign_names() -> bool {
    AMONG_FOREIGN.get()
}

/// Whether statements of our own are running, on names that we made or checked.
#[inline]
pub fn in_own_work() -> bool {
    CODE.get() == Code::Trusted
}

/// Whether the session runs anything by our hand: our SQL, or a script as a tenant's owner role.
pub fn is_by_our_hand() -> bool {
    CODE.get() != Code::Sessions
}

/// The transaction has failed, and with it whatever ran by our hand. Never raises.
pub fn forget_code() {
    CODE.set(Code::Sessions);
    AMONG_FOREIGN.set(false);
}

impl AsRole {
    /// As the superuser that the cluster was made with. Only for statements on names that we
    /// made or checked ourselves.
    pub fn bootstrap_superuser(path: &str) -> Self {
        Self::assume(pg_sys::BOOTSTRAP_SUPERUSERID.into(), 0, path, true)
    }

    /// The same under a path that leads into somebody's schema, for queries of ours. An operator in
    /// there that fits better than PostgreSQL's own would run with all rights, wherever it stands in
    /// the path: so each query is looked through before it is planned.
    pub fn bootstrap_superuser_among_foreign_names(path: &str) -> Self {
        let role = Self::bootstrap_superuser(path);
        AMONG_FOREIGN.set(true);
        role
    }

    /// As a role of ours, to run SQL of ours.
    pub fn trusted(role: Oid, path: &str) -> Self {
        Self::assume(role, 0, path, true)
    }

    /// As a role that runs SQL of others: nothing that outlasts the call can be set up (temporary
    /// objects, held cursors, LISTEN, deferred triggers).
    pub fn restricted(role: Oid, path: &str) -> Self {
        Self::assume(role, RESTRICTED, path, false)
    }

    fn assume(role: Oid, more: i32, path: &str, trusted: bool) -> Self {
        let code = CODE.replace(if trusted { Code::Trusted } else { Code::Others });
        let among_foreign = AMONG_FOREIGN.replace(false);
        let mut saved =
            Self { user: Oid::INVALID, security: 0, settings_level: 0, code, among_foreign };
        // SAFETY: saves and assigns globals; Drop puts them back, and so does an abort.
        unsafe {
            pg_sys::GetUserIdAndSecContext(&mut saved.user, &mut saved.security);
            saved.settings_level = pg_sys::NewGUCNestLevel();
        }
        super::settings::set_until_level_ends(c"search_path", path);
        // A parallel worker would not know that it works for us, and be refused what we may read.
        super::settings::set_until_level_ends(c"max_parallel_workers_per_gather", "0");
        // SAFETY: as above.
        unsafe { pg_sys::SetUserIdAndSecContext(role, saved.security | LOCAL_CHANGE | more) };
        saved
    }
}

impl Drop for AsRole {
    fn drop(&mut self) {
        CODE.set(self.code);
        AMONG_FOREIGN.set(self.among_foreign);
        // SAFETY: the values come from `assume`. While an error unwinds, the abort of the
        // transaction puts the settings back.
        unsafe {
            if !std::thread::panicking() {
                // As a rollback does: nothing that was set inside may outlast it.
                pg_sys::AtEOXact_GUC(false, self.settings_level);
            }
            pg_sys::SetUserIdAndSecContext(self.user, self.security);
        }
    }
}
