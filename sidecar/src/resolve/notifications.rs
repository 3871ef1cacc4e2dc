//! What a notification on the registry's channel says. A hint only: it may be lost, late, or
//! sent by somebody who means no good, so the worst that it may do is to make us ask again.

/// What may have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Anything.
    Everything,
    /// One tenant.
    Tenant(i64),
}

impl Hint {
    /// Reads a payload. One that cannot be read may mean anything, so it means everything.
    pub fn parse(payload: &str) -> Self {
        payload.parse().map_or(Self::Everything, Self::Tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_a_tenant_id_or_means_everything() {
        assert_eq!(Hint::parse("42"), Hint::Tenant(42));
        for payload in ["*", "", "acme", "4 2"] {
            assert_eq!(Hint::parse(payload), Hint::Everything);
        }
    }
}
