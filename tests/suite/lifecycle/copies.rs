//! Copies of tenants, with their data masked or without, and tenants that change their template.

use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::tenant::Tenants;
use tokio_postgres::error::SqlState;

async fn shop(database: &Database<'_>) -> Session {
    let superuser = database.superuser().await;
    superuser
        .run(
            "CREATE SCHEMA shop; SET search_path = shop;
             CREATE TABLE customer (id serial PRIMARY KEY, name text, email text UNIQUE);
             CREATE TABLE visit (customer int REFERENCES customer, at date, note text) PARTITION BY RANGE (at);
             CREATE TABLE visit_26 PARTITION OF visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
             CREATE MATERIALIZED VIEW names AS SELECT name FROM customer;
             RESET search_path; SELECT tenancy.register_template('shop', schema => 'shop');
             SELECT tenancy.create('acme', 'shop', schema => 'acme', domain => 'acme.example.com', settings => '{\"locale\": \"de\"}');
             INSERT INTO acme.customer (name, email) VALUES ('Ada', 'ada@real.org'), ('Bob', 'bob@real.org');
             INSERT INTO acme.visit VALUES (1, '2026-02-02', 'secret'); REFRESH MATERIALIZED VIEW acme.names",
        )
        .await;
    superuser
}

/// The rows of a query in the schema of a tenant.
async fn look(session: &Session, tenant: &str, query: &str) -> String {
    let schema = format!("SELECT schema FROM tenancy.tenants WHERE name = '{tenant}'");
    let schema = session.text(&schema).await;
    session.run(&format!("SET search_path = {schema}")).await;
    let rows = session.rows(query).await.concat().into_iter().flatten().collect::<Vec<_>>();
    session.run("RESET search_path").await;
    rows.join(", ")
}

#[tokio::test]
async fn a_copy_has_the_rows_sequences_and_settings_but_no_hostname() {
    let database = Database::new();
    let superuser = shop(&database).await;
    let admin = database.admin().await;
    admin.run("SELECT tenancy.clone('acme', 'staging')").await;
    let all = "SELECT name || email FROM customer UNION ALL SELECT note FROM visit UNION ALL SELECT name FROM names";
    assert_eq!(
        look(&superuser, "staging", all).await,
        "Adaada@real.org, Bobbob@real.org, secret, Ada, Bob"
    );
    assert_eq!(
        look(&superuser, "staging", "INSERT INTO customer (name) VALUES ('x') RETURNING id").await,
        "3"
    );
    assert_eq!(look(&superuser, "acme", "SELECT count(*) FROM customer").await, "2");
    let settings = "SELECT value FROM tenancy.setting s JOIN tenancy.tenants t ON t.id = s.tenant_id WHERE t.name = 'staging'";
    assert_eq!(superuser.text(settings).await, "\"de\"");
    assert_eq!(superuser.text("SELECT string_agg(tenant, ' ') FROM tenancy.domains").await, "acme");
    assert_eq!(
        superuser.text("SELECT count(*) FROM tenancy.verify('staging') WHERE NOT ok").await,
        "0"
    );
}

#[tokio::test]
async fn a_copy_without_data_has_the_structure_alone() {
    let database = Database::new();
    let superuser = shop(&database).await;
    superuser.run("SELECT tenancy.clone('acme', 'blank', with_data => false)").await;
    assert_eq!(look(&superuser, "blank", "SELECT count(*) FROM customer").await, "0");
    assert_eq!(
        look(&superuser, "blank", "INSERT INTO customer (name) VALUES ('x') RETURNING id").await,
        "1"
    );
}

#[tokio::test]
async fn masked_columns_hold_what_the_expression_gives_in_partitions_and_views_too() {
    let database = Database::new();
    let superuser = shop(&database).await;
    let masks = r#"{"customer": {"name": "'customer ' || id", "email": "md5(email) -- a comment"}, "visit": {"note": "NULL"}}"#;
    superuser.run(&format!("SELECT tenancy.clone('acme', 'staging', masks => $${masks}$$)")).await;
    assert_eq!(
        look(&superuser, "staging", "SELECT name FROM customer").await,
        "customer 1, customer 2"
    );
    assert_eq!(
        look(&superuser, "staging", "SELECT name FROM names").await,
        "customer 1, customer 2"
    );
    assert_eq!(
        look(&superuser, "staging", "SELECT count(*) FROM visit WHERE note IS NULL").await,
        "1"
    );
    assert_eq!(
        look(&superuser, "staging", "SELECT count(*) FROM customer WHERE email LIKE '%@%'").await,
        "0"
    );
}

