//! Everything that differs between PostgreSQL 15 and 18.

use pgrx::pg_sys;
use std::ffi::CStr;

/// The record of a string setting, null when there is none of that name.
pub fn find_string_setting(name: &CStr) -> *mut pg_sys::config_string {
    find_setting(name).cast()
}

/// The record of a setting of any type, null when there is none of that name.
#[cfg(feature = "pg15")]
pub fn find_setting(name: &CStr) -> *mut pg_sys::config_generic {
    // SAFETY: records of PostgreSQL's own table, whose names end with a NUL.
    let found =
        all_settings().iter().find(|record| unsafe { CStr::from_ptr((***record).name) } == name);
    found.copied().unwrap_or(std::ptr::null_mut())
}

/// The record of a setting of any type, null when there is none of that name.
#[cfg(not(feature = "pg15"))]
pub fn find_setting(name: &CStr) -> *mut pg_sys::config_generic {
    // SAFETY: with `skip_errors` an unknown name gives null.
    unsafe { pg_sys::find_option(name.as_ptr(), false, true, 0) }
}

/// The records of all settings.
#[cfg(feature = "pg15")]
fn all_settings<'a>() -> &'a [*mut pg_sys::config_generic] {
    unsafe extern "C-unwind" {
        fn GetNumConfigOptions() -> std::ffi::c_int;
        fn get_guc_variables() -> *mut *mut pg_sys::config_generic;
    }
    // SAFETY: the array holds GetNumConfigOptions() records.
    unsafe {
        let count = usize::try_from(GetNumConfigOptions()).unwrap_or(0);
        std::slice::from_raw_parts(get_guc_variables(), count)
    }
}

/// The records of all settings, in memory that lasts as long as the current memory context.
#[cfg(not(feature = "pg15"))]
fn all_settings<'a>() -> &'a [*mut pg_sys::config_generic] {
    let mut count = 0;
    // SAFETY: the array holds as many records as the function says.
    unsafe {
        let all = pg_sys::get_guc_variables(&mut count);
        std::slice::from_raw_parts(all, usize::try_from(count).unwrap_or(0))
    }
}

/// The settings that the session has set, and not a transaction or an administrator for it.
pub fn set_by_session() -> impl Iterator<Item = *mut pg_sys::config_generic> {
    all_settings().iter().copied().filter(|record| {
        // SAFETY: a record of PostgreSQL's own table.
        unsafe { (**record).source == pg_sys::GucSource::PGC_S_SESSION }
    })
}

/// Whether RESET ALL may find anything to reset. Version 15 has no list of what was set, and a look
/// at the sources alone takes less than half of the time that RESET ALL takes.
#[cfg(feature = "pg15")]
pub fn may_be_reset() -> bool {
    let overridden = pg_sys::GucSource::PGC_S_OVERRIDE;
    // SAFETY: records of PostgreSQL's own table.
    all_settings().iter().any(|record| unsafe { (**record).source > overridden })
}

/// Whether RESET ALL may find anything to reset: it goes by a list of what was set.
#[cfg(not(feature = "pg15"))]
pub fn may_be_reset() -> bool {
    true
}

/// This backend's place among all backends, from 0.
#[cfg(any(feature = "pg15", feature = "pg16"))]
pub fn backend_index() -> usize {
    // SAFETY: reads a global; it counts from 1.
    unsafe { usize::try_from(pg_sys::MyBackendId - 1).unwrap_or(usize::MAX) }
}

/// This backend's place among all backends, from 0.
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
pub fn backend_index() -> usize {
    // SAFETY: reads a global.
    unsafe { usize::try_from(pg_sys::MyProcNumber).unwrap_or(usize::MAX) }
}

/// Whether another backend has a transaction open.
#[cfg(any(feature = "pg15", feature = "pg16"))]
pub fn has_transaction(proc: &pg_sys::PGPROC) -> bool {
    // The other backend writes it at any time: one plain read, as PostgreSQL's own code does.
    // SAFETY: a field of shared memory that stays mapped.
    unsafe { std::ptr::read_volatile(&raw const proc.lxid) != 0 }
}

