//! Advisory locks: the same key in two tenants is two keys.

use super::Scene;

#[tokio::test]
async fn the_same_key_in_two_tenants_does_not_conflict() {
    let scene = Scene::new().await;
    let globex = scene.tenants.enter("globex").await;
    for lock in
        ["pg_advisory_lock(4242)", "pg_advisory_lock(1, 2)", "pg_advisory_xact_lock_shared(7)"]
    {
        scene.acme.run("BEGIN").await;
        globex.run("BEGIN").await;
        scene.acme.run(&format!("SELECT {lock}")).await;
        let attempt = lock.replace("pg_", "pg_try_").replace("_shared", "");
        assert_eq!(globex.text(&format!("SELECT {attempt}")).await, "t", "{lock}");
        scene.acme.run("COMMIT").await;
        globex.run("COMMIT").await;
    }
}

#[tokio::test]
async fn within_a_tenant_locks_work_as_ever() {
    let scene = Scene::new().await;
    let other = scene.tenants.enter("acme").await;
    let attempt = "SELECT pg_try_advisory_lock(5)";
    scene.acme.run("SELECT pg_advisory_lock(5), pg_advisory_lock(5)").await;
    assert_eq!(other.text(attempt).await, "f");
    assert_eq!(scene.acme.text("SELECT pg_advisory_unlock(5)").await, "t");
    assert_eq!(other.text(attempt).await, "f");
    assert_eq!(scene.acme.text("SELECT pg_advisory_unlock(5)").await, "t");
    assert_eq!(scene.acme.text("SELECT pg_advisory_unlock(5)").await, "f");
    assert_eq!(other.text(attempt).await, "t");
    other.run("SELECT pg_advisory_unlock_all()").await;
    assert_eq!(scene.acme.text(attempt).await, "t");
    let shown = "SELECT classid, objid, objsubid FROM pg_locks WHERE locktype = 'advisory'";
    assert_eq!(scene.acme.rows(shown).await, [["0", "5", "1"].map(|v| Some(v.to_owned()))]);
    scene.acme.run("BEGIN; SELECT pg_advisory_xact_lock(6)").await;
    assert_eq!(other.text("SELECT pg_try_advisory_xact_lock_shared(6)").await, "f");
    scene.acme.run("COMMIT").await;
    assert_eq!(other.text("SELECT pg_try_advisory_xact_lock_shared(6)").await, "t");
}

#[tokio::test]
async fn a_session_holds_no_more_locks_than_the_setting_says() {
    let scene = Scene::new().await;
    let many = "SELECT count(pg_advisory_lock(g)) FROM generate_series(1, 1001) g";
    assert_eq!(scene.acme.refusal(many).await.code(), "53400");
    scene.acme.run("SELECT pg_advisory_unlock_all()").await;
    scene.acme.run("SELECT count(pg_advisory_lock(g)) FROM generate_series(1, 1000) g").await;
    assert_eq!(scene.acme.refusal("SELECT pg_try_advisory_xact_lock(5000)").await.code(), "53400");
    scene.acme.run("SELECT pg_advisory_lock(7), pg_advisory_unlock(8)").await;
    scene.acme.run("SELECT pg_try_advisory_xact_lock(5000)").await;
    let setting = "SET tenancy.max_advisory_locks = 100000";
    assert_eq!(scene.acme.refusal(setting).await.code(), "42501");
}
