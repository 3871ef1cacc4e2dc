//! Where the session is: the cells that no rollback touches, and the effects that go with them
//! (role, path, mirror, shared memory), always in this order: first nobody's, then the next one's.

use crate::ffi::Oid;
use crate::ffi::settings::Original;
use crate::ffi::{
    activity, backend, compiled_functions, error_context, executor_hook, plan_cache, roles,
    settings as guc,
};
use crate::session::{cache, ceilings, client, prepared, schemas};
use crate::shared;
use crate::store::Tenant;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tenancy_core::Result;
use tenancy_core::context::{Capacity, Place, Situation};
use tenancy_core::guard::Own;
use tenancy_core::lifecycle::{self, Access};
use tenancy_core::mutant;
use tenancy_core::seal::Seal;

const PATH: &std::ffi::CStr = c"search_path";
/// The setting that mirrors the tenant's name.
pub const MIRROR: &std::ffi::CStr = c"tenancy.tenant";
const ROLE_SETTING: &std::ffi::CStr = c"role";
/// Between tenants there is nothing to be found but PostgreSQL itself.
const CLOSED_PATH: &str = "pg_catalog, pg_temp";

/// What the session was before it entered a context.
#[derive(Clone, Debug)]
pub struct Before {
    role: Oid,
    superuser: bool,
    path: Original,
}

/// A visit to a tenant.
#[derive(Clone, Debug)]
pub struct Stay {
    /// The tenant as the registry showed it when the visit began or was last checked.
    pub tenant: Rc<Tenant>,
    /// As member or owner.
    pub capacity: Capacity,
}

impl Stay {
    /// The role that statements of this visit run as.
    pub fn role(&self) -> Oid {
        match self.capacity {
            Capacity::Member | Capacity::ImportingMember => self.tenant.role,
            Capacity::Owner | Capacity::Importer => self.tenant.owner,
        }
    }
}

thread_local! {
    static PLACE: Cell<Place> = const { Cell::new(Place::Outside) };
    static ROLE: Cell<Oid> = const { Cell::new(Oid::INVALID) };
    static CHECKED: Cell<u64> = const { Cell::new(0) };
    static READ_ONLY: Cell<bool> = const { Cell::new(false) };
    static ADMITTED: Cell<bool> = const { Cell::new(false) };
    static GATEWAY: Cell<bool> = const { Cell::new(false) };
    static ARRIVED: Cell<i64> = const { Cell::new(0) };
    static IDLE: Cell<Oid> = const { Cell::new(Oid::INVALID) };
    static STAY: RefCell<Option<Stay>> = const { RefCell::new(None) };
    static KEY: RefCell<Option<Seal>> = const { RefCell::new(None) };
    static BEFORE: RefCell<Option<Before>> = const { RefCell::new(None) };
}

/// Where the session is.
#[inline]
pub fn place() -> Place {
    PLACE.get()
}

/// Everything that decides whether a request is possible.
pub fn situation() -> Situation {
    Situation {
        place: place(),
        gateway: GATEWAY.get(),
        in_block: backend::in_transaction_block(),
        in_subtransaction: backend::in_subtransaction(),
        in_definer: roles::in_definer(),
    }
}

/// The visit under way.
pub fn stay() -> Option<Stay> {
    STAY.with_borrow(Clone::clone)
}

