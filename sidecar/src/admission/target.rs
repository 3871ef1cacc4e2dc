//! What a client asks for, before anything is looked up: the places in which it may have named a
//! tenant. All that lead somewhere must lead to the same tenant.

use tenancy_core::hostname::Hostname;
use tenancy_core::name::TenantName;

/// What a client asks for. It stays the same for as long as the client is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    sources: Vec<Source>,
}

/// One place in which a tenant was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What the client knows the place as, such as `the host`.
    pub what: &'static str,
    /// What stands there.
    pub key: Key,
    /// Whether the tenant was named there on purpose: it must exist. Otherwise (the name of a
    /// proxy, say) the place is passed over when it leads nowhere and another one does.
    pub must_lead: bool,
}

/// How a tenant is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// By a hostname.
    Hostname(Hostname),
    /// By its name.
    Name(TenantName),
    /// By what can be neither, so there is none.
    Neither,
}

impl Target {
    /// Adds a source.
    pub fn and(mut self, what: &'static str, key: Key, must_lead: bool) -> Self {
        self.sources.push(Source { what, key, must_lead });
        self
    }

    /// Where a tenant was named; maybe nowhere.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }
}
