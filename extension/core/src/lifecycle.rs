//! The states of a tenant and the one table of moves between them.

use crate::{Error, Result, SqlState};
use std::fmt;

/// Where a tenant stands between the first registry row and the last trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The registry knows the name; nothing else exists.
    Registered,
    /// Roles, schema and template are in place.
    Provisioned,
    /// What was provisioned has been checked.
    Verified,
    /// In service.
    Active,
    /// Out of service, or reading only.
    Suspended,
    /// Hidden and revoked, kept for a while.
    Dropped,
    /// Being removed, one batch after the other.
    Purging,
    /// Gone.
    Purged,
}

/// What moves a tenant from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Make roles and schema, replay the template.
    Provision,
    /// Check what was provisioned.
    Verify,
    /// Put into service.
    Activate,
    /// Take out of service.
    Suspend,
    /// Put back into service.
    Resume,
    /// Hide and revoke.
    Drop,
    /// Take a drop back.
    Undrop,
    /// Remove for good, or go on with it.
    Purge,
    /// Remove the last of it.
    FinishPurge,
    /// Give schema and data to an ordinary role, and forget the tenant.
    Release,
}

use Operation as Op;
use Status as St;

/// Every allowed move. What is not in the table is refused.
const TRANSITIONS: &[(Status, Operation, Status)] = &[
    (St::Registered, Op::Provision, St::Provisioned),
    (St::Provisioned, Op::Verify, St::Verified),
    (St::Verified, Op::Activate, St::Active),
    (St::Active, Op::Suspend, St::Suspended),
    (St::Suspended, Op::Suspend, St::Suspended),
    (St::Suspended, Op::Resume, St::Active),
    (St::Registered, Op::Drop, St::Dropped),
    (St::Provisioned, Op::Drop, St::Dropped),
    (St::Verified, Op::Drop, St::Dropped),
    (St::Active, Op::Drop, St::Dropped),
    (St::Suspended, Op::Drop, St::Dropped),
    (St::Dropped, Op::Undrop, St::Suspended),
    (St::Dropped, Op::Purge, St::Purging),
    (St::Purging, Op::Purge, St::Purging),
    (St::Purging, Op::FinishPurge, St::Purged),
    (St::Provisioned, Op::Release, St::Purged),
    (St::Verified, Op::Release, St::Purged),
    (St::Active, Op::Release, St::Purged),
    (St::Suspended, Op::Release, St::Purged),
];

const STATUSES: &[(Status, &str)] = &[
    (St::Registered, "registered"),
    (St::Provisioned, "provisioned"),
    (St::Verified, "verified"),
    (St::Active, "active"),
    (St::Suspended, "suspended"),
    (St::Dropped, "dropped"),
    (St::Purging, "purging"),
    (St::Purged, "purged"),
];

impl Status {
    /// The state as the registry spells it; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        STATUSES.iter().find(|(_, name)| *name == text).map(|(status, _)| *status)
    }

    /// The spelling of the registry.
    pub fn as_str(self) -> &'static str {
        STATUSES.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }

    /// Whether a tenant in this state is hidden from everybody, and its name free.
    pub fn is_hidden(self) -> bool {
        matches!(self, Self::Dropped | Self::Purging | Self::Purged)
    }

    /// The state after `operation`, or 55000 when a tenant in this state does not take it.
    pub fn after(self, operation: Operation) -> Result<Self> {
        TRANSITIONS
            .iter()
            .find(|(from, via, _)| *from == self && *via == operation)
            .map(|(_, _, to)| *to)
            .ok_or_else(|| self.refuse(operation))
    }

    fn refuse(self, operation: Operation) -> Error {
        let from: Vec<&str> = TRANSITIONS
            .iter()
            .filter(|(_, via, _)| *via == operation)
            .map(|(from, _, _)| from.as_str())
            .collect();
        Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            format!("cannot {operation} a tenant that is {self}"),
        )
        .detail(format!("The operation takes a tenant that is {}.", from.join(" or ")))
        .hint("SELECT name, status FROM tenancy.tenants shows where each tenant stands.")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provision => "provision",
            Self::Verify => "verify",
            Self::Activate => "activate",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Drop => "drop",
            Self::Undrop => "undrop",
            Self::Purge => "purge",
            Self::FinishPurge => "finish purging",
            Self::Release => "release",
        })
    }
}

/// What a suspended tenant may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suspension {
    /// Nothing.
    Full,
    /// Read.
    ReadOnly,
}

impl Suspension {
    /// Takes `full` or `read_only`, else 22023.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "full" => Ok(Self::Full),
            "read_only" => Ok(Self::ReadOnly),
            _ => Err(Error::new(
                SqlState::InvalidParameterValue,
                format!("invalid suspension mode {text:?}"),
            )
            .hint("Use \"full\" or \"read_only\".")),
        }
    }

    /// The spelling of the registry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read_only",
        }
    }
}