/// Hands over the names of the tenant that the session is in; empty ones in none.
pub fn with_own_names<T>(work: impl FnOnce(Own<'_>) -> T) -> T {
    STAY.with_borrow(|stay| match stay {
        Some(Stay { tenant, capacity }) => {
            let [role, owner] = &tenant.role_names;
            let as_owner = *capacity != Capacity::Member;
            work(Own { schema: &tenant.schema_name, roles: [role, owner], as_owner })
        }
        None => work(Own { schema: "", roles: ["", ""], as_owner: false }),
    })
}

/// Whether statements run as the context's role. The settings that choose one are held elsewhere;
/// another library in the server can choose one without them.
#[inline]
pub fn role_agrees() -> bool {
    roles::effective_role() == ROLE.get() || mutant::disabled("lock.role_agrees")
}

/// Whether the visit was checked at this epoch; makes the transaction read-only if that is all
/// the tenant may do.
#[inline]
pub fn is_checked_at(epoch: u64) -> bool {
    if CHECKED.get() != epoch {
        return false;
    }
    ADMITTED.set(true);
    if READ_ONLY.get() && !mutant::disabled("lock.read_only") {
        backend::forbid_writes();
    }
    true
}

/// Whether a statement of the running transaction was admitted already.
pub fn is_admitted_in_transaction() -> bool {
    ADMITTED.get()
}

/// The transaction has ended. Never raises.
pub fn forget_admission() {
    ADMITTED.set(false);
}

/// The name of the tenant that the session (or a parallel worker's leader) is in.
pub fn current() -> Option<String> {
    match leaders_tenant() {
        Some(id) => cache::tenant_by_id(id).ok().flatten().map(|t| t.name.clone()),
        None => STAY.with_borrow(|s| s.as_ref().map(|s| s.tenant.name.clone())),
    }
}

/// The tenant that the session (or a parallel worker's leader) is in.
pub fn tenant() -> Option<Rc<Tenant>> {
    match leaders_tenant() {
        Some(id) => cache::tenant_by_id(id).ok().flatten(),
        None => STAY.with_borrow(|s| s.as_ref().map(|s| s.tenant.clone())),
    }
}

/// The id of the tenant that the session (or a parallel worker's leader) is in.
pub fn current_id() -> Option<i64> {
    leaders_tenant().or_else(|| STAY.with_borrow(|s| s.as_ref().map(|s| s.tenant.id)))
}

/// The time of the message that brought the session here. What the session keeps of it, and of any
/// before, may hold a key: its text, cursors and prepared statements.
pub fn arrived() -> i64 {
    ARRIVED.get()
}

/// Whether the session (or a parallel worker's leader) is in a tenant.
#[inline]
pub fn is_inside() -> bool {
    matches!(place(), Place::Session | Place::Transaction) || leaders_tenant().is_some()
}

/// Whether the session is in a tenant as one of its members.
pub fn is_member() -> bool {
    STAY.with_borrow(|s| s.as_ref().is_some_and(|s| s.capacity == Capacity::Member))
        && !mutant::disabled("relation.views")
}

/// The id of the tenant that the session (or a parallel worker's leader) is in, 0 for none.
pub fn id_in_memory() -> i64 {
    current_id().unwrap_or_default()
}

/// The name of the tenant that the session is in, without looking anything up.
pub fn name_in_memory() -> Option<String> {
    STAY.with_borrow(|s| s.as_ref().map(|s| s.tenant.name.clone()))
}

fn leaders_tenant() -> Option<i64> {
    if backend::is_parallel_worker() { shared::leader_tenant() } else { None }
}

/// Accepts the key when the context has one; a context without a key takes anything.
pub fn check_key(attempt: Option<&str>) -> Result<()> {
    if mutant::disabled("lock.key") {
        return Ok(());
    }
    KEY.with_borrow(|key| key.as_ref().map_or(Ok(()), |key| key.check(attempt)))
}

/// Seals the context.
pub fn set_key(key: Option<Seal>) {
    KEY.set(key);
}

/// The key of the context, to be told to whoever just presented or made it.
pub fn reveal_key() -> Option<String> {
    KEY.with_borrow(|key| key.as_ref().map(|key| key.reveal().to_owned()))
}

/// Makes this connection a gateway's for the rest of its life. Between tenants it runs as `idle`, a
/// role without rights, rather than as a login that sees and signals its other connections.
pub fn become_gateway(idle: Oid) {
    GATEWAY.set(true);
    IDLE.set(idle);
}

/// Whether this connection is a gateway's.
pub fn is_gateway() -> bool {
    GATEWAY.get()
}

/// Remembers what the session was before it entered a context; 25001 when the running transaction
/// changed the role, which its end would take back.
pub fn remember_before() -> Result<()> {
    guc::require_unchanged(ROLE_SETTING)?;
    let role = roles::chosen_role();
    let superuser = role != Oid::INVALID && roles::is_superuser(role);
    BEFORE.set(Some(Before { role, superuser, path: guc::original(PATH) }));
    Ok(())
}

/// Plans that were made elsewhere see the catalogs as they were seen there, and functions that were
/// compiled elsewhere have the types that names meant there. Never raises.
fn forget_plans() {
    if !mutant::disabled("catalog.plan_cache") {
        plan_cache::reset();
    }
    if !mutant::disabled("scrub.compiled_functions") {
        compiled_functions::forget();
    }
}

/// What was decided about relations was decided for the last place.
fn engage(on: bool) {
    executor_hook::engage(on);
    schemas::decide_again();
}

/// Out of every tenant, at once and beyond transactions: from here on nothing runs but the
/// context functions. Path and mirror still show the last tenant; `settle_closed` or the next
/// arrival changes them.
pub fn close() {
    PLACE.set(Place::Closed);
    ROLE.set(IDLE.get());
    STAY.set(None);
    READ_ONLY.set(false);
    client::leave();
    engage(true);
    forget_plans();
    roles::become_role(IDLE.get(), false);
    shared::withdraw();
    show_activity(roles::session_user());
    guc::claim(PATH);
}

/// pg_stat_activity shows a session's statements to all members of its role: the tenant's inside,
/// so that neither the login's other sessions nor other tenants read along. The text that it shows
/// now is the last tenant's, or our own with a key in it.
fn show_activity(role: Oid) {
    if !mutant::disabled("scrub.activity") {
        activity::show(c"tenancy: change of context", role);
    }
}

/// Lets path and mirror say that the session stays between tenants. Both are comfort: when they
/// cannot be forced now, the place itself still holds.
pub fn settle_closed() {
    let _ = guc::force(PATH, CLOSED_PATH);
    let _ = guc::force(MIRROR, "");
}

/// Into a tenant. An error leaves the session where it was.
pub fn arrive(stay: Stay, access: Access, epoch: u64, place: Place) -> Result<()> {
    shared::announce(stay.tenant.id);
    let ready = free_of_suspension(&stay)
        .and_then(|()| mirror(place, &stay.tenant))
        .map(|()| prepared::adopt_types(&stay.tenant));
    if let Err(error) = ready {
        shared::withdraw();
        return Err(error);
    }
    PLACE.set(place);
    ARRIVED.set(backend::message_time());
    ROLE.set(stay.role());
    CHECKED.set(epoch);
    ADMITTED.set(true);
    READ_ONLY.set(access == Access::ReadOnly);
    engage(true);
    forget_plans();
    roles::become_role(stay.role(), false);
    show_activity(stay.tenant.role);
    STAY.set(Some(stay));
    ceilings::arrive(place);
    error_context::listen();
    Ok(())
}

fn free_of_suspension(stay: &Stay) -> Result<()> {
    if shared::is_blocked(stay.tenant.id) { Err(lifecycle::suspended()) } else { Ok(()) }
}

fn mirror(place: Place, tenant: &Tenant) -> Result<()> {
    if place == Place::Transaction {
        guc::open_level()?;
        guc::set_local(PATH, &tenant.path);
        // RESET ALL would fall back to the login's own path.
        guc::claim(PATH);
        guc::set_local(MIRROR, &tenant.name);
        return Ok(());
    }
    if !mutant::disabled("lock.path") {
        guc::force(PATH, &tenant.path)?;
    }
    if mutant::disabled("lock.mirror") {
        return Ok(());
    }
    guc::force(MIRROR, &tenant.name)
}

/// Takes back every setting that was changed in a context of the transaction.
pub fn undo_settings() {
    if !mutant::disabled("scrub.local_settings") {
        guc::undo_level();
    }
}

/// A visit that goes on has to be checked, and is not in order before it was.
pub fn doubt() {
    CHECKED.set(u64::MAX);
}

/// A visit that goes on was found to be in order.
pub fn confirm(stay: Stay, access: Access, epoch: u64) {
    CHECKED.set(epoch);
    READ_ONLY.set(access == Access::ReadOnly);
    STAY.set(Some(stay));
}

/// Back to what the session was before its first context, path and mirror included. The key stays
/// until the transaction has committed.
pub fn go_outside() -> Result<()> {
    let before = BEFORE.with_borrow(Clone::clone);
    let path = before.map(|b| b.path).unwrap_or_default();
    guc::restore(PATH, &path)?;
    guc::force(MIRROR, "")?;
    ceilings::leave();
    forget_visit();
    Ok(())
}

/// The same for a context that ends with its transaction, which itself puts the settings back.
/// Never raises.
pub fn forget_visit() {
    PLACE.set(Place::Outside);
    ROLE.set(Oid::INVALID);
    STAY.set(None);
    READ_ONLY.set(false);
    engage(false);
    forget_plans();
    ceilings::forget();
    let (role, superuser) =
        BEFORE.with_borrow(|b| b.as_ref().map_or((Oid::INVALID, false), |b| (b.role, b.superuser)));
    roles::become_role(role, superuser);
    shared::withdraw();
    show_activity(roles::session_user());
}

/// Makes the context's role the effective one again, after PostgreSQL put back or reset another.
/// Does nothing outside. Never raises.
pub fn reapply_role() {
    if place() != Place::Outside {
        roles::become_role(ROLE.get(), false);
    }
}
