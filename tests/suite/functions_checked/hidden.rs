//! Functions that take an OID or a name: another tenant's object is one that does not exist.

use super::Scene;

/// An OID that no object has.
const NOTHING: &str = "4000000000";

/// Queries by OID, and where the OID of the other tenant's object comes from.
const BY_OID: &[(&str, &str)] = &[
    (
        "'globex.note'::regclass",
        "SELECT pg_relation_size(?), pg_total_relation_size(?), pg_table_size(?)",
    ),
    ("'globex.note'::regclass", "SELECT pg_relation_filenode(?), pg_relation_filepath(?)"),
    ("'globex.note'::regclass", "SELECT has_table_privilege(?, 'select')"),
    (
        "'globex.note'::regclass",
        "SELECT has_column_privilege(?, 1::smallint, 'select'), has_any_column_privilege(?, 'select')",
    ),
    ("'globex.note'::regclass", "SELECT pg_table_is_visible(?), row_security_active(?)"),
    (
        "'globex.note'::regclass",
        "SELECT pg_stat_get_live_tuples(?), pg_stat_get_numscans(?), pg_stat_get_tuples_inserted(?)",
    ),
    (
        "'globex.note'::regclass",
        "SELECT pg_describe_object(1259, ?, 0), pg_identify_object(1259, ?, 0)",
    ),
    ("'globex.note'::regclass", "SELECT pg_identify_object_as_address(1259, ?, 0)"),
    (
        "'globex.note'::regclass",
        "SELECT pg_relation_is_updatable(?, true), pg_column_is_updatable(?, 1::smallint, true)",
    ),
    ("'globex.note'::regclass", "SELECT count(*) FROM pg_partition_tree(?)"),
    ("'globex.note_count'::regclass", "SELECT pg_get_viewdef(?), pg_get_viewdef(?, true)"),
    (
        "'globex.note_body_idx'::regclass",
        "SELECT pg_get_indexdef(?), pg_index_has_property(?, 'clusterable')",
    ),
    ("'globex.note_id_seq'::regclass", "SELECT has_sequence_privilege(?, 'usage')"),
    (
        "'globex.f(integer)'::regprocedure",
        "SELECT pg_get_functiondef(?), pg_get_function_arguments(?), pg_get_function_result(?)",
    ),
    (
        "'globex.f(integer)'::regprocedure",
        "SELECT has_function_privilege(?, 'execute'), pg_function_is_visible(?)",
    ),
    (
        "'globex.mood'::regtype",
        "SELECT format_type(?, NULL), has_type_privilege(?, 'usage'), pg_type_is_visible(?)",
    ),
    (
        "'globex'::regnamespace",
        "SELECT has_schema_privilege(?, 'usage'), pg_is_other_temp_schema(?)",
    ),
    (
        "(SELECT oid FROM pg_constraint WHERE conname = 'note_pkey' AND connamespace = 'globex'::regnamespace)",
        "SELECT pg_get_constraintdef(?)",
    ),
    (
        "(SELECT r.oid FROM pg_rewrite r WHERE ev_class = 'globex.note_count'::regclass)",
        "SELECT pg_get_ruledef(?)",
    ),
    (
        "(SELECT oid FROM pg_roles WHERE rolname = (SELECT role FROM tenancy.tenants WHERE name = 'globex'))",
        "SELECT pg_get_userbyid(?), pg_has_role(?, 'member')",
    ),
    (
        "(SELECT oid FROM pg_roles WHERE rolname = (SELECT role FROM tenancy.tenants WHERE name = 'globex'))",
        "SELECT has_table_privilege(?, 'note', 'select')",
    ),
    (
        "(SELECT oid FROM pg_database WHERE datname = 'postgres')",
        "SELECT has_database_privilege(?, 'connect'), pg_stat_get_db_xact_commit(?)",
    ),
];

#[tokio::test]
async fn what_another_tenant_has_is_by_its_oid_nothing() {
    let scene = Scene::new().await;
    for (source, query) in BY_OID {
        let hidden = scene.oid(source).await;
        scene.assert_alike(query, &hidden, NOTHING).await;
    }
}