/// Whether another backend has a transaction open.
#[cfg(not(any(feature = "pg15", feature = "pg16")))]
pub fn has_transaction(proc: &pg_sys::PGPROC) -> bool {
    // SAFETY: a field of shared memory that stays mapped.
    unsafe { std::ptr::read_volatile(&raw const proc.vxid.lxid) != 0 }
}

/// Whether a range table was found in order before.
type InOrder = unsafe fn(*mut pg_sys::List, *mut pg_sys::List) -> bool;
/// Looks into a range table; may raise.
type Check = unsafe extern "C-unwind" fn(*mut pg_sys::List, *mut pg_sys::List);

static mut CHECKS: Option<(InOrder, Check)> = None;
static mut PREVIOUS_CHECK: pg_sys::ExecutorCheckPerms_hook_type = None;

/// Installs the hook behind PostgreSQL's own check of a range table. For _PG_init.
pub fn check_relations(in_order: InOrder, check: Check) {
    // SAFETY: runs once, in the postmaster, before any backend exists.
    unsafe {
        CHECKS = Some((in_order, check));
        PREVIOUS_CHECK = pg_sys::ExecutorCheckPerms_hook;
        pg_sys::ExecutorCheckPerms_hook = Some(relations_trampoline);
    }
}

/// # Safety
/// Both lists must be those that PostgreSQL hands to the hook.
#[inline]
unsafe fn check_relations_of(table: *mut pg_sys::List, infos: *mut pg_sys::List) {
    // SAFETY: the caller's promise; set once, before any backend exists.
    unsafe {
        if let Some((in_order, check)) = CHECKS
            && !in_order(table, infos)
        {
            check(table, infos);
        }
    }
}

// A plain frame: an error may jump over it.
#[cfg(feature = "pg15")]
unsafe extern "C-unwind" fn relations_trampoline(table: *mut pg_sys::List, raise: bool) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        check_relations_of(table, std::ptr::null_mut());
        PREVIOUS_CHECK.is_none_or(|previous| previous(table, raise))
    }
}

// A plain frame: an error may jump over it.
#[cfg(not(feature = "pg15"))]
unsafe extern "C-unwind" fn relations_trampoline(
    table: *mut pg_sys::List,
    infos: *mut pg_sys::List,
    raise: bool,
) -> bool {
    // SAFETY: PostgreSQL's own arguments, passed on.
    unsafe {
        check_relations_of(table, infos);
        PREVIOUS_CHECK.is_none_or(|previous| previous(table, infos, raise))
    }
}

/// The privileges that a statement takes on an entry of its range table.
///
/// # Safety
/// The entry and the list must belong to one statement.
#[cfg(feature = "pg15")]
pub unsafe fn required_privileges(entry: &pg_sys::RangeTblEntry, _: *mut pg_sys::List) -> u32 {
    entry.requiredPerms
}

/// The privileges that a statement takes on an entry of its range table.
///
/// # Safety
/// The entry and the list must belong to one statement.
#[cfg(not(feature = "pg15"))]
pub unsafe fn required_privileges(entry: &pg_sys::RangeTblEntry, infos: *mut pg_sys::List) -> u32 {
    // SAFETY: the index counts from 1 into the list; 0 stands for an entry without one.
    unsafe {
        match infos.as_ref() {
            Some(list) if (1..=list.length as u32).contains(&entry.perminfoindex) => {
                let cell = &*list.elements.add(entry.perminfoindex as usize - 1);
                let info: *const pg_sys::RTEPermissionInfo = cell.ptr_value.cast();
                privileges((*info).requiredPerms)
            }
            _ => 0,
        }
    }
}

