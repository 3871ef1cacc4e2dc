//! Another library in the same server changes the role where no setting tells of it.

use std::process::Command;

use super::SEAL;
use tenancy_tests::cluster::{checked, root_dir};
use tenancy_tests::database::Database;
use tenancy_tests::login::unique;
use tenancy_tests::tenant::Tenants;

/// Compiles the library; where it is.
fn library() -> String {
    let path = std::env::temp_dir().join(unique("neighbour")).with_extension("so");
    let script = r#"source scripts/env.sh; require_pg
        gcc -shared -fPIC -I"$("$PG_CONFIG" --includedir-server)" -o "$0" tests/suite/context/neighbour.c"#;
    let mut command = Command::new("bash");
    checked(command.args(["-ec", script]).arg(&path).current_dir(root_dir()));
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_that_another_library_has_chosen_is_refused_at_the_next_statement() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let library = library();
    database.superuser_sql(&format!(
        "CREATE FUNCTION public.become_login() RETURNS void LANGUAGE c AS '{library}', 'become_login'"
    ));
    let session = tenants.enter_with("acme", SEAL).await;
    let role = tenants.column("acme", "role").await;
    for attempt in ["SELECT 1", "SHOW role", "DO ''", "CREATE TEMP TABLE t ()"] {
        session.run("SELECT become_login()").await;
        let refused = session.refused(attempt).await;
        assert_eq!(refused.code().code(), "42501", "{attempt}: {refused}");
        assert!(refused.message().contains("disagree"), "{attempt}: {refused}");
        // The error has put the role right.
        assert_eq!(session.text("SELECT current_user").await, role);
    }
    session.run("SELECT become_login()").await;
    session.run(&format!("SELECT tenancy.leave('{SEAL}')")).await;
    session.run("SELECT 1").await;
    std::fs::remove_file(library).unwrap();
}
