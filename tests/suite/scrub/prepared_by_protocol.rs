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
