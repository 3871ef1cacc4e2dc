//! Channels of LISTEN and NOTIFY. PostgreSQL has one set of them for a whole database; a tenant's
//! own is the part behind a prefix that its statements never see. An application that listens
//! outside of every tenant names the whole: `tenancy:<id>:<name>`.

use crate::{Error, Result, SqlState, mutant};

const PREFIX: &str = "tenancy:";
/// PostgreSQL's channel names are shorter than NAMEDATALEN.
const MAX_BYTES: usize = 63;

/// The database's name for a tenant's channel; 22023 when it is empty or too long.
pub fn encode(tenant: i64, name: &str) -> Result<String> {
    if name.is_empty() {
        return Err(Error::new(SqlState::InvalidParameterValue, "channel name cannot be empty"));
    }
    let prefix = format!("{PREFIX}{tenant}:");
    if prefix.len() + name.len() > MAX_BYTES {
        let left = MAX_BYTES.saturating_sub(prefix.len());
        return Err(Error::new(SqlState::InvalidParameterValue, "channel name too long")
            .hint(format!("Inside this tenant a channel name has at most {left} bytes.")));
    }
    Ok(prefix + name)
}

/// The tenant and its own name of a channel; `None` for one that belongs to no tenant.
pub fn decode(channel: &str) -> Option<(i64, &str)> {
    let (tenant, name) = split(channel.as_bytes())?;
    Some((tenant, channel.get(name..)?))
}

/// The tenant and where its own name starts. Bytes, for a client's encoding may be any.
fn split(channel: &[u8]) -> Option<(i64, usize)> {
    let rest = channel.strip_prefix(PREFIX.as_bytes())?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let tenant = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    (rest[digits] == b':').then_some((tenant, PREFIX.len() + digits + 1))
}

/// The bytes that a transaction has sent, with these; 53400 beyond the limit (-1 for none). The
/// queue is one for all databases of the server.
pub fn volume(sent: u64, more: usize, limit: i32) -> Result<u64> {
    let sent = sent.saturating_add(more as u64);
    match u64::try_from(limit) {
        Ok(limit) if sent > limit => Err(too_much(limit)),
        _ => Ok(sent),
    }
}

fn too_much(limit: u64) -> Error {
    Error::new(SqlState::LimitExceeded, "too many notifications in one transaction")
        .detail(format!("Inside a tenant a transaction sends at most {limit} bytes."))
        .hint("Notify of a row's key, not of its content; tenancy.max_notify_bytes is the limit.")
}

/// What becomes of a notification on its way to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It goes out as it is.
    AsIs,
    /// It goes out under what is behind this many bytes of the channel's name.
    Behind(usize),
    /// It does not go out.
    Dropped,
}

/// Decides a notification of a session that is in this tenant, or in none. One of no tenant was
/// listened to by the application before it entered, and is the application's.
pub fn delivery(channel: &[u8], tenant: Option<i64>) -> Delivery {
    match (tenant, split(channel)) {
        (None, _) | (_, None) => Delivery::AsIs,
        (Some(own), Some((tenant, name))) if own == tenant => Delivery::Behind(name),
        _ if mutant::disabled("utility.notification") => Delivery::AsIs,
        _ => Delivery::Dropped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_decodes_to_the_same() {
        for (tenant, name) in [(1, "orders"), (i64::MAX, "a:b"), (7, "tenancy:8:orders"), (9, "ä")]
        {
            assert_eq!(decode(&encode(tenant, name).unwrap()), Some((tenant, name)));
        }
        assert_eq!(encode(42, "orders").unwrap(), "tenancy:42:orders");
    }

    #[test]
    fn no_name_reaches_into_another_tenant() {
        let inside = encode(7, "tenancy:8:orders").unwrap();
        assert_eq!(decode(&inside).unwrap().0, 7);
        assert_ne!(encode(1, "2:x").unwrap(), encode(12, "x").unwrap());
    }

    #[test]
    fn a_name_fills_what_the_prefix_leaves_and_no_more() {
        assert_eq!(encode(7, &"x".repeat(53)).unwrap().len(), 63);
        for name in [&"x".repeat(54), ""] {
            assert_eq!(encode(7, name).unwrap_err().code, SqlState::InvalidParameterValue);
        }
        assert!(encode(7, &"x".repeat(54)).unwrap_err().hint.unwrap().contains("53 bytes"));
    }

    #[test]
    fn a_channel_of_no_tenant_is_none() {
        for channel in
            ["orders", "tenancy_registry", "tenancy:", "tenancy:x:y", "tenancy:7", "tenancy:+7:x"]
        {
            assert_eq!(decode(channel), None, "{channel}");
        }
    }

    #[test]
    fn a_transaction_sends_up_to_the_limit() {
        assert_eq!(volume(0, 10, 10).unwrap(), 10);
        assert_eq!(volume(10, 1, 10).unwrap_err().code, SqlState::LimitExceeded);
        assert_eq!(volume(0, 1, 0).unwrap_err().code, SqlState::LimitExceeded);
        assert_eq!(volume(u64::MAX, 1, -1).unwrap(), u64::MAX);
    }

    #[test]
    fn a_notification_is_delivered_under_the_tenants_own_name() {
        assert_eq!(delivery(b"tenancy:7:orders", Some(7)), Delivery::Behind(10));
        assert_eq!(delivery(b"tenancy:7:orders", Some(8)), Delivery::Dropped);
        assert_eq!(delivery(b"tenancy:7:orders", None), Delivery::AsIs);
        assert_eq!(delivery(b"orders", Some(7)), Delivery::AsIs);
    }
}