/// Has the privileges of a role decide on an entry that a query reads, and reads only.
///
/// # Safety
/// The entry must belong to the query, and be ours to change.
#[cfg(feature = "pg15")]
pub unsafe fn read_as(_: *mut pg_sys::Query, entry: *mut pg_sys::RangeTblEntry, role: pg_sys::Oid) {
    // SAFETY: the caller's promise.
    unsafe {
        if (*entry).requiredPerms == pg_sys::ACL_SELECT {
            (*entry).checkAsUser = role;
        }
    }
}

/// Has the privileges of a role decide on an entry that a query reads, and reads only.
///
/// # Safety
/// The entry must belong to the query, and be ours to change.
#[cfg(not(feature = "pg15"))]
pub unsafe fn read_as(
    query: *mut pg_sys::Query,
    entry: *mut pg_sys::RangeTblEntry,
    role: pg_sys::Oid,
) {
    // SAFETY: the caller's promise; an entry with an index has its privileges in the list.
    unsafe {
        if (*entry).perminfoindex == 0 {
            return;
        }
        let info = pg_sys::getRTEPermissionInfo((*query).rteperminfos, entry);
        if privileges((*info).requiredPerms) == pg_sys::ACL_SELECT {
            (*info).checkAsUser = role;
        }
    }
}

/// Length and alignment of an item of an access control list.
pub const ACL_ITEM: (i32, u8) =
    (size_of::<pg_sys::AclItem>() as i32, if cfg!(feature = "pg15") { b'i' } else { b'd' });

/// The privileges that can be granted on a relation, out of those that the server knows.
#[cfg(feature = "pg15")]
pub fn privileges(mode: pg_sys::AclMode) -> u32 {
    mode
}

/// The privileges that can be granted on a relation, out of those that the server knows.
#[cfg(not(feature = "pg15"))]
pub fn privileges(mode: pg_sys::AclMode) -> u32 {
    mode as u32
}

