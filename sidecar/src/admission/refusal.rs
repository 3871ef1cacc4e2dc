//! Why somebody is not let in, as PostgreSQL says such things; each face puts it into its own
//! protocol. All of it may be shown to the client.

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE.
    pub code: &'static str,
    /// Primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
}

/// Result whose error the client sees.
pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    /// With SQLSTATE and message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None }
    }

    /// Adds DETAIL.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds HINT.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same for a tenant that is not there and one that the login may not enter.
    pub fn unknown() -> Self {
        Self::new("3D000", "no tenant of this login is known under this name or host").hint(
            "Check the name. An administrator registers hostnames (tenancy.add_domain) and lets the login in (tenancy.grant_login).",
        )
    }

    /// The same for a wrong password, no password, and a login that there is not.
    pub fn wrong_password(login: &str) -> Self {
        Self::new("28P01", format!("password authentication failed for user \"{login}\""))
    }

    /// The registry cannot be reached; the log says more.
    pub fn unavailable() -> Self {
        Self::new("08006", "the database cannot be reached").hint("Try again in a moment.")
    }

    /// An operator, or the end of the process.
    pub fn ended() -> Self {
        Self::new("57P01", "terminating connection due to administrator command")
            .hint("Connect again.")
    }

    /// Two sources that do not lead to one tenant.
    pub fn disagreement(one: &str, other: &str) -> Self {
        Self::new("22023", format!("{one} and {other} do not name the same tenant"))
            .hint("Send one of them, or make them agree.")
    }
}
