//! Values that name objects by OID: what the tenant does not see becomes NULL where it would become
//! text, whether it exists or not.

use super::Scene;

/// Ways to turn the number `?` into the text of a value of type `!`.
const WAYS: &[&str] = &[
    "SELECT ?::oid::!",
    "SELECT ?::oid::!::text",
    "SELECT format('%s', ?::oid::!)",
    "SELECT concat(?::oid::!, '')",
    "SELECT 'x' || ?::oid::!",
    "SELECT to_json(?::oid::!)",
    "SELECT json_build_object('k', ?::oid::!)",
    "SELECT json_agg(x) FROM (SELECT ?::oid::! AS r) AS x",
    "SELECT array_agg(r) FROM (SELECT ?::oid::! AS r) AS x",
    "SELECT ARRAY[?::oid]::![]",
    "SELECT ARRAY[?::oid]::![]::text",
    "SELECT array_to_string(ARRAY[?::oid]::![], ',')",
    "SELECT unnest(ARRAY[?::oid]::![])",
    "SELECT ROW(?::oid::!)::text",
    "SELECT row_to_json(ROW(?::oid::!))",
    "SELECT x FROM (SELECT ?::oid::! AS r) AS x",
    "SELECT xmlforest(?::oid::! AS r)",
    "SELECT (?::oid)::! UNION ALL SELECT NULL",
    "SELECT CASE WHEN true THEN ?::oid::! END",
    "SELECT coalesce(?::oid::!, NULL)",
    "WITH x AS (SELECT ?::oid::! AS r) SELECT r FROM x",
    "SELECT max(r::text) FROM (VALUES (?::oid::!)) AS x (r)",
    "SELECT lag(?::oid::!, 0) OVER ()",
];

#[tokio::test]
async fn no_way_turns_the_oid_of_anothers_object_into_its_name() {
    let scene = Scene::new().await;
    let role = "(SELECT role FROM tenancy.tenants WHERE name = 'globex')::regrole";
    for (of, source) in [
        ("regclass", "'globex.note'::regclass"),
        ("regproc", "'globex.f'::regproc"),
        ("regprocedure", "'globex.f'::regproc"),
        ("regtype", "'globex.mood'::regtype"),
        ("regnamespace", "'globex'::regnamespace"),
        ("regrole", role),
    ] {
        let hidden = scene.oid(source).await;
        for way in WAYS {
            scene.assert_alike(&way.replace('!', of), &hidden, "4000000000").await;
        }
    }
}

#[tokio::test]
async fn an_unseen_name_is_null_where_a_query_returns_it() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note'::regclass").await;
    for number in [&hidden, "4000000000"] {
        for query in
            ["SELECT ?::oid::regclass", "SELECT ?::oid::regclass::text", "SELECT ?::oid::regrole"]
        {
            let query = query.replace('?', number);
            assert_eq!(scene.acme.value(&query).await, None, "{query}");
        }
    }
}

#[tokio::test]
async fn stored_values_show_no_names_either() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note'::regclass").await;
    scene.acme.run("CREATE TEMP TABLE stored (r regclass)").await;
    scene.acme.run(&format!("INSERT INTO stored VALUES ({hidden}::oid)")).await;
    for query in [
        "SELECT r FROM stored",
        "SELECT stored FROM stored",
        "SELECT stored::text FROM stored",
        "SELECT row_to_json(stored) FROM stored",
        "UPDATE stored SET r = r RETURNING r",
    ] {
        let answer = scene.answer(query).await;
        assert!(!answer.contains("globex"), "{query}: {answer}");
    }
}