/// Queries by name; `?` is the other tenant's schema or role.
const BY_SCHEMA: &[&str] = &[
    "SELECT to_regclass('?.note'), to_regproc('?.f'), to_regprocedure('?.f(integer)'), to_regtype('?.mood')",
    "SELECT to_regnamespace('?')",
    "SELECT has_schema_privilege('?', 'usage')",
    "SELECT has_table_privilege('?.note', 'select')",
    "SELECT has_table_privilege(upper('?') || '.note', 'select')",
    "SELECT has_sequence_privilege('?.note_id_seq', 'usage')",
    "SELECT has_column_privilege('?.note', 'body', 'select')",
    "SELECT has_function_privilege('?.f(integer)', 'execute')",
    "SELECT has_function_privilege('upper(?.mood)', 'execute')",
    "SELECT has_type_privilege('?.mood', 'usage')",
    "SELECT pg_get_viewdef('?.note_count')",
    "SELECT pg_get_serial_sequence('?.note', 'id')",
    "SELECT row_security_active('?.note')",
    "SELECT currtid2('?.note', '(0,1)')",
    "SELECT schema_to_xml('?', true, true, '')",
    "SELECT ('?' || '.note')::regclass",
    "SELECT ('?' || '.f')::regproc",
    "SELECT ('?' || '.f(integer)')::regprocedure",
    "SELECT ('?' || '.mood')::regtype",
    "SELECT ('?' || '.=(integer,integer)')::regoperator",
    "SELECT '?.=(integer,integer)'::regoperator",
    "SELECT '{\"?.=(integer,integer)\"}'::regoperator[]",
    "SELECT o FROM json_to_record('{\"o\": \"?.=(integer,integer)\"}') AS x (o regoperator)",
    "SELECT '?.note'::regclass",
    "SELECT '?.f'::regproc",
    "SELECT '?.f(?.mood)'::regprocedure",
    "SELECT 'f(?.mood)'::regprocedure",
    "SELECT '?.mood[]'::regtype",
    "SELECT '?.='::regoper",
    "SELECT '?.simple'::regconfig",
    "SELECT '?.simple'::regdictionary",
    "SELECT '?.C'::regcollation",
    "SELECT ('?' || '')::regnamespace",
    "SELECT (ARRAY['?.note' || ''])::regclass[]",
];

#[tokio::test]
async fn what_another_tenant_has_is_by_its_name_nothing() {
    let scene = Scene::new().await;
    for query in BY_SCHEMA {
        scene.assert_alike(query, "globex", "nosuch").await;
    }
}

#[tokio::test]
async fn another_tenants_role_is_by_its_name_nobody() {
    let scene = Scene::new().await;
    let role = scene.tenants.column("globex", "role").await;
    for query in [
        "SELECT to_regrole('?')",
        "SELECT ('?' || '')::regrole",
        "SELECT pg_has_role('?', 'member')",
        "SELECT pg_has_role(current_user, '?', 'member')",
        "SELECT has_table_privilege('?', 'note', 'select')",
        "SELECT has_schema_privilege('?', 'acme', 'usage')",
    ] {
        scene.assert_alike(query, &role, "t_0nosuch0").await;
    }
}

#[tokio::test]
async fn a_sequence_of_another_tenant_is_by_its_oid_no_sequence() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note_id_seq'::regclass").await;
    for query in ["SELECT nextval(?::oid::regclass)", "SELECT setval(?::oid::regclass, 5)"] {
        scene.assert_alike(query, &hidden, NOTHING).await;
    }
}

#[tokio::test]
async fn what_the_server_as_a_whole_does_is_not_told() {
    let scene = Scene::new().await;
    for function in ["pg_stat_get_archiver()", "pg_stat_get_wal()"] {
        let told = scene.acme.value(&format!("SELECT {function}::text")).await;
        assert_eq!(told, None, "{function}");
    }
    for function in ["pg_stat_get_slru()", "pg_stat_get_backend_idset()", "pg_prepared_xact()"] {
        let rows = scene.acme.text(&format!("SELECT count(*) FROM {function}")).await;
        assert_eq!(rows, "0", "{function}");
    }
}
