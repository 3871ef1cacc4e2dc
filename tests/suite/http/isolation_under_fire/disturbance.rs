//! What an administrator, an operator and chance do to the server while it is under fire.

use std::time::Duration;

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio::time::sleep;

use super::evidence::FLEETING;
use super::random::Random;

/// Suspends one tenant after the other for a moment, over and over. The connection that listens
/// for it is cut off shortly before now and then: then only the server can say so.
pub async fn suspend(database: &Database<'_>, names: &[String], mut random: Random) {
    let (admin, operator) = (database.admin().await, database.superuser().await);
    loop {
        let tenant = random.pick(names);
        if random.within(0..2) == 0 {
            end(&operator, database, "application_name = 'tenancy notifications'").await;
        }
        admin.run(&format!("SELECT tenancy.suspend('{tenant}', grace => '20 ms')")).await;
        sleep(Duration::from_millis(random.within(5..40))).await;
        admin.run(&format!("SELECT tenancy.resume('{tenant}')")).await;
        sleep(Duration::from_millis(random.within(20..120))).await;
    }
}

/// Drops a tenant and makes another one of the same name and hostname.
pub async fn replace(tenants: &Tenants) {
    loop {
        sleep(Duration::from_millis(300)).await;
        tenants.admin.run(&format!("SELECT tenancy.drop('{FLEETING}', grace => '0 s')")).await;
        tenants.add(FLEETING).await;
    }
}

/// Terminates and cancels backends of the sidecar, whatever they are at.
pub async fn strike(database: &Database<'_>, mut random: Random) {
    let operator = database.superuser().await;
    loop {
        sleep(Duration::from_millis(random.within(10..60))).await;
        let which = match random.within(0..8) {
            0 => "application_name = 'tenancy'",
            _ => {
                let active = "application_name = 'tenancy' AND state = 'active'";
                one(&operator, database, "pg_cancel_backend", active).await;
                continue;
            }
        };
        end(&operator, database, which).await;
    }
}

async fn end(operator: &Session, database: &Database<'_>, which: &str) {
    one(operator, database, "pg_terminate_backend", which).await;
}

async fn one(operator: &Session, database: &Database<'_>, function: &str, which: &str) {
    let name = database.name();
    operator
        .rows(&format!(
            "SELECT {function}(pid) FROM (SELECT pid FROM pg_stat_activity
             WHERE datname = '{name}' AND {which} ORDER BY random() LIMIT 1) AS victim"
        ))
        .await;
}
