//! What applications, drivers and tools ask of PostgreSQL's functions works inside a tenant.

use super::Scene;
use tenancy_tests::wire::{Reply, Request};

#[tokio::test]
async fn questions_about_the_tenants_own_objects_are_answered() {
    let scene = Scene::new().await;
    for (query, shown) in [
        ("SELECT pg_get_serial_sequence('note', 'id')", "acme.note_id_seq"),
        ("SELECT has_table_privilege('note', 'select')::text", "true"),
        ("SELECT has_schema_privilege('acme', 'usage')::text", "true"),
        ("SELECT has_table_privilege(current_user, 'note', 'delete')::text", "true"),
        ("SELECT pg_has_role('tenancy_tenant', 'member')::text", "true"),
        ("SELECT (pg_total_relation_size('note') > 0)::text", "true"),
        ("SELECT (length(pg_get_viewdef('note_count')) > 0)::text", "true"),
        (
            "SELECT pg_get_indexdef('note_pkey'::regclass)",
            "CREATE UNIQUE INDEX note_pkey ON acme.note USING btree (id)",
        ),
        ("SELECT pg_get_function_arguments('f'::regproc)", "integer"),
        ("SELECT format_type('mood'::regtype, NULL)", "mood"),
        ("SELECT to_regclass('note')::text", "note"),
        ("SELECT relname FROM pg_stat_user_tables WHERE relname = 'note'", "note"),
        ("SELECT to_tsvector('english', 'foxes')::text", "'fox':1"),
        (
            "SELECT query_to_xml('SELECT 1 AS a', true, true, '')::text",
            "<row xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n  <a>1</a>\n</row>\n\n",
        ),
    ] {
        assert_eq!(scene.acme.text(query).await, shown, "{query}");
    }
}

#[tokio::test]
async fn views_of_statistics_answer_even_where_they_have_nothing_to_tell() {
    let scene = Scene::new().await;
    for view in [
        "pg_stat_database",
        "pg_stat_all_indexes",
        "pg_statio_user_tables",
        "pg_stat_archiver",
        "pg_stat_replication",
        "pg_replication_slots",
        "pg_prepared_xacts",
        "pg_stat_slru",
        "pg_cursors",
    ] {
        scene.acme.rows(&format!("SELECT * FROM {view}")).await;
    }
}

#[tokio::test]
async fn defaults_of_serial_columns_work_by_insert_and_by_copy() {
    let scene = Scene::new().await;
    scene.superuser.run("CREATE TABLE acme.counted (id serial, body text)").await;
    scene.acme.run("INSERT INTO counted (body) VALUES ('a')").await;
    let mut wire = scene.wire().await;
    let copy = Request::new().query("COPY counted (body) FROM STDIN");
    let replies = wire.ask(copy.raw(b'd', b"b\n").raw(b'c', b"")).await;
    assert!(replies.contains(&Reply::Complete("COPY 1".to_owned())), "{replies:?}");
    assert_eq!(scene.acme.text("SELECT max(id) FROM counted").await, "2");
    assert_eq!(scene.acme.text("SELECT currval('counted_id_seq')").await, "1");
}

#[tokio::test]
async fn drivers_load_their_types() {
    let scene = Scene::new().await;
    let jdbc = "SELECT typinput = 'array_in'::regproc AS is_array, typtype, typname, pg_type.oid
                FROM pg_catalog.pg_type LEFT JOIN (SELECT ns.oid AS nspoid, ns.nspname, r.r FROM pg_namespace AS ns
                  JOIN (SELECT s.r, (current_schemas(false))[s.r] AS nspname
                        FROM generate_series(1, array_upper(current_schemas(false), 1)) AS s(r)) AS r
                  USING (nspname)) AS sp ON sp.nspoid = typnamespace
                WHERE typname = 'mood' ORDER BY sp.r, pg_type.oid DESC";
    assert_eq!(scene.acme.rows(jdbc).await.len(), 1);
    let npgsql = "SELECT ns.nspname, t.oid, t.typname, CASE WHEN proc.proname = 'array_recv' THEN 'a' ELSE t.typtype END
                  FROM pg_type AS t JOIN pg_namespace AS ns ON ns.oid = t.typnamespace
                  JOIN pg_proc AS proc ON proc.oid = t.typreceive WHERE t.typname IN ('mood', '_mood')";
    assert_eq!(scene.acme.rows(npgsql).await.len(), 2);
}

#[tokio::test]
async fn an_index_is_used_for_a_row_of_the_catalog_named_by_regclass() {
    let scene = Scene::new().await;
    let session = &scene.acme;
    session.run("BEGIN; SELECT * FROM pg_class WHERE oid = 'note'::regclass").await;
    let scans = |of| format!("SELECT pg_stat_get_xact_numscans('{of}'::regclass) > 0");
    assert_eq!(session.text(&scans("pg_class_oid_index")).await, "t");
    assert_eq!(session.text(&scans("pg_class")).await, "f");
}
