//! LISTEN and NOTIFY inside a tenant: ordinary names, and nobody else's channels.

use super::{SEAL, enter, tenants, wire};
use tenancy_tests::database::Database;
use tenancy_tests::wire::{Reply, Request, Wire};

/// The notifications that come with the answer to an empty statement, once they had time to come.
async fn heard(wire: &mut Wire) -> Vec<(String, String)> {
    let mut heard = Vec::new();
    for _ in 0..2 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let replies = wire.ask(Request::new().query("SELECT 1")).await;
        heard.extend(replies.into_iter().filter_map(|reply| match reply {
            Reply::Notification(channel, payload) => Some((channel, payload)),
            _ => None,
        }));
    }
    heard
}

fn note(channel: &str, payload: &str) -> (String, String) {
    (channel.to_owned(), payload.to_owned())
}

#[tokio::test]
async fn a_tenant_hears_itself_under_ordinary_names() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut listener = wire(&tenants, "acme").await;
    let mut sender = wire(&tenants, "acme").await;
    listener.query("LISTEN orders").await.unwrap();
    listener.query("LISTEN \"Ünï:codé\"").await.unwrap();
    sender.query("NOTIFY orders, 'one'").await.unwrap();
    sender.query("NOTIFY \"Ünï:codé\"").await.unwrap();
    sender.query("NOTIFY other, 'x'").await.unwrap();
    assert_eq!(heard(&mut listener).await, [note("orders", "one"), note("Ünï:codé", "")]);
    listener.query("UNLISTEN orders").await.unwrap();
    sender.query("NOTIFY orders, 'two'").await.unwrap();
    assert_eq!(heard(&mut listener).await, []);
}

#[tokio::test]
async fn tenants_do_not_hear_each_other() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut victim = wire(&tenants, "globex").await;
    let mut spy = wire(&tenants, "acme").await;
    let id = tenants.column("globex", "id").await;
    for channel in ["orders".to_owned(), format!("\"tenancy:{id}:orders\"")] {
        victim.query(&format!("LISTEN {channel}")).await.unwrap();
        spy.query(&format!("LISTEN {channel}")).await.unwrap();
    }
    spy.query("NOTIFY orders, 'spoofed'").await.unwrap();
    spy.query(&format!("NOTIFY \"tenancy:{id}:orders\", 'spoofed'")).await.unwrap();
    heard(&mut spy).await;
    assert_eq!(heard(&mut victim).await, []);
    let mut colleague = wire(&tenants, "globex").await;
    colleague.query("NOTIFY orders, 'secret'").await.unwrap();
    assert_eq!(heard(&mut victim).await, [note("orders", "secret")]);
    assert_eq!(heard(&mut spy).await, []);
}

#[tokio::test]
async fn the_products_own_channel_is_out_of_a_tenants_reach() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let superuser = database.superuser().await;
    superuser.run("LISTEN tenancy_registry").await;
    let mut tenant = wire(&tenants, "acme").await;
    tenant.query("LISTEN tenancy_registry").await.unwrap();
    let mut colleague = wire(&tenants, "acme").await;
    colleague.query("NOTIFY tenancy_registry, 'spoofed'").await.unwrap();
    assert_eq!(heard(&mut tenant).await, [note("tenancy_registry", "spoofed")]);
    superuser.run("NOTIFY tenancy_registry, 'true'").await;
    assert_eq!(superuser.notifications("tenancy_registry", 1).await, ["true"]);
    assert_eq!(heard(&mut tenant).await, []);
}

#[tokio::test]
async fn a_worker_outside_listens_to_the_whole_name() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let id = tenants.column("acme", "id").await;
    let mut worker = Wire::connect(&tenants.application).await;
    worker.query(&format!("LISTEN \"tenancy:{id}:orders\"")).await.unwrap();
    worker.query("LISTEN central").await.unwrap();
    let mut tenant = wire(&tenants, "acme").await;
    tenant.query("NOTIFY orders, 'one'").await.unwrap();
    let whole = format!("tenancy:{id}:orders");
    assert_eq!(heard(&mut worker).await, [note(&whole, "one")]);
    // Inside, the application goes on to hear its own channels, and of tenants' only this one's.
    enter(&mut worker, "globex").await;
    let mut other = Wire::connect(&tenants.application).await;
    other.query("NOTIFY central, 'two'").await.unwrap();
    tenant.query("NOTIFY orders, 'three'").await.unwrap();
    assert_eq!(heard(&mut worker).await, [note("central", "two")]);
}

