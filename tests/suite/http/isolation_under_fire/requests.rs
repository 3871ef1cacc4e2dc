//! What the clients send: probes that report where they are and what they see of others, and
//! mischief that tries to be seen by the next one on the same connection. Sends nothing itself.

use serde_json::{Value, json};

/// Where a session is, whose rows it sees, and what a predecessor left behind in it: nothing.
pub const PROBE: &str = "SELECT
    tenancy.current() AS tenant, tenancy.current_id()::text AS id, current_user AS role,
    current_setting('search_path') AS path, pg_backend_pid() AS pid,
    (SELECT array_agg(DISTINCT body) FROM note) AS bodies,
    concat_ws(' ',
        (SELECT 'temp' FROM pg_class WHERE relnamespace = pg_my_temp_schema() LIMIT 1),
        (SELECT 'prepared' FROM pg_prepared_statements WHERE from_sql LIMIT 1),
        (SELECT 'cursor' FROM pg_cursors WHERE is_holdable LIMIT 1),
        (SELECT 'listen' FROM pg_listening_channels() LIMIT 1),
        (SELECT 'lock' FROM pg_locks
         WHERE locktype = 'advisory' AND pid = pg_backend_pid() LIMIT 1),
        CASE WHEN current_setting('work_mem') <> '4MB' THEN 'work_mem' END,
        CASE WHEN current_setting('statement_timeout') <> '0' THEN 'timeout' END,
        CASE WHEN current_setting('fire.mark', true) <> '' THEN 'mark' END) AS residue";

/// Each ends up on a connection that serves another tenant next. Those of one statement run
/// outside of a transaction block, where DISCARD ALL for one is at home.
pub const MISCHIEF: &[&[&str]] = &[
    &["DEALLOCATE ALL"],
    &["DISCARD ALL"],
    &["DISCARD TEMP"],
    &["RESET ROLE"],
    &["RESET ALL"],
    &["SET ROLE postgres"],
    &["SET SESSION AUTHORIZATION DEFAULT"],
    &["ROLLBACK"],
    &["DO $$ BEGIN ROLLBACK; SET search_path = public; END $$"],
    &["PREPARE s0(text, text) AS SELECT $1 || $2"],
    &["DEALLOCATE ALL", "PREPARE s0 AS SELECT 'stolen' AS body", "PREPARE s1 AS SELECT 1"],
    &["CREATE TEMP TABLE note AS SELECT 'stolen'::text AS body", "CREATE TEMP TABLE own (id int)"],
    &["CREATE TEMP VIEW note AS SELECT 'stolen'::text AS body"],
    &["SET search_path = pg_temp, public"],
    &[
        "SET work_mem = '64kB'",
        "SET fire.mark = 'stolen'",
        "SELECT set_config('fire.mark', 'x', false)",
    ],
    &["SET statement_timeout = '1ms'"],
    &["SELECT set_config('tenancy.tenant', 't01', false)"],
    &["LISTEN news", "NOTIFY news, 'stolen'"],
    &["SELECT pg_advisory_lock(1)", "SELECT pg_try_advisory_lock_shared(2)"],
    &["DECLARE held CURSOR WITH HOLD FOR SELECT 'stolen' AS body", "FETCH 1 FROM held"],
    &["SELECT tenancy.leave()"],
    &["SELECT tenancy.switch(repeat('0', 64), 't02')"],
    &["SELECT tenancy.enter('t03')"],
    &["COPY note TO STDOUT"],
    &["SELECT pg_terminate_backend(pg_backend_pid())"],
    &["SELECT 1 / 0"],
];

/// The bodies that are left in tables by those whose work must not last.
pub const VANISHED: &str = "vanished";

/// One statement.
pub fn single(sql: &str) -> Value {
    json!({ "query": sql })
}

/// Statements in one transaction.
pub fn batch(statements: &[&str]) -> Value {
    let queries: Vec<Value> = statements.iter().map(|sql| single(sql)).collect();
    json!({ "queries": queries })
}

/// A row with the tenant's name, in what is believed to be the tenant's table, and a probe.
pub fn write_and_probe(tenant: &str) -> Value {
    batch(&[&format!("INSERT INTO note (body) VALUES ('{tenant}')"), PROBE])
}

/// The same row by a statement that does not leave the commit to the end of the request.
pub fn write_and_commit(tenant: &str) -> Value {
    single(&format!("DO $$ BEGIN INSERT INTO note (body) VALUES ('{tenant}'); COMMIT; END $$"))
}

/// Mischief; in a transaction block a look at the rows comes last.
pub fn mischief(statements: &[&str]) -> Value {
    match statements {
        [one] => single(one),
        many => batch(&[many, &["SELECT body FROM note"]].concat()),
    }
}

/// Work that is still under way when its client hangs up.
pub fn abandoned() -> Value {
    let insert = format!("INSERT INTO note (body) VALUES ('{VANISHED}')");
    batch(&[&insert, "SELECT pg_sleep(0.3)"])
}

/// Work that the server cancels by itself.
pub fn timed_out() -> Value {
    let insert = format!("INSERT INTO note (body) VALUES ('{VANISHED}')");
    batch(&[&insert, "SET statement_timeout = '10ms'", "SELECT pg_sleep(1)"])
}

/// A target for those who cancel.
pub fn slow() -> Value {
    batch(&["SELECT pg_sleep(0.03)", PROBE])
}
