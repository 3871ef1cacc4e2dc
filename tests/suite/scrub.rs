//! What a session carries must not reach the next tenant, whichever way the session moves on. Each
//! kind of residue is looked for as the next user would, and a fresh session says what is right.

mod changes_of_mind;
mod compiled_functions;
mod kinds;
mod prepared_by_protocol;
mod ways;

use kinds::{KINDS, Kind};
use tenancy_tests::database::Database;
use tenancy_tests::tenant::Tenants;
use tenancy_tests::wire::Wire;
use ways::{WAYS, Way};

/// How a tenant may go about it. `?` stands for what leaves the residue.
const MANNERS: [&[&str]; 5] = [
    &["?"],
    &["BEGIN", "?", "COMMIT"],
    &["BEGIN", "?", "ROLLBACK"],
    &["BEGIN", "SAVEPOINT a", "?", "ROLLBACK TO a", "COMMIT"],
    &["BEGIN", "SAVEPOINT a", "?", "RELEASE a", "ROLLBACK"],
];

#[tokio::test]
async fn every_kind_of_residue_is_one() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    for Kind { name, mess, look } in KINDS {
        let mut wire = Wire::connect(&tenants.application).await;
        wire.query("SELECT tenancy.enter('acme')").await.unwrap();
        let before = seen(&mut wire, look).await;
        run(&mut wire, mess).await;
        assert_ne!(seen(&mut wire, look).await, before, "{name} cannot be seen");
    }
}

#[tokio::test]
async fn no_kind_of_residue_is_carried_on_whichever_way_a_session_moves() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for way in WAYS {
        let right = fresh(&database, &tenants, way).await;
        for (kind, right) in KINDS.iter().zip(&right) {
            let mut wire = way.start(&database, &tenants).await;
            run(&mut wire, kind.mess).await;
            way.move_on(&mut wire, &database).await;
            assert_eq!(&seen(&mut wire, kind.look).await, right, "{} by {}", kind.name, way.name);
        }
    }
}

#[tokio::test]
async fn no_transaction_hides_residue_or_brings_it_back() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme", "globex"]).await;
    for way in WAYS {
        let right = fresh(&database, &tenants, way).await;
        for manner in MANNERS {
            let mut wire = way.start(&database, &tenants).await;
            for kind in KINDS {
                for statement in manner {
                    run(&mut wire, &statement.replace('?', kind.mess)).await;
                }
            }
            way.move_on(&mut wire, &database).await;
            for attempt in [
                "SELECT",
                "ROLLBACK",
                "BEGIN; ROLLBACK",
                "BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT",
            ] {
                let _ = wire.query(attempt).await;
                for (kind, right) in KINDS.iter().zip(&right) {
                    let found = seen(&mut wire, kind.look).await;
                    assert_eq!(&found, right, "{}: {manner:?}, {}, {attempt}", kind.name, way.name);
                }
            }
        }
    }
}

/// What a session sees that came the same way and carries nothing.
async fn fresh(database: &Database<'_>, tenants: &Tenants, way: &Way) -> Vec<String> {
    let mut wire = way.start(database, tenants).await;
    way.move_on(&mut wire, database).await;
    let mut right = Vec::new();
    for kind in KINDS {
        right.push(seen(&mut wire, kind.look).await);
    }
    right
}

async fn run(wire: &mut Wire, sql: &str) {
    wire.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// What a look finds; an error is an answer too.
async fn seen(wire: &mut Wire, look: &str) -> String {
    match wire.query(look).await {
        Ok(rows) => format!("{rows:?}"),
        Err(error) => error.code,
    }
}