#[tokio::test]
async fn a_listener_that_moves_on_hears_nothing_more() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut listener = wire(&tenants, "acme").await;
    let mut sender = wire(&tenants, "acme").await;
    listener.query("LISTEN orders").await.unwrap();
    sender.query("NOTIFY orders, 'before'").await.unwrap();
    listener.send(Request::new().query(&format!("SELECT tenancy.enter('globex', '{SEAL}')"))).await;
    listener.until_ready().await;
    sender.query("NOTIFY orders, 'after'").await.unwrap();
    assert_eq!(heard(&mut listener).await, []);
}

#[tokio::test]
async fn a_cached_statement_notifies_the_tenant_of_the_day() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut acme = wire(&tenants, "acme").await;
    let mut globex = wire(&tenants, "globex").await;
    acme.query("LISTEN orders").await.unwrap();
    globex.query("LISTEN orders").await.unwrap();
    let mut sender = wire(&tenants, "acme").await;
    sender.ask(Request::new().parse("notify", "NOTIFY orders, 'hello'").sync()).await;
    for name in ["acme", "globex", "acme"] {
        enter(&mut sender, name).await;
        for _ in 0..3 {
            sender.ask(Request::new().bind("notify", &[]).execute().sync()).await;
        }
        let expected = vec![note("orders", "hello"); 3];
        let (right, wrong) =
            if name == "acme" { (&mut acme, &mut globex) } else { (&mut globex, &mut acme) };
        assert_eq!(heard(right).await, expected);
        assert_eq!(heard(wrong).await, []);
    }
}

#[tokio::test]
async fn a_channels_name_that_leaves_no_room_is_refused() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let session = tenants.enter("acme").await;
    for statement in ["LISTEN", "NOTIFY", "UNLISTEN"] {
        let error = session.refused(&format!("{statement} {}", "x".repeat(60))).await;
        assert_eq!(error.code().code(), "22023");
        assert!(error.hint().unwrap().contains("at most"), "{error}");
    }
}

#[tokio::test]
async fn notifications_do_not_disturb_a_copy_or_a_parallel_plan() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let session = tenants.enter("acme").await;
    session
        .run("LISTEN orders; CREATE TEMP TABLE many AS SELECT generate_series(1, 1000) AS i")
        .await;
    session
        .run("BEGIN; NOTIFY orders, 'a'; SET LOCAL force_parallel_mode = on; SELECT count(*) FROM note; COMMIT")
        .await;
    session.run("DO $$ BEGIN NOTIFY orders, 'b'; RAISE WARNING 'x'; END $$").await;
    session.refused("BEGIN; NOTIFY orders, 'c'; SELECT 1/0").await;
    session.run("ROLLBACK").await;
    session.copy_out("COPY many TO STDOUT").await.unwrap();
    assert_eq!(session.notifications("orders", 2).await, ["a", "b"]);
}

#[tokio::test]
async fn a_transaction_sends_no_more_than_its_share_of_the_queue() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let session = tenants.enter("acme").await;
    let flood = |count: u32| {
        format!(
            "DO $$ BEGIN FOR i IN 1..{count} LOOP
               EXECUTE format('NOTIFY orders, %L', repeat('x', 7000) || i);
             END LOOP; END $$"
        )
    };
    for _ in 0..3 {
        session.run(&flood(100)).await;
    }
    let error = session.refused(&flood(200)).await;
    assert_eq!(error.code().code(), "53400", "{error}");
    let parts = format!("BEGIN; {}; SAVEPOINT a; ROLLBACK TO a; {}", flood(100), flood(100));
    assert_eq!(session.refused(&parts).await.code().code(), "53400");
    session.run("ROLLBACK").await;
    session.refused("SET tenancy.max_notify_bytes = -1").await;
    // As wide as the administrator says, for who needs it.
    database.superuser_sql(&format!(
        "ALTER ROLE {} SET tenancy.max_notify_bytes = -1",
        tenants.application.name()
    ));
    tenants.enter("acme").await.run(&flood(200)).await;
}
