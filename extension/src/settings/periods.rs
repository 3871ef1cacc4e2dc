//! How long things are kept. Superusers only: an administrator of tenants shall not shorten what
//! protects against a mistake of his own.

use pgrx::{GucContext, GucFlags, GucRegistry, GucSetting};
use std::time::Duration;

const MONTH: i32 = 30 * 24 * 60 * 60;

static RETENTION: GucSetting<i32> = GucSetting::<i32>::new(MONTH);
static NAME_QUARANTINE: GucSetting<i32> = GucSetting::<i32>::new(MONTH);

/// One of the periods.
#[derive(Clone, Copy)]
pub enum Period {
    /// How long a dropped tenant is kept.
    Retention,
    /// How long nobody takes over the former name of a tenant.
    NameQuarantine,
}

/// Defines them. For _PG_init.
pub fn init() {
    GucRegistry::define_int_guc(
        c"tenancy.retention",
        c"How long a dropped tenant is kept before it can be purged.",
        c"tenancy.undrop() brings it back meanwhile.",
        &RETENTION,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"tenancy.name_quarantine",
        c"How long the former name of a renamed tenant is nobody else's.",
        c"What still asks for the old name must not reach another tenant. 0 frees it at once.",
        &NAME_QUARANTINE,
        0,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_S,
    );
}

/// How long.
pub fn period(period: Period) -> Duration {
    let seconds = match period {
        Period::Retention => RETENTION.get(),
        Period::NameQuarantine => NAME_QUARANTINE.get(),
    };
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