/// Whether the current user may look up names in a schema.
pub fn may_use_schema(schema: pg_sys::Oid) -> bool {
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe {
        let user = pg_sys::GetUserId();
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_namespace_aclcheck(schema, user, pg_sys::ACL_USAGE);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(
            pg_sys::NamespaceRelationId,
            schema,
            user,
            pg_sys::ACL_USAGE.into(),
        );
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// Lets SIGTERM end this background worker at the next chance, and unblocks signals.
pub fn end_on_sigterm() {
    // SAFETY: what PostgreSQL's own workers do first; the handler is PostgreSQL's.
    unsafe {
        #[cfg(not(feature = "pg18"))]
        pg_sys::pqsignal(SIGTERM, Some(terminate));
        #[cfg(feature = "pg18")]
        pg_sys::pqsignal_be(SIGTERM, Some(terminate));
        pg_sys::BackgroundWorkerUnblockSignals();
    }
}

const SIGTERM: i32 = 15;

unsafe extern "C-unwind" {
    #[link_name = "die"]
    fn terminate(signal: std::ffi::c_int);
}

#[cfg(feature = "pg15")]
type ListHead = pg_sys::SHM_QUEUE;
#[cfg(feature = "pg15")]
type ListLink = pg_sys::SHM_QUEUE;
#[cfg(not(feature = "pg15"))]
type ListHead = pg_sys::dlist_head;
#[cfg(not(feature = "pg15"))]
type ListLink = pg_sys::dlist_node;

/// The first entry of a list in shared memory, if it has one.
///
/// # Safety
/// `head` must be the head of a list.
#[inline(always)]
pub unsafe fn next_in_list(head: *mut ListHead) -> Option<*mut ListLink> {
    // A head starts with its own link.
    // SAFETY: the caller's promise.
    unsafe { next_in_list_of(head, head.cast()) }
}

/// Which of several lists may have an entry, as bits: without a branch, for it is asked before each
/// statement. A list that nobody has set up yet counts among them.
///
/// # Safety
/// `heads` must be an array of as many heads of lists, at most 32.
#[inline(always)]
pub unsafe fn busy_lists<const LISTS: usize>(heads: *mut ListHead) -> u32 {
    let mut busy = 0;
    for at in 0..LISTS {
        // A head starts with its own link.
        // SAFETY: the caller's promise.
        let (head, next) = unsafe {
            let head: *mut ListLink = heads.add(at).cast();
            (head, std::ptr::read_volatile(&raw const (*head).next))
        };
        busy |= u32::from(next != head) << at;
    }
    busy
}

/// The entry behind this one, until the list is back at its head.
///
/// # Safety
/// `entry` must be in the list of `head`, and the list must not change meanwhile.
#[inline(always)]
pub unsafe fn next_in_list_of(head: *mut ListHead, entry: *mut ListLink) -> Option<*mut ListLink> {
    // SAFETY: the caller's promise.
    let next = unsafe { std::ptr::read_volatile(&raw const (*entry).next) };
    (!next.is_null() && next != head.cast()).then_some(next)
}

/// Whether a role may execute a function.
pub fn may_execute(function: pg_sys::Oid, role: pg_sys::Oid) -> bool {
    let execute = pg_sys::ACL_EXECUTE as pg_sys::AclMode;
    // SAFETY: looks into the catalog cache; inside a transaction.
    unsafe {
        #[cfg(feature = "pg15")]
        let result = pg_sys::pg_proc_aclcheck(function, role, execute);
        #[cfg(not(feature = "pg15"))]
        let result = pg_sys::object_aclcheck(pg_sys::ProcedureRelationId, function, role, execute);
        result == pg_sys::AclResult::ACLCHECK_OK
    }
}

/// The arguments of SQL's own JSON constructors, which version 15 does not have.
#[cfg(feature = "pg15")]
pub fn json_arguments(
    _tag: pg_sys::NodeTag,
    _node: *mut pg_sys::Node,
) -> Option<*mut pg_sys::List> {
    None
}

/// The arguments of SQL's own JSON constructors.
#[cfg(not(feature = "pg15"))]
pub fn json_arguments(tag: pg_sys::NodeTag, node: *mut pg_sys::Node) -> Option<*mut pg_sys::List> {
    if tag != pg_sys::NodeTag::T_JsonConstructorExpr {
        return None;
    }
    // SAFETY: the cast follows a look at the tag.
    Some(unsafe { (*node.cast::<pg_sys::JsonConstructorExpr>()).args })
}

/// Lets a function that PL/pgSQL keeps look older than its definition.
///
/// # Safety
/// The structure must be alive.
#[cfg(not(feature = "pg18"))]
pub unsafe fn outdate(function: *mut pg_sys::PLpgSQL_function) {
    // SAFETY: the caller's promise.
    unsafe { (*function).fn_xmin = pg_sys::InvalidTransactionId };
}

/// Lets a function that PL/pgSQL keeps look older than its definition.
///
/// # Safety
/// The structure must be alive.
#[cfg(feature = "pg18")]
pub unsafe fn outdate(function: *mut pg_sys::PLpgSQL_function) {
    // SAFETY: the caller's promise.
    unsafe { (*function).cfunc.fn_xmin = pg_sys::InvalidTransactionId };
}

/// The first of a row's columns.
///
/// # Safety
/// The descriptor must be alive.
#[cfg(not(feature = "pg18"))]
pub unsafe fn columns(row: pg_sys::TupleDesc) -> *mut pg_sys::FormData_pg_attribute {
    // SAFETY: the caller's promise.
    unsafe { (*row).attrs.as_mut_ptr() }
}

/// The first of a row's columns.
///
/// # Safety
/// The descriptor must be alive.
#[cfg(feature = "pg18")]
pub unsafe fn columns(row: pg_sys::TupleDesc) -> *mut pg_sys::FormData_pg_attribute {
    // SAFETY: the caller's promise; they follow the compact ones.
    unsafe { (*row).compact_attrs.as_mut_ptr().add((*row).natts as usize).cast() }
}
