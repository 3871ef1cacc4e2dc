//! The one error of this crate: what PostgreSQL's error report carries, without PostgreSQL.

use std::fmt;

/// A result whose error can be reported to a database client as it is.
pub type Result<T> = std::result::Result<T, Error>;

/// The SQLSTATEs that tenancy raises, named as in PostgreSQL's appendix A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlState {
    /// 0A000: not possible, and perhaps never will be.
    FeatureNotSupported,
    /// 22023: a name, hostname or argument that cannot be used.
    InvalidParameterValue,
    /// 25001: not possible inside a transaction block.
    ActiveSqlTransaction,
    /// 25006: a write by a tenant that is suspended to reading.
    ReadOnlySqlTransaction,
    /// 26000: no prepared statement of that name.
    UndefinedStatement,
    /// 28000: wrong key or seal.
    InvalidAuthorization,
    /// 3D000: unknown tenant or host.
    UndefinedTenant,
    /// 3F000: no such schema.
    UndefinedSchema,
    /// 40001: what the caller decided on has changed meanwhile; again from the start.
    SerializationFailure,
    /// 42601: a text that is not SQL.
    SyntaxError,
    /// 42501: refused by a guard.
    InsufficientPrivilege,
    /// 42710: the tenant exists.
    DuplicateObject,
    /// 55000: wrong state for the operation, or no context where one is required.
    ObjectNotInPrerequisiteState,
    /// 57P03: the tenant is suspended.
    CannotConnectNow,
    /// 42704: no such login, plan or template.
    UndefinedObject,
    /// 53000: a table of fixed size is full.
    InsufficientResources,
    /// 53400: more than a ceiling allows.
    LimitExceeded,
    /// XX000: a fact that this code relies on does not hold.
    InternalError,
}

impl SqlState {
    /// The five characters that a client sees.
    pub const fn code(self) -> &'static str {
        match self {
            Self::FeatureNotSupported => "0A000",
            Self::InvalidParameterValue => "22023",
            Self::ActiveSqlTransaction => "25001",
            Self::ReadOnlySqlTransaction => "25006",
            Self::UndefinedStatement => "26000",
            Self::InvalidAuthorization => "28000",
            Self::UndefinedTenant => "3D000",
            Self::UndefinedSchema => "3F000",
            Self::SerializationFailure => "40001",
            Self::SyntaxError => "42601",
            Self::InsufficientPrivilege => "42501",
            Self::DuplicateObject => "42710",
            Self::ObjectNotInPrerequisiteState => "55000",
            Self::CannotConnectNow => "57P03",
            Self::UndefinedObject => "42704",
            Self::InsufficientResources => "53000",
            Self::LimitExceeded => "53400",
            Self::InternalError => "XX000",
        }
    }
}

/// A refusal in PostgreSQL's style: message in lower case without a full stop, then what was
/// seen (DETAIL) and the way out (HINT). None of the three ever names another tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Class of the error.
    pub code: SqlState,
    /// Primary message.
    pub message: String,
    /// What was seen.
    pub detail: Option<String>,
    /// The way out.
    pub hint: Option<String>,
    /// For the server's log and the audit alone: may name what the client must not see.
    pub private: Option<String>,
}

impl Error {
    /// An error with a message alone.
    pub fn new(code: SqlState, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), detail: None, hint: None, private: None }
    }

    /// Adds what was seen.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what only the server's log and the audit may tell.
    pub fn private(mut self, private: impl Into<String>) -> Self {
        self.private = Some(private.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
