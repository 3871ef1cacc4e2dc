//! A copy against its template, by pg_dump, by what the rows are, by what the catalogs refer to.

use super::registered;
use tenancy_tests::cluster::checked;
use tenancy_tests::database::Database;

/// A schema with every kind of object; psql runs it, statement by statement.
const EVERYTHING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/suite/clone/everything.sql");

/// The rows of all tables and materialized views of a schema, and where its sequences stand.
const CONTENTS: &str = "
    SELECT relname, CASE relkind WHEN 'S' THEN query_to_xml(format('SELECT last_value, is_called FROM %I.%I', $1, relname), false, false, '')::text
      ELSE query_to_xml(format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)), count(*) FROM ONLY %I.%I t', $1, relname), false, false, '')::text END
    FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'm', 'S') AND (relkind <> 'm' OR relispopulated)
    ORDER BY relname";

/// What of a copy refers to the template, by name.
const LEAKS: &str = "
    SELECT pg_describe_object(classid, objid, objsubid) || ' -> ' || pg_describe_object(refclassid, refobjid, refobjsubid)
    FROM pg_depend, pg_identify_object(classid, objid, objsubid) AS o, pg_identify_object(refclassid, refobjid, refobjsubid) AS r
    WHERE refclassid > 0 AND o.identity ~ '\\macme\\.' AND r.identity ~ '(^|[^.\\w])everything\\.'";

fn dump(database: &Database<'_>, schema: &str) -> String {
    let mut command = database.cluster().command("pg_dump");
    let options = ["--schema-only", "--no-owner", "--no-privileges", "--schema", schema];
    let text = checked(command.args(options).arg(database.name()));
    let own = |word: &str| word.replace(schema, "template");
    text.lines().filter(|line| !line.contains("restrict")).map(own).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_copy_of_every_kind_of_object_is_like_its_template() {
    let database = Database::new();
    let mut psql = database.cluster().command("psql");
    checked(psql.args([
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database.name(),
        "-f",
        EVERYTHING,
    ]));
    let superuser = database.superuser().await;
    superuser.run("SELECT tenancy.register_template('kinds', schema => 'everything')").await;
    superuser.run("SELECT tenancy.create('acme', 'kinds', schema => 'acme')").await;
    let (template, copy) = (dump(&database, "everything"), dump(&database, "acme"));
    for (here, there) in template.lines().zip(copy.lines()) {
        assert_eq!(here, there);
    }
    assert_eq!(template.lines().count(), copy.lines().count());
    assert_eq!(contents(&database, "everything"), contents(&database, "acme"));
    assert!(superuser.rows(LEAKS).await.is_empty(), "{:?}", superuser.rows(LEAKS).await);
    assert!(superuser.rows("SELECT * FROM tenancy.differences('acme')").await.is_empty());
    let equal = "SELECT tenancy.fingerprint('everything') = tenancy.fingerprint('acme')";
    assert_eq!(superuser.text(equal).await, "t");
}

fn contents(database: &Database<'_>, schema: &str) -> String {
    database.superuser_sql(&CONTENTS.replace("$1", &format!("'{schema}'")))
}

#[tokio::test]
async fn the_copy_works_for_the_tenant_alone() {
    let database = Database::new();
    let objects = "CREATE TABLE item (id serial PRIMARY KEY, name text NOT NULL UNIQUE);
        CREATE FUNCTION add(n text) RETURNS int LANGUAGE sql AS $$ INSERT INTO item (name) VALUES (n) RETURNING id $$;
        CREATE VIEW items AS SELECT count(*) AS n FROM item;
        INSERT INTO item (name) VALUES ('seed')";
    let superuser = registered(&database, "shop", objects).await;
    let application = database.login(&[]);
    for name in ["acme", "globex"] {
        superuser
            .run(&format!(
                "SELECT tenancy.create('{name}', 'shop'), tenancy.grant_login('{}', '{name}')",
                application.name()
            ))
            .await;
    }
    let session = application.connect().await;
    session.run("SELECT tenancy.enter('acme')").await;
    assert_eq!(session.text("SELECT add('second')").await, "2");
    assert_eq!(session.text("SELECT n FROM items").await, "2");
    let other = application.connect().await;
    other.run("SELECT tenancy.enter('globex')").await;
    assert_eq!(other.text("SELECT n FROM items").await, "1");
    assert_eq!(superuser.text("SELECT n FROM shop.items").await, "1");
}

#[tokio::test]
async fn an_expression_of_varchars_is_the_same_after_being_read_again() {
    let database = Database::new();
    let objects =
        "CREATE TABLE item (status varchar(9) CHECK (status IN ('new', 'old')), kind varchar(3));
        CREATE INDEX ON item (kind) WHERE status IN ('new', 'a]b');
        CREATE VIEW fresh AS SELECT kind FROM item WHERE status NOT IN ('old', 'x')";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop')").await;
    assert!(superuser.rows("SELECT * FROM tenancy.differences('acme')").await.is_empty());
}

#[tokio::test]
async fn a_table_with_the_name_of_a_type_of_postgresqls_is_copied() {
    let database = Database::new();
    let objects = "CREATE TABLE line (id int, name text);
        CREATE FUNCTION label(l shop.line) RETURNS text LANGUAGE sql AS $$ SELECT l.name $$;
        CREATE TABLE holder (one shop.line)";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    let leaks = LEAKS.replace("everything", "shop");
    assert!(superuser.rows(&leaks).await.is_empty());
    let differences = superuser.rows("SELECT * FROM tenancy.differences('acme')").await;
    assert!(differences.is_empty(), "{differences:?}");
}

#[tokio::test]
async fn a_view_whose_common_table_expression_has_the_name_of_a_table_reads_the_copys_own() {
    let database = Database::new();
    let objects = "CREATE TABLE item (id int, shop int);
        CREATE TABLE shop (id int, item int);
        CREATE VIEW fresh AS WITH item AS (SELECT id FROM shop.item) SELECT item.id FROM item;
        CREATE VIEW joined AS WITH item AS (SELECT i.id FROM shop.item i JOIN shop ON shop.item = i.id) SELECT item.id FROM item";
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    assert!(superuser.rows(&LEAKS.replace("everything", "shop")).await.is_empty());
    superuser.run("INSERT INTO acme.item VALUES (7); INSERT INTO acme.shop VALUES (1, 7)").await;
    assert_eq!(superuser.text("SELECT id FROM acme.fresh").await, "7");
    assert_eq!(superuser.text("SELECT id FROM acme.joined").await, "7");
}
