//! `tenancy.hide_sources()`: who may still read the text of functions, views and rules, and what of
//! it a tenant does not notice.

use super::Scene;
use tenancy_tests::session::Session;

/// What applications and tools ask about functions and views, in one query that answers inside a tenant.
const QUERIES: &[&str] = &[
    "SELECT prosrc FROM pg_proc WHERE proname = 'f'",
    "SELECT * FROM pg_proc WHERE pronamespace = 'acme'::regnamespace ORDER BY oid",
    "SELECT p FROM pg_proc p WHERE proname = 'f'",
    "SELECT count(prosrc) FROM pg_proc",
    "SELECT n.nspname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.oid >= 16384 ORDER BY p.oid",
    "SELECT relname FROM pg_class WHERE EXISTS (SELECT FROM pg_proc WHERE prosrc ~ 'SELECT') ORDER BY 1 LIMIT 1",
    "SELECT query_to_xml('SELECT prosrc FROM pg_proc WHERE proname = ''f''', true, true, '')::text",
    "SELECT pg_get_functiondef('f'::regproc), pg_get_function_sqlbody('atomic'::regproc)",
    "SELECT tenancy_checked.pg_get_functiondef('f'::regproc)",
    "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'acme'::regnamespace ORDER BY oid",
    "SELECT routine_name, routine_definition FROM information_schema.routines WHERE routine_schema = 'acme' ORDER BY 1",
    "SELECT * FROM information_schema.parameters WHERE specific_schema = 'acme'",
    "SELECT pg_get_viewdef('note_count'), pg_get_viewdef('note_count'::regclass, true)",
    "SELECT definition FROM pg_views WHERE schemaname = 'acme'",
    "SELECT * FROM pg_rules WHERE schemaname = 'acme'",
    "SELECT * FROM pg_matviews WHERE schemaname = 'acme'",
    "SELECT view_definition FROM information_schema.views WHERE table_schema = 'acme'",
    "SELECT * FROM pg_rewrite WHERE ev_class IN ('note_count'::regclass, 'note'::regclass) ORDER BY oid",
    "SELECT pg_get_ruledef(oid), pg_get_ruledef(oid, true) FROM pg_rewrite WHERE ev_class = 'note'::regclass",
    "SELECT * FROM own_sources",
    "SELECT length(pg_get_functiondef('lower(text)'::regprocedure)) > 0",
    "EXECUTE kept",
];

async fn answers(session: &Session) -> Vec<String> {
    let mut all = Vec::new();
    for query in QUERIES {
        let rows = session.rows(query).await;
        assert!(!rows.is_empty(), "{query}");
        all.push(format!("{query}: {rows:?}"));
    }
    all
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    for name in ["acme", "globex"] {
        let atomic = format!(
            "CREATE FUNCTION {name}.atomic() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 7; END"
        );
        scene.superuser.run(&atomic).await;
        let others = format!(
            "CREATE RULE quiet AS ON DELETE TO {name}.note WHERE OLD.id < 0 DO INSTEAD NOTHING;
             CREATE MATERIALIZED VIEW {name}.kept AS SELECT body FROM {name}.note"
        );
        scene.superuser.run(&others).await;
    }
    scene
}

/// Opens what a session keeps: a view of the tenant's and a prepared statement.
async fn prepare(session: &Session) {
    let view = "CREATE TEMP VIEW own_sources AS SELECT prosrc FROM pg_proc WHERE proname = 'f'";
    session.run(view).await;
    session.run("PREPARE kept AS SELECT prosrc FROM pg_proc WHERE proname = 'f'").await;
}

#[tokio::test]
async fn a_tenant_reads_its_own_functions_as_if_nothing_was_hidden() {
    let scene = scene().await;
    let owner = scene.tenants.enter_as_owner(&scene._database, "acme").await;
    for session in [&scene.acme, &owner] {
        prepare(session).await;
        let before = answers(session).await;
        scene.superuser.run("SELECT tenancy.hide_sources()").await;
        assert_eq!(answers(session).await, before);
        scene.superuser.run("SELECT tenancy.show_sources()").await;
        assert_eq!(answers(session).await, before);
    }
}

