//! Everything in which a tenant can leave code behind: whoever runs it, it runs without rights on
//! another tenant. A spy in each tries to read its own tenant, the other one and the registry, and
//! notes what it got; its own tenant's row shows that it ran.

use super::{Neighbours, database};

/// A place for code: how the owner makes it, and what a member does that runs it.
struct Vehicle {
    name: &'static str,
    made_by_owner: &'static str,
    run_by_member: &'static str,
}

const VEHICLES: &[Vehicle] = &[
    Vehicle {
        name: "a function",
        made_by_owner: "SELECT spy()",
        run_by_member: "SELECT spy()",
    },
    Vehicle {
        name: "a trigger behind a cascade",
        made_by_owner: "
            CREATE TABLE parent (id int PRIMARY KEY);
            CREATE TABLE child (id int REFERENCES parent ON DELETE CASCADE ON UPDATE CASCADE);
            CREATE TRIGGER spy AFTER UPDATE OR DELETE ON child FOR EACH ROW EXECUTE FUNCTION spy_trigger();
            INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1)",
        run_by_member: "UPDATE parent SET id = 2; DELETE FROM parent",
    },
    Vehicle {
        name: "a deferred trigger",
        made_by_owner: "
            CREATE TABLE late (i int);
            CREATE CONSTRAINT TRIGGER spy AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION spy_trigger()",
        run_by_member: "BEGIN; INSERT INTO late VALUES (1); COMMIT",
    },
    Vehicle {
        name: "a definer function",
        made_by_owner: "CREATE FUNCTION as_owner() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
                        AS 'BEGIN RETURN spy(); END'",
        run_by_member: "SELECT as_owner()",
    },
    Vehicle {
        name: "a definer function that takes SQL",
        made_by_owner: "CREATE FUNCTION injectable(sql text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
                        AS 'DECLARE r text; BEGIN EXECUTE sql INTO r; RETURN r; END'",
        run_by_member: "SELECT injectable('SELECT spy()')",
    },
    Vehicle {
        name: "a procedure",
        made_by_owner: "CREATE PROCEDURE proc() LANGUAGE plpgsql SECURITY DEFINER
                        AS 'BEGIN PERFORM spy(); END'",
        run_by_member: "CALL proc()",
    },
    Vehicle {
        name: "a view",
        made_by_owner: "CREATE VIEW v AS SELECT spy()",
        run_by_member: "SELECT * FROM v",
    },
    Vehicle {
        name: "a materialized view",
        made_by_owner: "CREATE MATERIALIZED VIEW m AS SELECT spy(); REFRESH MATERIALIZED VIEW m",
        run_by_member: "SELECT * FROM m",
    },
    Vehicle {
        name: "a rule",
        made_by_owner: "CREATE TABLE ruled (i int);
                        CREATE RULE spy AS ON INSERT TO ruled DO ALSO SELECT spy()",
        run_by_member: "INSERT INTO ruled VALUES (1)",
    },
    Vehicle {
        name: "a column default",
        made_by_owner: "CREATE TABLE defaulted (i int, t text DEFAULT spy())",
        run_by_member: "INSERT INTO defaulted (i) VALUES (1)",
    },
    Vehicle {
        name: "a check constraint",
        made_by_owner: "CREATE TABLE checked (i int CHECK (spy() IS NOT NULL))",
        run_by_member: "INSERT INTO checked VALUES (1)",
    },
    Vehicle {
        name: "a domain",
        made_by_owner: "CREATE DOMAIN d AS text CHECK (spy() IS NOT NULL)",
        run_by_member: "SELECT 'x'::d",
    },
    Vehicle {
        name: "an index expression",
        made_by_owner: "CREATE FUNCTION quiet(i int) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN spy(); END';
                        CREATE TABLE indexed (i int); INSERT INTO indexed VALUES (1);
                        CREATE INDEX ON indexed (quiet(i)); REINDEX TABLE indexed; ANALYZE indexed",
        run_by_member: "INSERT INTO indexed VALUES (2)",
    },
    Vehicle {
        name: "a policy",
        made_by_owner: "CREATE TABLE guarded (i int); INSERT INTO guarded VALUES (1);
                        ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
                        CREATE POLICY p ON guarded USING (spy() IS NOT NULL)",
        run_by_member: "SELECT * FROM guarded",
    },
    Vehicle {
        name: "an operator",
        made_by_owner: "CREATE FUNCTION op(int, int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN spy(); END';
                        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = op)",
        run_by_member: "SELECT 1 === 1",
    },
    Vehicle {
        name: "an aggregate",
        made_by_owner: "CREATE FUNCTION step(text, int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN spy(); END';
                        CREATE AGGREGATE agg(int) (SFUNC = step, STYPE = text)",
        run_by_member: "SELECT agg(1)",
    },
];