#[tokio::test]
async fn a_mask_runs_with_the_rights_of_the_tenants_owner_and_a_bad_one_is_refused() {
    let database = Database::new();
    let superuser = shop(&database).await;
    superuser
        .run("CREATE TABLE public.secret (s text); INSERT INTO public.secret VALUES ('s')")
        .await;
    let clone = async |masks: &str| {
        superuser.refusal(&format!("SELECT tenancy.clone('acme', 'x', masks => $${masks}$$)")).await
    };
    let theft = r#"{"customer": {"name": "(SELECT s FROM public.secret)"}}"#;
    assert_eq!(clone(theft).await, SqlState::INSUFFICIENT_PRIVILEGE);
    for odd in [
        "[]",
        r#"{"customer": "x"}"#,
        r#"{"customer": {"nothing": "1"}}"#,
        r#"{"customer": {"name": null}}"#,
        r#"{"nothing": {"name": "1"}}"#,
        r#"{"names": {"name": "1"}}"#,
    ] {
        assert_eq!(clone(odd).await, SqlState::INVALID_PARAMETER_VALUE, "{odd}");
    }
    let who = r#"{"customer": {"name": "current_user"}}"#;
    superuser.run(&format!("SELECT tenancy.clone('acme', 'staging', masks => $${who}$$)")).await;
    let owner = superuser.text("SELECT owner FROM tenancy.tenants WHERE name = 'acme'").await;
    assert_eq!(look(&superuser, "staging", "SELECT DISTINCT name FROM customer").await, owner);
}

#[tokio::test]
async fn a_tenant_takes_another_template_once_it_is_like_it() {
    let database = Database::new();
    let superuser = shop(&database).await;
    superuser
        .run("CREATE SCHEMA small; CREATE TABLE small.item (id int); SELECT tenancy.register_template('small', schema => 'small')")
        .await;
    superuser.run("SELECT tenancy.create('mini', schema => 'mini'); CREATE TABLE mini.item (id int, extra int)").await;
    let report = "SELECT object || ' ' || difference FROM tenancy.switch_template('mini', 'small')";
    assert_eq!(superuser.text(report).await, "table item changed");
    let switch = "SELECT tenancy.switch_template('mini', 'small', dry_run => false)";
    let error = superuser.refused(switch).await;
    assert_eq!(*error.code(), SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE);
    assert!(error.detail().is_some_and(|d| d.contains("table item changed")), "{error:?}");
    superuser.run("ALTER TABLE mini.item DROP COLUMN extra").await;
    superuser.run(switch).await;
    assert_eq!(
        superuser.text("SELECT template FROM tenancy.tenants WHERE name = 'mini'").await,
        "small"
    );
    let unknown = "SELECT tenancy.switch_template('mini', 'nothing')";
    assert_eq!(superuser.refusal(unknown).await, SqlState::UNDEFINED_OBJECT);
}

#[tokio::test]
async fn large_objects_are_copied_with_the_rows_that_name_them_unless_they_had_to_be_masked() {
    let database = Database::new();
    let tenants = Tenants::create(&database, &["acme"]).await;
    let owner = tenants.enter_as_owner(&database, "acme").await;
    owner.run("CREATE TABLE scan (file oid)").await;
    let member = tenants.enter("acme").await;
    member
        .run("INSERT INTO scan SELECT lo_from_bytea(0, convert_to(repeat('page ', 2000), 'UTF8'))")
        .await;
    let admin = &tenants.admin;
    admin.run("SELECT tenancy.clone('acme', 'copy')").await;
    let copy = tenants.enter("copy").await;
    let read =
        "SELECT convert_from(lo_get(file, 9990, 20), 'UTF8') || length(lo_get(file)) FROM scan";
    assert_eq!(copy.text(read).await, "page page 10000");
    copy.run("SELECT lo_put(file, 0, 'copy') FROM scan").await;
    let begin = "SELECT convert_from(lo_get(file, 0, 4), 'UTF8') FROM scan";
    assert_eq!(member.text(begin).await, "page");
    for arguments in ["with_data => false", "masks => '{\"note\": {\"body\": \"1\"}}'"] {
        admin.run(&format!("SELECT tenancy.clone('acme', 'bare', {arguments})")).await;
        let count =
            "SELECT count(*) FROM pg_largeobject_metadata m JOIN pg_roles r ON r.oid = m.lomowner
            JOIN tenancy.tenant t ON t.role = r.rolname WHERE t.name = 'bare'";
        assert_eq!(database.superuser_sql(count), "0\n", "{arguments}");
        let notices = admin.notices().join(" ");
        assert_eq!(notices.contains("1 large objects were not copied"), arguments.contains("mask"));
        admin.run("SELECT tenancy.drop('bare')").await;
    }
}
