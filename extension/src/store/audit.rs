//! The audit trail: written in the transaction that did what it tells.

use crate::ffi::roles;
use crate::sql::Session;
use tenancy_core::Result;

/// Notes what the session's login did, to which tenant and object. Texts only: details that hold a
/// script or a secret do not belong here.
pub fn note(
    session: &mut Session<'_, '_>,
    action: &str,
    tenant: Option<i64>,
    object: Option<&str>,
    detail: &[(&str, &str)],
) -> Result<()> {
    let keys: Vec<&str> = detail.iter().map(|(key, _)| *key).collect();
    let values: Vec<&str> = detail.iter().map(|(_, value)| *value).collect();
    session.kept(
        "INSERT INTO tenancy.audit (actor, action, tenant_id, object, detail) \
         VALUES ($1, $2, $3, $4, jsonb_object($5, $6))",
        &[
            roles::name(roles::session_user()).into(),
            action.into(),
            tenant.into(),
            object.into(),
            keys.into(),
            values.into(),
        ],
        |_| Ok(()),
    )?;
    Ok(())
}
