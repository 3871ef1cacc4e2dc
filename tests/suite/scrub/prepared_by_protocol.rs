//! Statements prepared by the protocol are the pooler's: they stay, and mean the new tenant's
//! tables.

use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::{Reply, Request, Wire};

const SEAL: &str = "a seal that is long enough";

#[tokio::test]
async fn a_statement_of_the_protocol_stays_and_reads_the_new_tenants_rows() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut wire = Wire::connect(&tenants.application).await;
    wire.query(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await.unwrap();
    wire.ask(Request::new().parse("read", "SELECT body, tenancy.current() FROM note").sync()).await;
    // Often enough for PostgreSQL to keep a generic plan.
    for _ in 0..7 {
        assert_reads(&mut wire, "acme").await;
    }
    for name in ["globex", "acme", "globex"] {
        wire.query(&format!("SELECT tenancy.enter('{name}', '{SEAL}')")).await.unwrap();
        for _ in 0..7 {
            assert_reads(&mut wire, name).await;
        }
    }
}

#[tokio::test]
async fn a_statement_of_the_protocol_writes_into_the_new_tenant() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut wire = Wire::connect(&tenants.application).await;
    wire.query(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await.unwrap();
    wire.ask(Request::new().parse("write", "INSERT INTO note (body) VALUES ($1)").sync()).await;
    for name in ["acme", "globex"] {
        wire.query(&format!("SELECT tenancy.enter('{name}', '{SEAL}')")).await.unwrap();
        let write = Request::new().bind("write", &[Some(&format!("of {name}"))]).execute().sync();
        let replies = wire.ask(write).await;
        assert!(replies.contains(&Reply::Complete("INSERT 0 1".to_owned())), "{replies:?}");
    }
    for name in ["acme", "globex"] {
        let bodies = tenants.enter(name).await.rows("SELECT body FROM note ORDER BY id").await;
        assert_eq!(bodies.concat(), [Some(name.to_owned()), Some(format!("of {name}"))]);
    }
}

#[tokio::test]
async fn a_statement_of_sql_under_a_protocol_name_does_not_take_that_one_along() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    let mut wire = Wire::connect(&tenants.application).await;
    wire.query(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await.unwrap();
    // Prepared and deallocated by SQL, then the name is the protocol's.
    wire.query("PREPARE read AS SELECT 1; DEALLOCATE read").await.unwrap();
    wire.ask(Request::new().parse("read", "SELECT body, tenancy.current() FROM note").sync()).await;
    wire.query(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await.unwrap();
    assert_reads(&mut wire, "globex").await;
}

async fn assert_reads(wire: &mut Wire, name: &str) {
    let replies = wire.ask(Request::new().bind("read", &[]).execute().sync()).await;
    let row = Reply::Row(vec![Some(name.to_owned()), Some(name.to_owned())]);
    assert!(replies.contains(&row), "{name}: {replies:?}");
}

#[tokio::test]
async fn a_statement_of_the_protocol_takes_values_of_the_new_tenants_types() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex", "initech"]).await;
    for name in ["acme", "globex"] {
        let (schema, role) =
            (tenants.column(name, "schema").await, tenants.column(name, "role").await);
        database.superuser_sql(&format!(
            "CREATE TYPE {schema}.kind AS ENUM ('{name}'); CREATE TABLE {schema}.item (k {schema}.kind);
             INSERT INTO {schema}.item VALUES ('{name}'); GRANT SELECT ON {schema}.item TO {role}"
        ));
    }
    let mut wire = Wire::connect(&tenants.application).await;
    wire.query(&format!("SELECT tenancy.enter('acme', '{SEAL}')")).await.unwrap();
    let text = "SELECT k FROM item WHERE k = $1 AND k = ANY ($2)";
    wire.ask(Request::new().parse("read", text).sync()).await;
    for name in ["acme", "globex", "acme", "globex"] {
        wire.query(&format!("SELECT tenancy.enter('{name}', '{SEAL}')")).await.unwrap();
        let list = format!("{{{name}}}");
        let replies = bind(&mut wire, name, &list).await;
        assert!(replies.contains(&Reply::Complete("SELECT 1".to_owned())), "{name}: {replies:?}");
        let other = if name == "acme" { "globex" } else { "acme" };
        let replies = format!("{:?}", bind(&mut wire, other, &list).await);
        assert!(replies.contains("invalid input value for enum kind:"), "{name}: {replies}");
    }
    // Where there is no such type nothing is told of it.
    let schema = tenants.column("globex", "schema").await;
    wire.query(&format!("SELECT tenancy.enter('initech', '{SEAL}')")).await.unwrap();
    let replies = format!("{:?}", bind(&mut wire, "x", "{x}").await);
    assert!(replies.contains("Error") && !replies.contains(&schema), "{replies}");
    wire.query(&format!("SELECT tenancy.enter('globex', '{SEAL}')")).await.unwrap();
    let replies = bind(&mut wire, "globex", "{globex}").await;
    assert!(replies.contains(&Reply::Complete("SELECT 1".to_owned())), "{replies:?}");
}

async fn bind(wire: &mut Wire, one: &str, list: &str) -> Vec<Reply> {
    wire.ask(Request::new().bind("read", &[Some(one), Some(list)]).execute().sync()).await
}
