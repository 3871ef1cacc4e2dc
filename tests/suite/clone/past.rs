//! What the past of a schema has left in its catalogs: its copy has it as well.

use super::registered;
use tenancy_tests::database::Database;

const COLUMNS: &str = "
    SELECT c.relname, a.attname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attndims, a.atthasdef, a.attinhcount,
      (SELECT spcname FROM pg_tablespace WHERE oid = c.reltablespace), pg_get_expr(d.adbin, d.adrelid)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = $1::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'i', 'I', 'm')
    ORDER BY 1, 3";

async fn has_the_same_columns(objects: &str) {
    let database = Database::new();
    let superuser = registered(&database, "shop", objects).await;
    superuser.run("SELECT tenancy.create('acme', 'shop', schema => 'acme')").await;
    let columns = |schema: &str| database.superuser_sql(&COLUMNS.replace("$1", schema));
    let template = columns("'shop'");
    assert!(!template.is_empty());
    assert_eq!(template, columns("'acme'"));
    assert!(superuser.rows("SELECT * FROM tenancy.differences('acme')").await.is_empty());
}

#[tokio::test]
async fn a_child_keeps_the_order_of_its_columns() {
    has_the_same_columns(
        "CREATE TABLE animal (id int NOT NULL, name text DEFAULT 'none', CHECK (id > 0));
        CREATE TABLE dog (bark int) INHERITS (animal);
        CREATE TABLE puppy () INHERITS (dog);
        ALTER TABLE animal ADD age int DEFAULT 1;
        CREATE TABLE cat (name text, purr int, id int NOT NULL, age int, CONSTRAINT animal_id_check CHECK (id > 0));
        ALTER TABLE cat INHERIT animal;
        ALTER TABLE dog ALTER name DROP DEFAULT;
        ALTER TABLE animal ADD CONSTRAINT young CHECK (age < 9) NOT VALID",
    )
    .await;
}

#[tokio::test]
async fn a_column_keeps_its_dimensions_and_an_index_the_name_of_a_column() {
    has_the_same_columns(
        "CREATE TYPE mood AS ENUM ('happy');
        CREATE TABLE item (id int PRIMARY KEY, a varchar(9)[], b text[][], c numeric(4,-2)[], d mood[]);
        CREATE TABLE made AS SELECT * FROM item;
        CREATE TABLE alike (LIKE item);
        CREATE INDEX ON item (b, lower(a[1])) INCLUDE (d);
        ALTER TABLE item RENAME id TO number;
        ALTER TABLE item RENAME d TO moods",
    )
    .await;
}

#[tokio::test]
async fn a_table_and_its_index_keep_their_tablespace() {
    let database = Database::new();
    let superuser = database.superuser().await;
    let space = database.name();
    superuser.run("SET allow_in_place_tablespaces = on").await;
    superuser.run(&format!("CREATE TABLESPACE {space} LOCATION ''")).await;
    has_the_same_columns(&format!(
        "CREATE TABLE item (id int PRIMARY KEY USING INDEX TABLESPACE {space}) TABLESPACE {space};
        CREATE TABLE event (id int PRIMARY KEY) PARTITION BY LIST (id) TABLESPACE {space};
        CREATE MATERIALIZED VIEW items TABLESPACE {space} AS SELECT id FROM item"
    ))
    .await;
}
