//! Utility statements as a guard sees them: one form per thing that may be decided differently.
//! The border to PostgreSQL translates parse nodes into these; nothing here decides anything.

/// What a statement makes, alters, drops, renames or comments on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Lives in a schema, so that PostgreSQL's own rights say where and whose: relations with all
    /// that belongs to them, routines, types, operators, text search, collations,
    /// conversions, statistics.
    InSchema,
    /// A routine whose code is the server's own or in a library of its machine.
    NativeRoutine,
    /// A routine that runs with its owner's rights.
    DefinerRoutine,
    /// Its id is the same for the whole database.
    LargeObject,
    /// A role, a membership, everything that roles own.
    Role,
    /// A database.
    Database,
    /// A tablespace.
    Tablespace,
    /// A schema.
    Schema,
    /// An extension, its members and what depends on it.
    Extension,
    /// A procedural language.
    Language,
    /// Foreign-data wrappers, servers, user mappings, foreign tables.
    Foreign,
    /// Publications and subscriptions.
    Replication,
    /// An event trigger.
    EventTrigger,
    /// An access method.
    AccessMethod,
    /// Casts and transforms belong to no schema and act everywhere.
    Cast,
    /// The right to set a parameter.
    Parameter,
    /// Of a kind that this version does not know.
    Unknown,
}

/// A role as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleName {
    /// CURRENT_USER, CURRENT_ROLE.
    Current,
    /// SESSION_USER: the login.
    Session,
    /// PUBLIC.
    Public,
    /// By name.
    Named(String),
}

/// GRANT or REVOKE on objects, or the default privileges of objects to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Kind of the objects.
    pub object: Object,
    /// To or from whom.
    pub grantees: Vec<RoleName>,
    /// GRANTED BY, or FOR ROLE of default privileges.
    pub grantors: Vec<RoleName>,
    /// Schemas named instead of objects: ALL ... IN SCHEMA, IN SCHEMA.
    pub schemas: Vec<String>,
}

/// Where COPY reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// A table of the tenant's or a shared one, or a query, from or to the client.
    Client,
    /// A file or a program of the server.
    Server,
    /// One of PostgreSQL's own relations, read without a query.
    Catalog,
    /// A table with a column of type regclass or its like, read without a query.
    References,
}

/// A relation that is to be locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockTarget {
    /// Its schema; `None` for a temporary one of this session.
    pub schema: Option<String>,
    /// A table, partitioned or not. Locking a view locks what it reads.
    pub table: bool,
}

/// A utility statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// BEGIN, COMMIT, ROLLBACK, SAVEPOINT and the like.
    Transaction,
    /// PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED.
    TwoPhaseCommit,
    /// SET, RESET, but for SET TRANSACTION SNAPSHOT.
    Setting,
    /// SHOW.
    Show,
    /// SET TRANSACTION SNAPSHOT.
    Snapshot,
    /// SET CONSTRAINTS.
    Constraints,
    /// DISCARD ALL.
    DiscardAll,
    /// DISCARD PLANS, SEQUENCES, TEMP.
    Discard,
    /// PREPARE.
    Prepare,
    /// EXECUTE, EXPLAIN EXECUTE, CREATE TABLE AS EXECUTE, DEALLOCATE of the named statement.
    Prepared(String),
    /// DEALLOCATE ALL.
    DeallocateAll,
    /// DECLARE, FETCH, MOVE, CLOSE.
    Cursor,
    /// DO, CALL.
    Code,
    /// EXPLAIN, CREATE TABLE AS, REFRESH MATERIALIZED VIEW: planned like a query.
    Query,
    /// LISTEN, UNLISTEN, NOTIFY of a channel, with the bytes of the payload.
    Channel(String, Option<usize>),
    /// UNLISTEN *.
    UnlistenAll,
    /// COPY.
    Copy(Copy),
    /// LOCK; `strong` when the mode keeps others from writing.
    Lock {
        /// Whether the mode conflicts with writing.
        strong: bool,
        /// What is locked.
        targets: Vec<LockTarget>,
    },
    /// TRUNCATE.
    Truncate,
    /// VACUUM, ANALYZE, CLUSTER, REINDEX of relations by name.
    Maintenance,
    /// The same of everything, or of a schema.
    MaintenanceOfAll,
    /// LOAD.
    Load,
    /// ALTER SYSTEM, CHECKPOINT.
    Server,
    /// SECURITY LABEL.
    Label,
    /// CREATE, ALTER, DROP, RENAME, COMMENT.
    Object(Object),
    /// ALTER ... OWNER TO.
    Owner,
    /// ALTER ... SET SCHEMA.
    Move(Object, String),
    /// GRANT, REVOKE, ALTER DEFAULT PRIVILEGES.
    Grant(Grant),
    /// CREATE POLICY, ALTER POLICY: for whom.
    Policy(Vec<RoleName>),
    /// A parse node that nobody has decided about, by its tag.
    Unknown(u32),
}
