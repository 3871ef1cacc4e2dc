//! The kinds of residue: how a tenant leaves each, and how the next one would find it. Says nothing
//! of how sessions move.

/// One kind.
pub struct Kind {
    /// In words.
    pub name: &'static str,
    /// Leaves it; may be run again in the same session.
    pub mess: &'static str,
    /// Finds it, in any tenant and in none.
    pub look: &'static str,
}

/// Objects of one catalog in the session's temporary schema.
macro_rules! temporary {
    ($catalog:literal, $namespace:literal) => {
        concat!("SELECT count(*) FROM ", $catalog, " WHERE ", $namespace, " = pg_my_temp_schema()")
    };
}

/// All of them.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "settings",
        mess: "SET work_mem = '7MB'; SET statement_timeout = '7h'; SET application_name = 'acme';
               SET TimeZone = 'Asia/Tokyo'; SET client_min_messages = 'error'",
        look: "SELECT current_setting('work_mem'), current_setting('statement_timeout'),
                      current_setting('application_name'), current_setting('TimeZone'),
                      current_setting('client_min_messages')",
    },
    Kind {
        name: "settings of the application's own",
        mess: "SET app.user_id = '7'",
        look: "SELECT nullif(current_setting('app.user_id', true), '')",
    },
    Kind {
        name: "the character of transactions",
        mess: "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE, DEFERRABLE",
        look: "SELECT current_setting('default_transaction_isolation'),
                      current_setting('default_transaction_deferrable'),
                      current_setting('transaction_isolation')",
    },
    Kind {
        name: "temporary relations",
        mess: "DROP TABLE IF EXISTS pg_temp.x CASCADE; CREATE TEMP TABLE x (i serial PRIMARY KEY);
               CREATE TEMP VIEW y AS SELECT * FROM pg_temp.x",
        look: temporary!("pg_class", "relnamespace"),
    },
    Kind {
        name: "temporary functions",
        mess: "CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        look: temporary!("pg_proc", "pronamespace"),
    },
    Kind {
        name: "temporary types",
        mess: "DROP TYPE IF EXISTS pg_temp.e; CREATE TYPE pg_temp.e AS ENUM ('a')",
        look: temporary!("pg_type", "typnamespace"),
    },
    Kind {
        name: "temporary operators",
        mess: "DROP OPERATOR IF EXISTS pg_temp.=== (int, int);
               CREATE OPERATOR pg_temp.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
        look: temporary!("pg_operator", "oprnamespace"),
    },
    Kind {
        name: "held cursors",
        mess: "CLOSE ALL; DECLARE c CURSOR WITH HOLD FOR SELECT 'acme'",
        look: "SELECT count(*) FROM pg_cursors WHERE name <> ''",
    },
    Kind {
        name: "statements prepared by SQL",
        mess: "DEALLOCATE ALL; PREPARE p AS SELECT 'acme'; PREPARE \"P q\" AS SELECT 2",
        look: "SELECT count(*) FROM pg_prepared_statements",
    },
    Kind {
        name: "channels listened to",
        mess: "LISTEN acme",
        look: "SELECT count(*) FROM pg_listening_channels()",
    },
    Kind {
        name: "advisory locks",
        mess: "SELECT pg_advisory_lock(7), pg_advisory_lock_shared(7, 8), pg_try_advisory_lock(7)",
        look: "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    },
    Kind {
        name: "sequence values",
        mess: "SELECT nextval('note_id_seq')",
        look: "SELECT lastval()",
    },
    // Last, because the others find their tables by it.
    Kind {
        name: "a search path",
        mess: "SET search_path = pg_temp, pg_catalog",
        // Schemas have random names, which say nothing here.
        look: "SELECT regexp_replace(current_setting('search_path'), 't_[a-z0-9]+', 't')",
    },
];
