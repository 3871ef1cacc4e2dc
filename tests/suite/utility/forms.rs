//! Forms of utility statements that run, and forms that do not, as a member who may create and as
//! the owner.

use super::tenants;
use tenancy_tests::database::Database;
use tokio_postgres::error::SqlState;

/// What a migration does, and ordinary code.
const ORDINARY: &[&str] = &[
    "CREATE TABLE made (id serial PRIMARY KEY, t text, n int REFERENCES made)",
    "CREATE VIEW seen AS SELECT * FROM pg_class",
    "CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one",
    "CREATE TYPE mood AS ENUM ('good')",
    "CREATE TYPE pair AS (a int, b int)",
    "CREATE TYPE span AS RANGE (subtype = int)",
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
    "CREATE SEQUENCE counter",
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE PROCEDURE nothing() LANGUAGE sql AS ''",
    "CREATE AGGREGATE together (int) (SFUNC = int4pl, STYPE = int)",
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    "CREATE TEXT SEARCH CONFIGURATION words (COPY = pg_catalog.simple)",
    "CREATE COLLATION plain FROM \"C\"",
    "CREATE CONVERSION converted FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
    "CREATE TEMP TABLE fleeting AS SELECT 1 AS one",
    "CREATE INDEX ON fleeting (one)",
    "ALTER TABLE fleeting ADD two int",
    "LOCK TABLE fleeting IN ACCESS EXCLUSIVE MODE",
    "DECLARE c CURSOR FOR SELECT 1",
    "FETCH c",
    "CLOSE c",
    "SET CONSTRAINTS ALL IMMEDIATE",
    "DO 'BEGIN NULL; END'",
    "CALL nothing()",
    "EXPLAIN SELECT 1",
    "SHOW search_path",
    "SET LOCAL work_mem = '1MB'",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "LISTEN x",
    "NOTIFY x, 'y'",
    "UNLISTEN x",
    "UNLISTEN *",
    "COPY made FROM STDIN",
    "COPY made TO STDOUT",
    "COPY (SELECT relname FROM pg_class) TO STDOUT",
];

/// What only the owner of a table may do.
const OWNERS: &[&str] = &[
    "COMMENT ON TABLE made IS 'made'",
    "COMMENT ON COLUMN made.t IS 'text'",
    "ALTER TABLE made ADD more int",
    "CREATE INDEX ON made (t)",
    "CREATE TRIGGER noted BEFORE INSERT ON made FOR EACH ROW EXECUTE FUNCTION noted()",
    "CREATE RULE ruled AS ON INSERT TO seen DO INSTEAD NOTHING",
    "CREATE STATISTICS correlated ON id, n FROM made",
    "ALTER TABLE made ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY all_rows ON made TO CURRENT_USER, PUBLIC USING (true)",
    "ALTER TABLE made RENAME TO renamed",
    "ALTER TABLE renamed SET SCHEMA {schema}",
    "GRANT SELECT ON renamed TO {role}, {owner}, CURRENT_USER",
    "REVOKE ALL ON renamed FROM PUBLIC",
    "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role}",
    "REFRESH MATERIALIZED VIEW kept",
    "ANALYZE renamed",
    "REINDEX TABLE renamed",
    "LOCK TABLE renamed IN ACCESS EXCLUSIVE MODE",
    "TRUNCATE renamed",
    "DROP TABLE renamed",
    "ALTER FUNCTION noted() SECURITY INVOKER",
    "ALTER TYPE mood ADD VALUE 'bad'",
    "DROP FUNCTION noted()",
];