#[tokio::test]
async fn a_tenant_reads_nothing_more_than_it_sees() {
    let scene = scene().await;
    scene.superuser.run("SELECT tenancy.hide_sources()").await;
    let foreign = scene.oid("'globex.f(integer)'::regprocedure").await;
    let view = scene.oid("'globex.note_count'::regclass").await;
    for query in [
        format!("SELECT prosrc FROM pg_proc WHERE oid = {foreign}"),
        "SELECT p FROM pg_proc p WHERE prosrc = 'SELECT $1' AND proowner = 10".to_owned(),
        "SELECT definition FROM pg_views WHERE schemaname = 'globex'".to_owned(),
        format!("SELECT ev_action FROM pg_rewrite WHERE ev_class = {view}"),
    ] {
        assert!(scene.acme.rows(&query).await.is_empty(), "{query}");
    }
    for print in [format!("pg_get_functiondef({foreign})"), format!("pg_get_viewdef({view}::oid)")]
    {
        assert_eq!(scene.acme.value(&format!("SELECT {print}")).await, None, "{print}");
    }
    for write in [
        "UPDATE pg_proc SET prosrc = 'SELECT 2' WHERE proname = 'f'",
        "DELETE FROM pg_proc WHERE proname = 'f'",
        "SELECT prosrc FROM pg_proc WHERE proname = 'f' FOR UPDATE",
    ] {
        assert_eq!(scene.acme.refusal(write).await.code(), "42501", "{write}");
    }
}

#[tokio::test]
async fn outside_of_tenants_bodies_are_for_those_who_may_touch_tenants_schemas() {
    let scene = scene().await;
    scene.superuser.run("SELECT tenancy.hide_sources()").await;
    let outside = scene.tenants.application.connect().await;
    for body in [
        "SELECT prosrc FROM pg_proc",
        "SELECT * FROM pg_proc",
        "SELECT pg_get_functiondef('lower(text)'::regprocedure)",
        "SELECT tenancy_checked.pg_get_functiondef('lower(text)'::regprocedure)",
        "SELECT ev_action FROM pg_rewrite",
        "SELECT definition FROM pg_views",
        "SELECT view_definition FROM information_schema.views",
    ] {
        assert_eq!(outside.refusal(body).await.code(), "42501", "{body}");
    }
    for signature in [
        "SELECT count(*), max(proname), max(tableoid) FROM pg_proc",
        "SELECT pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc",
        "SELECT * FROM information_schema.routines",
        "SELECT * FROM information_schema.parameters",
        "SELECT schemaname, viewname, viewowner FROM pg_views",
        "SELECT table_name, is_updatable FROM information_schema.views",
        "SELECT rulename, ev_class FROM pg_rewrite",
    ] {
        assert!(!outside.rows(signature).await.is_empty(), "{signature}");
    }
    let entitled = scene._database.session(&["tenancy_bypass"]).await;
    entitled.run("SELECT * FROM pg_proc; SELECT * FROM pg_rewrite; SELECT * FROM pg_views").await;
    entitled.run("SELECT pg_get_functiondef('lower(text)'::regprocedure)").await;
}

#[tokio::test]
async fn hiding_is_taken_back_without_a_trace_and_is_a_superusers() {
    let scene = Scene::new().await;
    let privileges = "SELECT a FROM (
          SELECT aclexplode(relacl) FROM pg_class WHERE oid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass)
          UNION ALL SELECT aclexplode(coalesce(proacl, acldefault('f', proowner))) FROM pg_proc
            WHERE proname ~ '^pg_get_.*def$|sqlbody$' AND pronamespace = 'pg_catalog'::regnamespace
          UNION ALL SELECT aclexplode(attacl) FROM pg_attribute WHERE attrelid IN ('pg_proc'::regclass, 'pg_rewrite'::regclass)
        ) AS item (a) ORDER BY a::text";
    let before = format!("{:?}", scene.superuser.rows(privileges).await);
    scene.superuser.run("SELECT tenancy.hide_sources(); SELECT tenancy.hide_sources()").await;
    assert_ne!(format!("{:?}", scene.superuser.rows(privileges).await), before);
    scene.superuser.run("SELECT tenancy.show_sources(); SELECT tenancy.show_sources()").await;
    assert_eq!(format!("{:?}", scene.superuser.rows(privileges).await), before);
    for call in ["SELECT tenancy.hide_sources()", "SELECT tenancy.show_sources()"] {
        assert_eq!(scene.tenants.admin.refusal(call).await.code(), "42501", "{call}");
        assert_eq!(scene.acme.refusal(call).await.code(), "42501", "{call}");
    }
}
