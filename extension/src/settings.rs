//! The `tenancy.*` settings, each with the reason for who may change it when.

mod maxima;
mod periods;
mod rations;

use crate::ffi::{backend, report, settings};
use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting, PostgresGucEnum};
use std::ffi::CString;
use tenancy_core::quote::identifier_list;
use tenancy_core::relations::Mode;
use tenancy_core::{Error, SqlState};

pub use maxima::maximum;
pub use periods::{Period, period};
pub use rations::ration;

/// Mirror of the context for clients and logs. Internal: nobody sets it, resets it or puts it
/// into a SET clause; the truth is in the session's memory.
static TENANT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));

/// Superusers only, so that a database may have its own (`ALTER DATABASE ... SET`) while no
/// tenant can put a schema into its path.
static SHARED_SCHEMAS: GucSetting<Option<CString>> =
    GucSetting::<Option<CString>>::new(Some(c"public"));

/// Superusers only, so that no tenant can raise it. PostgreSQL itself takes any number of payloads
/// of 8000 bytes, and keeps them until the slowest listener of the server has read them.
static MAX_NOTIFY_BYTES: GucSetting<i32> = GucSetting::<i32>::new(1 << 20);
/// Superusers only: all sessions of the server share one lock table.
static MAX_ADVISORY_LOCKS: GucSetting<i32> = GucSetting::<i32>::new(1000);
/// What becomes of sessions that touch a tenant's schema without having entered the tenant.
/// Superusers only, for a login or a database by ALTER ROLE or ALTER DATABASE ... SET.
static GUARD: GucSetting<Guard> = GucSetting::<Guard>::new(Guard::Warn);

/// Superusers only: each spare is a schema's worth of files. For the server or a database.
static SPARES: GucSetting<i32> = GucSetting::<i32>::new(0);
/// In the configuration file alone, so that PostgreSQL itself logs every change of it.
static ALARM_ONLY: GucSetting<bool> = GucSetting::<bool>::new(false);

/// The values of `tenancy.guard`, as SQL spells them.
#[derive(Clone, Copy, PostgresGucEnum)]
enum Guard {
    #[name = c"off"]
    Off,
    #[name = c"warn"]
    Warn,
    #[name = c"strict"]
    Strict,
}

/// Refuses to be loaded by anything but `shared_preload_libraries` (55000): a backend that lacks
/// the hooks would be a hole.
pub fn require_preload() {
    if backend::is_preloading() {
        return;
    }
    report::raise(
        Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            "tenancy must be loaded by shared_preload_libraries",
        )
        .hint(
            "Add to postgresql.conf: shared_preload_libraries = 'tenancy', and restart the server.",
        ),
    );
}

/// Defines the settings. For _PG_init.
pub fn init() {
    GucRegistry::define_string_guc(
        c"tenancy.tenant",
        c"Name of the tenant that the session is in.",
        c"Read-only: tenancy.enter(), leave() and switch() change it.",
        &TENANT,
        GucContext::Internal,
        GucFlags::REPORT | GucFlags::NO_RESET_ALL | GucFlags::DISALLOW_IN_FILE,
    );
    GucRegistry::define_string_guc(
        c"tenancy.shared_schemas",
        c"Schemas that every tenant finds in its search path behind its own.",
        c"For extensions and reference data; nobody but an administrator may create in them.",
        &SHARED_SCHEMAS,
        GucContext::Suset,
        GucFlags::default(),
    );
    maxima::init();
    periods::init();
    rations::init();
    GucRegistry::define_int_guc(
        c"tenancy.max_notify_bytes",
        c"Bytes that a tenant's transaction may send by NOTIFY and pg_notify().",
        c"-1 means no limit.",
        &MAX_NOTIFY_BYTES,
        -1,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_BYTE,
    );
    GucRegistry::define_int_guc(
        c"tenancy.max_advisory_locks",
        c"Advisory locks that a session may hold inside a tenant.",
        c"Different keys count, those of the session and those of the transaction.",
        &MAX_ADVISORY_LOCKS,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"tenancy.spares",
        c"Schemas that are kept ready for new tenants of each template that is a schema.",
        c"0 keeps none: each tenant is made when it is asked for.",
        &SPARES,
        0,
        1000,
        GucContext::Suset,
        GucFlags::default(),
    );
    init_guard();
    settings::reserve_prefix(c"tenancy");
    settings::report_to_clients(c"search_path");
}

fn init_guard() {
    GucRegistry::define_enum_guc(
        c"tenancy.guard",
        c"What becomes of sessions that touch a tenant's schema without having entered the tenant.",
        c"off, warn (logged and counted) or strict (refused). Members of tenancy_bypass, superusers and background processes pass.",
        &GUARD,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_bool_guc(
        c"tenancy.alarm_only",
        c"Makes the relation guard and tenancy.guard log what they would refuse.",
        c"For an emergency. Privileges, the sealed context and the cleaning of sessions stay as they are.",
        &ALARM_ONLY,
        GucContext::Sighup,
        GucFlags::default(),
    );
}

/// The setting `tenancy.guard`.
pub fn guard() -> Mode {
    match GUARD.get() {
        Guard::Off => Mode::Off,
        Guard::Warn => Mode::Warn,
        Guard::Strict => Mode::Strict,
    }
}

/// The setting `tenancy.alarm_only`.
pub fn alarm_only() -> bool {
    ALARM_ONLY.get()
}

/// The schemas that all tenants share, as the setting spells them.
pub fn shared_schemas_as_set() -> CString {
    SHARED_SCHEMAS.get().unwrap_or_default()
}

/// The schemas that all tenants share.
pub fn shared_schemas() -> Vec<String> {
    identifier_list(&shared_schemas_as_set().to_string_lossy())
}

/// Most advisory locks of a session inside a tenant.
pub fn max_advisory_locks() -> usize {
    usize::try_from(MAX_ADVISORY_LOCKS.get()).unwrap_or(0)
}

/// Spares that are kept of each template.
pub fn spares() -> i32 {
    SPARES.get()
}

/// Bytes that a tenant's transaction may send by notifications, -1 for no limit.
pub fn max_notify_bytes() -> i32 {
    MAX_NOTIFY_BYTES.get()
}