/// What nobody does inside a tenant.
const REFUSED: &[&str] = &[
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'",
    "SET TRANSACTION SNAPSHOT '00000003-0000001B-1'",
    "SET LOCAL TRANSACTION SNAPSHOT '00000003-0000001B-1'",
    "LOAD 'auto_explain'",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "CHECKPOINT",
    "CREATE ROLE nobody",
    "CREATE USER MAPPING FOR CURRENT_USER SERVER s",
    "ALTER ROLE CURRENT_USER SET work_mem = '1GB'",
    "ALTER ROLE {role} RENAME TO x",
    "ALTER ROLE {role} SET work_mem = '1GB'",
    "DROP ROLE {role}",
    "COMMENT ON ROLE {role} IS 'x'",
    "SECURITY LABEL ON ROLE {role} IS 'x'",
    "SECURITY LABEL ON TABLE note IS 'x'",
    "GRANT {role} TO {owner}",
    "REVOKE {role} FROM {owner}",
    "REASSIGN OWNED BY CURRENT_USER TO {owner}",
    "DROP OWNED BY CURRENT_USER",
    "ALTER DEFAULT PRIVILEGES FOR ROLE {login} GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {login}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
    "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO PUBLIC",
    "GRANT SELECT ON note TO {login}",
    "GRANT SELECT ON note TO SESSION_USER",
    "GRANT SELECT ON note TO nobody_at_all",
    "REVOKE SELECT ON note FROM {login}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "GRANT USAGE ON SCHEMA {schema} TO PUBLIC",
    "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
    "GRANT SELECT ON LARGE OBJECT 1 TO PUBLIC",
    "CREATE POLICY p ON note TO {login} USING (true)",
    "ALTER POLICY p ON note TO nobody_at_all",
    "ALTER TABLE note OWNER TO {login}",
    "ALTER TABLE note ADD x int, OWNER TO CURRENT_USER",
    "ALTER FUNCTION f() OWNER TO {owner}",
    "ALTER LARGE OBJECT 1 OWNER TO {role}",
    "COMMENT ON LARGE OBJECT 1 IS 'x'",
    "ALTER TABLE note SET SCHEMA public",
    "CREATE SCHEMA another",
    "CREATE SCHEMA IF NOT EXISTS {schema}",
    "ALTER SCHEMA {schema} RENAME TO x",
    "DROP SCHEMA IF EXISTS x",
    "COMMENT ON SCHEMA {schema} IS 'x'",
    "CREATE DATABASE another",
    "ALTER DATABASE postgres SET work_mem = '1GB'",
    "ALTER DATABASE postgres CONNECTION LIMIT 0",
    "ALTER DATABASE postgres REFRESH COLLATION VERSION",
    "DROP DATABASE postgres",
    "COMMENT ON DATABASE postgres IS 'x'",
    "CREATE TABLESPACE x LOCATION '/tmp'",
    "ALTER TABLESPACE pg_default SET (seq_page_cost = 1)",
    "ALTER TABLE ALL IN TABLESPACE pg_default SET TABLESPACE pg_default",
    "DROP TABLESPACE IF EXISTS x",
    "CREATE EXTENSION citext",
    "ALTER EXTENSION tenancy UPDATE",
    "ALTER EXTENSION tenancy ADD TABLE note",
    "ALTER EXTENSION tenancy SET SCHEMA {schema}",
    "ALTER INDEX note_pkey DEPENDS ON EXTENSION tenancy",
    "DROP EXTENSION tenancy",
    "CREATE LANGUAGE x HANDLER plpgsql_call_handler",
    "DROP LANGUAGE IF EXISTS x",
    "CREATE FOREIGN DATA WRAPPER x",
    "ALTER FOREIGN DATA WRAPPER x OPTIONS (a 'b')",
    "CREATE SERVER x FOREIGN DATA WRAPPER y",
    "ALTER SERVER x VERSION '1'",
    "CREATE FOREIGN TABLE x () SERVER y",
    "ALTER USER MAPPING FOR CURRENT_USER SERVER x OPTIONS (a 'b')",
    "DROP USER MAPPING FOR CURRENT_USER SERVER x",
    "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
    "CREATE PUBLICATION x FOR TABLE note",
    "ALTER PUBLICATION x ADD TABLE note",
    "CREATE SUBSCRIPTION x CONNECTION '' PUBLICATION y",
    "ALTER SUBSCRIPTION x DISABLE",
    "DROP SUBSCRIPTION x",
    "CREATE EVENT TRIGGER x ON ddl_command_end EXECUTE FUNCTION f()",
    "ALTER EVENT TRIGGER tenancy_watch_ddl DISABLE",
    "CREATE ACCESS METHOD x TYPE INDEX HANDLER bthandler",
    "CREATE CAST (int AS text) WITH INOUT",
    "CREATE TRANSFORM FOR int LANGUAGE plpgsql (FROM SQL WITH FUNCTION f(internal))",
    "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'",
    "CREATE FUNCTION f(text) RETURNS text LANGUAGE internal AS 'pg_read_file'",
    "CREATE FUNCTION f(text) RETURNS text AS 'pg_read_file' LANGUAGE 'internal'",
    "COPY note TO '/tmp/x'",
    "COPY note FROM '/tmp/x'",
    "COPY note TO PROGRAM 'true'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "VACUUM",
    "VACUUM FULL",
    "ANALYZE",
    "CLUSTER",
    "REINDEX SYSTEM",
    "REINDEX DATABASE",
    "REINDEX SCHEMA {schema}",
];

