//! Functions of PostgreSQL that return the server's state as rows, one for each process, lock or
//! the like. Where one stands in FROM, its rows are filtered; everywhere else it has to be refused.

/// The rows of such a function that are the session's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mine {
    /// None.
    Nothing,
    /// Those where the column holds the process id of this session.
    Process(&'static str),
    /// Those where the column is true.
    True(&'static str),
}

/// A function in schema pg_catalog that returns the server's state.
#[derive(Clone, Copy, Debug)]
pub struct RowFunction {
    /// Its name; none of them is overloaded.
    pub name: &'static str,
    /// What a tenant sees.
    pub mine: Mine,
}

const fn row(name: &'static str, mine: Mine) -> RowFunction {
    RowFunction { name, mine }
}

/// Every such function that ordinary logins may call, by name.
pub const ROW_FUNCTIONS: &[RowFunction] = &[
    row("pg_get_aios", Mine::Nothing),
    row("pg_get_publication_tables", Mine::Nothing),
    row("pg_get_replication_slots", Mine::Nothing),
    row("pg_lock_status", Mine::Process("pid")),
    // What the protocol prepared is the gateway's business.
    row("pg_prepared_statement", Mine::True("from_sql")),
    row("pg_prepared_xact", Mine::Nothing),
    row("pg_show_replication_origin_status", Mine::Nothing),
    row("pg_stat_get_activity", Mine::Process("pid")),
    row("pg_stat_get_archiver", Mine::Nothing),
    row("pg_stat_get_backend_idset", Mine::Nothing),
    row("pg_stat_get_backend_io", Mine::Nothing),
    row("pg_stat_get_backend_wal", Mine::Nothing),
    row("pg_stat_get_io", Mine::Nothing),
    row("pg_stat_get_progress_info", Mine::Process("pid")),
    row("pg_stat_get_recovery_prefetch", Mine::Nothing),
    row("pg_stat_get_replication_slot", Mine::Nothing),
    row("pg_stat_get_slru", Mine::Nothing),
    row("pg_stat_get_subscription", Mine::Nothing),
    row("pg_stat_get_subscription_stats", Mine::Nothing),
    row("pg_stat_get_wal", Mine::Nothing),
    row("pg_stat_get_wal_receiver", Mine::Nothing),
    row("pg_stat_get_wal_senders", Mine::Nothing),
    row("pg_tablespace_databases", Mine::Nothing),
];

/// What a tenant sees of a function of schema pg_catalog, `None` when it is not of this kind.
pub fn row_function(name: &str) -> Option<&'static RowFunction> {
    ROW_FUNCTIONS.iter().find(|function| function.name == name)
}
