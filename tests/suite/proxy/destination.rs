//! Which tenant a client is let into, by what it says at its start.

use super::gate::{Gate, connect, note, refusal, value};

#[tokio::test]
async fn the_database_is_a_tenant_or_one_of_its_hostnames() {
    let gate = Gate::new(&["acme", "globex"]).await;
    for (database, tenant) in [
        ("acme", "acme"),
        ("globex.example.com", "globex"),
        ("ACME.Example.Com", "acme"),
        ("globex.tenants.test", "globex"),
    ] {
        assert_eq!(note(gate.client().dbname(database)).await, tenant, "{database}");
    }
}

#[tokio::test]
async fn options_name_a_tenant_beside_the_server_s_own_database() {
    let gate = Gate::new(&["acme", "globex"]).await;
    assert_eq!(note(gate.client().options("-c tenancy.tenant=globex")).await, "globex");
    let agreed = gate.client().dbname("acme").options("--tenancy.tenant=acme").clone();
    assert_eq!(note(&agreed).await, "acme");
    let options = [("PGOPTIONS", "-c tenancy.tenant=acme")];
    let printed = gate.psql_with("", "SELECT body FROM note", &options).await;
    assert_eq!(printed.as_deref(), Ok("acme"));
}

#[tokio::test]
async fn what_does_not_agree_is_refused_with_both_places() {
    let gate = Gate::new(&["acme", "globex"]).await;
    for tenant in ["globex", "nobody", "No_Name"] {
        let options = format!("-c tenancy.tenant={tenant}");
        let refused = refusal(gate.client().dbname("acme").options(&options)).await;
        assert_eq!(refused.code().code(), "22023", "{tenant}");
        let message = "the database and tenancy.tenant do not name the same tenant";
        assert_eq!(refused.message(), message);
        assert!(refused.hint().is_some());
    }
}

#[tokio::test]
async fn nobody_named_nobody_known_and_nobody_of_this_login_are_the_same() {
    let gate = Gate::new(&["acme", "globex", "shut"]).await;
    gate.tenants.admin.run("SELECT tenancy.suspend('shut')").await;
    let partner = gate.database.login(&[]);
    let grant = format!("SELECT tenancy.grant_login('{}', 'acme')", partner.name());
    gate.tenants.admin.run(&grant).await;
    let config = || gate.client().user(partner.name()).password(partner.password()).clone();
    assert_eq!(note(config().dbname("acme")).await, "acme");
    let nobody = refusal(config().dbname("nobody")).await;
    assert_eq!(nobody.code().code(), "3D000");
    assert!(nobody.hint().unwrap().contains("tenancy.tenant=acme"), "{nobody:?}");
    let physical = gate.database.name().to_owned();
    for database in ["globex", "shut", "globex.example.com", "tenancy", "postgres", &physical] {
        let refused = refusal(config().dbname(database)).await;
        assert_eq!(refused, nobody, "{database}");
    }
    let own = refusal(gate.client().dbname("shut")).await;
    assert_eq!(own.code().code(), "57P03", "to those who may enter it");
}

#[tokio::test]
async fn a_login_of_a_tenant_s_name_needs_to_name_no_database() {
    let gate = Gate::new(&["acme", "globex"]).await;
    let superuser = gate.database.superuser().await;
    let name = format!("acme_{}", std::process::id());
    superuser.run(&format!("CREATE ROLE {name} LOGIN PASSWORD 's3cret'")).await;
    gate.tenants.admin.run(&format!("SELECT tenancy.grant_login('{name}', '*')")).await;
    let connection = format!("user={name} password=s3cret dbname={name}");
    let options = [("PGOPTIONS", "-c tenancy.tenant=globex")];
    let passed_over = gate.psql_with(&connection, "SELECT body FROM note", &options).await;
    assert_eq!(passed_over.as_deref(), Ok("globex"));
    let nowhere = gate.psql(&connection, "SELECT 1").await.unwrap_err();
    assert!(nowhere.contains("no tenant of this login"), "{nowhere}");
    superuser.run(&format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
}

#[tokio::test]
async fn settings_of_the_start_are_set_inside_the_tenant() {
    let gate = Gate::new(&["acme"]).await;
    let options = "-c statement_timeout=12345 -c DateStyle=German --lock-timeout=54321";
    let config = gate.client().dbname("acme").options(options).application_name("shop").clone();
    let client = connect(&config).await.unwrap();
    for (name, expected) in [
        ("statement_timeout", "12345ms"),
        ("lock_timeout", "54321ms"),
        ("DateStyle", "German, DMY"),
        ("application_name", "shop"),
    ] {
        assert_eq!(value(&client, &format!("SHOW {name}")).await, expected);
    }
}

#[tokio::test]
async fn what_must_not_be_set_is_refused_by_name() {
    let gate = Gate::with(&["acme"], &[("postgres.ignore_startup_parameters", "x.y")]).await;
    for name in ["search_path", "role", "session_authorization", "tenancy.guard", "log_statement"] {
        let options = format!("-c {name}=x");
        let refused = refusal(gate.client().dbname("acme").options(&options)).await;
        assert_eq!(refused.code().code(), "22023", "{name}");
        assert!(refused.message().contains(name), "{refused:?}");
    }
    assert_eq!(note(gate.client().dbname("acme").options("-c x.y=1")).await, "acme");
    let replication = gate.psql("dbname=acme replication=database", "SELECT 1").await.unwrap_err();
    assert!(replication.contains("a tenant has no replication"), "{replication}");
}