#[tokio::test]
async fn what_reaches_beyond_a_tenant_is_refused_to_member_and_owner() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let names = names(&tenants).await;
    for session in [tenants.enter("acme").await, tenants.enter_as_owner(&database, "acme").await] {
        for attempt in REFUSED {
            let attempt = filled(attempt, &names);
            let error = match session.batch_execute(&attempt).await {
                // REINDEX without a name is a matter of newer versions.
                Err(error) if error.code() == Some(&SqlState::SYNTAX_ERROR) => continue,
                Err(error) => error.as_db_error().unwrap().clone(),
                Ok(()) => panic!("{attempt}: was not refused"),
            };
            assert_eq!(error.code(), &SqlState::INSUFFICIENT_PRIVILEGE, "{attempt}: {error}");
            let ours = error.message().ends_with("is not allowed inside a tenant");
            assert!(ours && error.hint().is_some(), "{attempt}: {error}");
        }
    }
}

#[tokio::test]
async fn ordinary_statements_run_as_member_with_the_right_to_create() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let names = names(&tenants).await;
    let member = tenants.enter("acme").await;
    for statement in ORDINARY {
        run(&member, &filled(statement, &names)).await;
    }
    // What it makes belongs to the owner.
    assert_eq!(member.refusal("DROP TABLE made").await, SqlState::INSUFFICIENT_PRIVILEGE);
}

#[tokio::test]
async fn migrations_run_as_the_owner() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let names = names(&tenants).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    for statement in ORDINARY.iter().chain(OWNERS) {
        run(&owner, &filled(statement, &names)).await;
    }
}

#[tokio::test]
async fn a_shared_table_is_not_locked_against_others() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    database.superuser_sql(
        "CREATE TABLE public.plan (id int);
         GRANT SELECT, INSERT, UPDATE ON public.plan TO tenancy_tenant",
    );
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner.run("CREATE VIEW through AS SELECT * FROM plan").await;
    owner
        .run("BEGIN; LOCK plan IN ROW EXCLUSIVE MODE; LOCK through IN ACCESS SHARE MODE; COMMIT")
        .await;
    for target in ["plan", "public.plan", "note, plan", "through", "pg_class"] {
        for mode in ["SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"] {
            let lock = format!("BEGIN; LOCK {target} IN {mode} MODE");
            let code = owner.refusal(&lock).await;
            assert_eq!(code, SqlState::INSUFFICIENT_PRIVILEGE, "{lock}");
            owner.run("ROLLBACK").await;
        }
    }
}

#[tokio::test]
async fn a_statement_is_refused_wherever_it_stands() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let session = tenants.enter_as_owner(&database, "acme").await;
    for attempt in [
        "DO $$ BEGIN EXECUTE 'CREATE SCHEMA x'; END $$",
        "CREATE PROCEDURE pg_temp.p() LANGUAGE plpgsql AS $$ BEGIN CREATE SCHEMA x; END $$;
         CALL pg_temp.p()",
        "CREATE FUNCTION pg_temp.f() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'CREATE SCHEMA x';
         SELECT pg_temp.f()",
        "SELECT 1; CREATE SCHEMA x",
    ] {
        let error = session.refused(attempt).await;
        assert_eq!(error.message(), "changing schemas is not allowed inside a tenant", "{attempt}");
    }
    let prepared = session.prepare("CREATE SCHEMA x").await.unwrap();
    assert!(session.execute(&prepared, &[]).await.is_err());
}

struct Names {
    schema: String,
    role: String,
    owner: String,
    login: String,
}

async fn names(tenants: &tenancy_tests::tenant::Tenants) -> Names {
    Names {
        schema: tenants.column("acme", "schema").await,
        role: tenants.column("acme", "role").await,
        owner: tenants.column("acme", "owner").await,
        login: tenants.application.name().to_owned(),
    }
}

fn filled(statement: &str, names: &Names) -> String {
    statement
        .replace("{schema}", &names.schema)
        .replace("{role}", &names.role)
        .replace("{owner}", &names.owner)
        .replace("{login}", &names.login)
}

/// In a block where it needs one; COPY with its data.
async fn run(session: &tenancy_tests::session::Session, statement: &str) {
    if statement.ends_with("FROM STDIN") {
        let mut sink = Box::pin(session.copy_in::<_, &[u8]>(statement).await.unwrap());
        assert_eq!(sink.as_mut().finish().await.unwrap(), 0);
    } else if statement.ends_with("TO STDOUT") {
        session.copy_out(statement).await.unwrap();
    } else if ["LOCK", "DECLARE"].iter().any(|word| statement.starts_with(word)) {
        session.run(&format!("BEGIN; {statement}")).await;
    } else if ["FETCH", "CLOSE"].iter().any(|word| statement.starts_with(word)) {
        session.run(statement).await;
    } else {
        session.run(&format!("{statement}; COMMIT")).await;
    }
}