/// Queries of one table, as plain as applications send them, that look at what row `?` names.
const PLAIN: &[&str] = &[
    "SELECT r FROM stored WHERE i = ?",
    "SELECT rs FROM stored WHERE i = ?",
    "SELECT r, true AS one FROM stored WHERE i = ? ORDER BY 2",
    "SELECT DISTINCT r FROM stored WHERE i = ?",
    "SELECT 'x' || r FROM stored WHERE i = ?",
    "SELECT concat(r) FROM stored WHERE i = ?",
    "SELECT upper(r::text) FROM stored WHERE i = ?",
    "SELECT 0 FROM stored WHERE i = ? AND r::text = 'globex.note'",
    "SELECT 0 FROM stored WHERE i = ? AND 'x' || r = 'xglobex.note'",
    "SELECT 0 FROM stored WHERE i = ? AND NOT (i = 0 OR r::text <> 'globex.note')",
    "SELECT has_table_privilege(o, 'select') FROM stored WHERE i = ?",
    "SELECT 0 FROM stored WHERE NOT has_table_privilege(o, 'select') AND i = ?",
    "SELECT 0 FROM stored WHERE has_table_privilege(o, 'select') = false AND i = ?",
    "SELECT 0 FROM stored WHERE i = ? AND (i = 0 OR NOT has_table_privilege(o, 'select'))",
    "SELECT 0 FROM stored, stored s WHERE s.i = ? AND stored.i = s.i AND NOT has_table_privilege(s.o, 'select')",
    "SELECT 0 FROM stored JOIN stored s ON NOT has_table_privilege(s.o, 'select') WHERE s.i = ?",
    "SELECT 0 FROM stored WHERE i = ? GROUP BY o HAVING NOT has_table_privilege(o, 'select')",
    "SELECT count(*) FILTER (WHERE NOT has_table_privilege(o, 'select')) FROM stored WHERE i = ?",
    "SELECT (SELECT has_table_privilege(s.o, 'select')) FROM stored s WHERE i = ?",
    "SELECT i - ? FROM stored WHERE i = ? LIMIT (SELECT count(r::text) FROM stored WHERE i = ?)",
    "SELECT max(r::text) OVER (ORDER BY i) FROM stored WHERE i = ?",
];

#[tokio::test]
async fn plain_queries_of_a_table_tell_nothing_of_what_its_values_name() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note'::regclass").await;
    scene.acme.run("CREATE TEMP TABLE stored (i int, o oid, r regclass, rs regclass[])").await;
    for (row, number) in [(1, hidden.as_str()), (2, "4000000000")] {
        let values =
            format!("{row}, {number}::oid, {number}::oid, ARRAY[{number}::oid]::regclass[]");
        scene.acme.run(&format!("INSERT INTO stored VALUES ({values})")).await;
    }
    for query in PLAIN {
        scene.assert_alike(query, "1", "2").await;
    }
}

#[tokio::test]
async fn a_table_of_such_values_is_copied_by_a_query_only() {
    let scene = Scene::new().await;
    scene.acme.run("CREATE TEMP TABLE stored (a integer, r regclass)").await;
    assert_eq!(scene.acme.refusal("COPY stored TO STDOUT").await.code(), "42501");
    scene.acme.copy_out("COPY (SELECT * FROM stored) TO STDOUT").await.unwrap();
}

#[tokio::test]
async fn values_inside_of_functions_show_no_names_either() {
    let scene = Scene::new().await;
    let hidden = scene.oid("'globex.note'::regclass").await;
    let block = format!(
        "DO $$ DECLARE r regclass; t text; BEGIN
           r := {hidden}; t := r; RAISE EXCEPTION 'seen: %, %, %', r, t, r::text; END $$"
    );
    let error = scene.acme.refused(&block).await;
    assert!(!error.message().contains("globex"), "{error}");
}

#[tokio::test]
async fn the_tenants_own_and_the_systems_names_are_shown() {
    let scene = Scene::new().await;
    for (query, shown) in [
        ("SELECT 'note'::regclass", "note"),
        ("SELECT oid::regclass::text FROM pg_class WHERE oid = 'note'::regclass", "note"),
        ("SELECT format('%s', 'pg_class'::regclass)", "pg_class"),
        ("SELECT ('no' || 'te')::regclass", "note"),
        ("SELECT 'f'::regproc", "f"),
        ("SELECT 'mood'::regtype", "mood"),
        ("SELECT 'acme'::regnamespace", "acme"),
        ("SELECT ARRAY['note', 'pg_class']::regclass[]", "{note,pg_class}"),
        ("SELECT row_to_json(x) FROM (SELECT 'note'::regclass AS r) AS x", "{\"r\":\"note\"}"),
        ("SELECT typinput FROM pg_type WHERE typname = 'bool'", "boolin"),
        ("SELECT (current_user::regrole::text = current_user)::text", "true"),
    ] {
        assert_eq!(scene.acme.text(query).await, shown, "{query}");
    }
}
