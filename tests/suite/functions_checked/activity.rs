//! PostgreSQL counts what all sessions do on the catalogs: that another tenant makes a table.

use super::Scene;

#[tokio::test]
async fn what_others_do_on_the_catalogs_is_not_counted_for_a_tenant() {
    let scene = Scene::new().await;
    scene.superuser.run("SELECT pg_stat_force_next_flush()").await;
    let look = "SELECT pg_stat_get_tuples_inserted('pg_class'::regclass) + pg_stat_get_live_tuples(1259),
                       pg_stat_get_numscans('pg_class_oid_index'::regclass), pg_stat_get_blocks_hit(1259),
                       (SELECT sum(n_tup_ins + seq_scan + idx_scan) FROM pg_stat_sys_tables),
                       (SELECT sum(heap_blks_hit) FROM pg_statio_sys_tables)";
    let counted = scene.superuser.rows(look).await.concat();
    assert!(counted.iter().all(|count| count.as_deref().is_some_and(|c| c != "0")), "{counted:?}");
    let seen = scene.acme.rows(look).await.concat();
    assert!(seen.iter().all(|count| count.as_deref().is_none_or(|c| c == "0")), "{seen:?}");
}

#[tokio::test]
async fn what_was_done_on_the_tenants_own_tables_is_counted() {
    let scene = Scene::new().await;
    scene.acme.run("INSERT INTO note (body) VALUES ('x'), ('y')").await;
    scene.acme.run("SELECT pg_stat_force_next_flush()").await;
    let look = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'note'";
    assert_eq!(scene.acme.text(look).await, "2");
}