/// Reads every target it may. Only a lack of rights is passed over in silence.
const SPY: &str = "
    CREATE TABLE target (sql text);
    CREATE TABLE loot (who text DEFAULT current_user, got text);
    CREATE FUNCTION spy() RETURNS text LANGUAGE plpgsql AS $$
    DECLARE target text; got text;
    BEGIN
        FOR target IN SELECT sql FROM target LOOP
            BEGIN
                EXECUTE target INTO got;
                INSERT INTO loot (got) VALUES (got);
            EXCEPTION WHEN insufficient_privilege THEN NULL;
            END;
        END LOOP;
        RETURN 'done';
    END $$;
    CREATE FUNCTION spy_trigger() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM spy(); RETURN NULL; END';
";

async fn send_spies(neighbours: &Neighbours) {
    let Neighbours { own, other, owner, .. } = neighbours;
    owner.run(SPY).await;
    for target in [
        format!("SELECT string_agg(body, '','') FROM {own}.note"),
        format!("SELECT ''of another: '' || string_agg(body, '','') FROM {other}.note"),
        format!("SELECT ''counted: '' || notes FROM {other}.note_count"),
        format!("SELECT ''last: '' || last_value FROM {other}.note_id_seq"),
        format!("UPDATE {other}.note SET body = ''defaced'' RETURNING ''wrote''"),
        format!("DELETE FROM {other}.note RETURNING ''deleted''"),
        "SELECT ''names: '' || string_agg(name, '','') FROM tenancy.tenant".to_owned(),
        "SELECT ''names: '' || string_agg(name, '','') FROM tenancy.tenants".to_owned(),
        "SELECT ''logins: '' || string_agg(login, '','') FROM tenancy.login".to_owned(),
        "SELECT ''route: '' || id FROM tenancy.resolve_name(''globex'')".to_owned(),
        "UPDATE tenancy.login SET tenant_id = NULL RETURNING ''wrote''".to_owned(),
        "SELECT ''passwords: '' || count(*) FROM pg_authid".to_owned(),
        format!("SELECT ''became: '' || set_config(''role'', ''{other}_owner'', true)"),
    ] {
        owner.run(&format!("INSERT INTO target VALUES ('{target}')")).await;
    }
}

#[tokio::test]
async fn code_of_one_tenant_reads_its_own_rows_and_nobody_elses() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    send_spies(&neighbours).await;
    let Neighbours { own, owner, member, .. } = &neighbours;
    for Vehicle { name, made_by_owner, run_by_member } in VEHICLES {
        owner.run("DELETE FROM loot").await;
        owner.run(made_by_owner).await;
        member.run(run_by_member).await;
        let got = owner.rows("SELECT DISTINCT got FROM loot ORDER BY got").await.concat();
        assert_eq!(got, [Some("acme".to_owned())], "{name}");
        let who = owner.text("SELECT string_agg(DISTINCT who, ',') FROM loot").await;
        assert!(who.split(',').all(|role| role.starts_with(own.as_str())), "{name}: {who}");
        neighbours.assert_untouched().await;
    }
}

#[tokio::test]
async fn a_spy_would_find_what_a_wrong_grant_leaves_open() {
    let database = database();
    let neighbours = Neighbours::meet(&database).await;
    send_spies(&neighbours).await;
    let Neighbours { own, other, owner, member, .. } = &neighbours;
    // What the wall must never look like: the reason why the test above can be believed.
    database.superuser_sql(&format!(
        "GRANT USAGE ON SCHEMA {other} TO {own}_owner; GRANT SELECT ON {other}.note TO {own}_owner"
    ));
    member.run("SELECT spy()").await;
    assert_eq!(owner.text("SELECT string_agg(got, ',') FROM loot").await, "acme");
    owner.run("SELECT spy()").await;
    let got = owner.text("SELECT string_agg(DISTINCT got, ',') FROM loot").await;
    assert!(got.contains("of another: globex"), "{got}");
}