/// What a session may do in a tenant that is in this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read and write.
    Full,
    /// Read.
    ReadOnly,
}

/// Admission to a tenant by its state: in service, reading only, or refused (57P03 while
/// suspended, 55000 before it is active, 3D000 when it is gone).
pub fn admit(status: Status, suspension: Option<Suspension>) -> Result<Access> {
    match (status, suspension) {
        (St::Active, _) => Ok(Access::Full),
        (St::Suspended, Some(Suspension::ReadOnly)) => Ok(Access::ReadOnly),
        (St::Suspended, _) => Err(suspended()),
        (St::Registered | St::Provisioned | St::Verified, _) => Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            "the tenant is not in service yet",
        )
        .detail(format!("Its status is \"{status}\"."))
        .hint("An administrator puts it into service by tenancy.activate().")),
        (St::Dropped | St::Purging | St::Purged, _) => Err(unknown_tenant()),
    }
}

/// Admission of what is still being filled: nobody else gets in until it is done.
pub fn admit_import(status: Status) -> Result<Access> {
    match status {
        St::Registered => Ok(Access::Full),
        _ => Err(Error::new(
            SqlState::ObjectNotInPrerequisiteState,
            "the tenant is not being imported",
        )
        .detail(format!("Its status is \"{status}\"."))
        .hint("tenancy.import_begin() makes a tenant that rows can be copied into.")),
    }
}

/// The refusal of a tenant that is suspended, or is being suspended.
pub fn suspended() -> Error {
    Error::new(SqlState::CannotConnectNow, "the tenant is suspended")
        .hint("Try again later, or ask the administrator to call tenancy.resume().")
}

/// The one refusal for a tenant that is hidden, gone, never was, or not granted to the login, so
/// that none can be told from the others.
pub fn unknown_tenant() -> Error {
    Error::new(SqlState::UndefinedTenant, "unknown tenant")
        .detail("There is no tenant of that name that this login may enter.")
        .hint(
            "Check the name; an administrator grants access by tenancy.grant_login(login, tenant).",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATIONS: [Operation; 10] = [
        Op::Provision,
        Op::Verify,
        Op::Activate,
        Op::Suspend,
        Op::Resume,
        Op::Drop,
        Op::Undrop,
        Op::Purge,
        Op::FinishPurge,
        Op::Release,
    ];

    #[test]
    fn every_pair_of_state_and_operation_is_decided_by_the_table() {
        for (status, _) in STATUSES {
            for operation in OPERATIONS {
                let row = TRANSITIONS.iter().find(|(f, o, _)| f == status && *o == operation);
                match status.after(operation) {
                    Ok(next) => assert_eq!(Some(next), row.map(|r| r.2)),
                    Err(e) => {
                        assert!(row.is_none());
                        assert_eq!(e.code, SqlState::ObjectNotInPrerequisiteState);
                    }
                }
            }
        }
    }

    #[test]
    fn no_tenant_reaches_service_without_being_verified() {
        let into_service: Vec<_> = TRANSITIONS
            .iter()
            .filter(|(_, _, to)| *to == St::Active)
            .map(|(from, ..)| *from)
            .collect();
        assert_eq!(into_service, [St::Verified, St::Suspended]);
    }

    #[test]
    fn only_active_and_read_only_tenants_admit_a_session() {
        for (status, _) in STATUSES {
            for suspension in [None, Some(Suspension::Full), Some(Suspension::ReadOnly)] {
                let admitted = admit(*status, suspension).ok();
                let expected = match (status, suspension) {
                    (St::Active, _) => Some(Access::Full),
                    (St::Suspended, Some(Suspension::ReadOnly)) => Some(Access::ReadOnly),
                    _ => None,
                };
                assert_eq!(admitted, expected, "{status} {suspension:?}");
            }
        }
    }

    #[test]
    fn nothing_leads_back_once_the_removal_has_begun() {
        for (from, _, to) in TRANSITIONS {
            if matches!(from, St::Purging | St::Purged) {
                assert!(matches!(to, St::Purging | St::Purged), "{from} leads to {to}");
            }
        }
        assert!(TRANSITIONS.iter().all(|(from, ..)| *from != St::Purged));
    }

    #[test]
    fn hidden_tenants_admit_nobody_in_any_way() {
        for (status, _) in STATUSES.iter().filter(|(status, _)| status.is_hidden()) {
            for suspension in [None, Some(Suspension::ReadOnly)] {
                assert!(admit(*status, suspension).is_err(), "{status}");
            }
        }
    }

    #[test]
    fn spelling_round_trips() {
        for (status, name) in STATUSES {
            assert_eq!(Status::parse(name), Some(*status));
        }
        assert_eq!(Status::parse("Active"), None);
    }
}
