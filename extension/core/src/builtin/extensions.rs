//! Extensions whose functions are refused inside a tenant wherever they are installed: they look
//! into pages, caches, logs and other databases, or work for all of the server. Functions of other
//! extensions are the administrator's choice.

const REFUSED: &[&str] = &[
    "adminpack",
    "amcheck",
    "auto_explain",
    "dblink",
    "file_fdw",
    "old_snapshot",
    "pageinspect",
    "pg_buffercache",
    "pg_cron",
    "pg_freespacemap",
    "pg_logicalinspect",
    "pg_partman",
    "pg_prewarm",
    "pg_repack",
    "pg_squeeze",
    "pg_stat_kcache",
    "pg_stat_monitor",
    "pg_stat_statements",
    "pg_surgery",
    "pg_visibility",
    "pg_wait_sampling",
    "pg_walinspect",
    "pgaudit",
    "pglogical",
    "pgrowlocks",
    "pgstattuple",
    "plproxy",
    "postgres_fdw",
    "set_user",
    "sslinfo",
    "xml2",
];

/// Whether functions of the extension are refused.
pub fn is_refused_extension(name: &str) -> bool {
    REFUSED.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_the_search_finds_it() {
        assert!(REFUSED.is_sorted());
        assert!(is_refused_extension("dblink"));
        assert!(is_refused_extension("set_user"));
        assert!(!is_refused_extension("citext"));
    }
}
