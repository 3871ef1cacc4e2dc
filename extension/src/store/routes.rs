//! From a hostname or a name to a tenant, for sidecars and administrators.

use crate::sql::{self, Row};
use tenancy_core::Result;
use tenancy_core::hostname::Hostname;

/// Where a hostname leads.
pub struct Route {
    /// The tenant's name.
    pub tenant: String,
    /// Its id.
    pub id: i64,
    /// Its status.
    pub status: String,
    /// What it may do while suspended.
    pub suspension: Option<String>,
    /// What `switch()` answers as long as this route holds.
    pub generation: i64,
}

const COLUMNS: &str = "SELECT t.name, t.id, t.status, t.suspension, \
    greatest(t.generation, (SELECT generation FROM tenancy.registry)) FROM tenancy.tenant t";

fn route(row: Row<'_>) -> Result<Route> {
    Ok(Route {
        tenant: row.required(1)?,
        id: row.required(2)?,
        status: row.required(3)?,
        suspension: row.get(4)?,
        generation: row.required(5)?,
    })
}

/// The tenant that a hostname leads to.
pub fn resolve(hostname: &str) -> Result<Option<Route>> {
    let hostname = Hostname::parse(hostname)?;
    let query = format!(
        "{COLUMNS} JOIN tenancy.domain d ON d.tenant_id = t.id \
         WHERE d.hostname = $1 AND d.active AND t.dropped_at IS NULL"
    );
    sql::as_registry(|s| s.first(&query, &[hostname.as_str().into()], route))
}

/// The tenant of a name.
pub fn resolve_name(name: &str) -> Result<Option<Route>> {
    let query = format!("{COLUMNS} WHERE t.name = $1 AND t.dropped_at IS NULL");
    sql::as_registry(|s| s.first(&query, &[name.into()], route))
}
