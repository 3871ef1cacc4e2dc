//! Large objects inside a tenant: ids that are its own, by SQL and by the messages that drivers
//! send.

use super::{tenants, wire};
use tenancy_tests::database::Database;
use tenancy_tests::session::Session;
use tenancy_tests::wire::{Reply, Request, Wire};

const ID: u32 = 888_002;
/// Ways to use an object that somebody else has under the id.
const USES: [&str; 6] = [
    "SELECT lo_get({id})",
    "SELECT lo_get({id}, 0, 1)",
    "SELECT lo_put({id}, 0, 'x')",
    "SELECT lo_open({id}, 131072)",
    "SELECT lo_open({id}, 262144)",
    "SELECT lo_unlink({id})",
];

async fn make(session: &Session, content: &str) {
    let make = format!("SELECT lo_from_bytea({ID}, '{content}')");
    assert_eq!(session.text(&make).await, ID.to_string());
}

async fn content(session: &Session) -> String {
    session.text(&format!("SELECT convert_from(lo_get({ID}), 'UTF8')")).await
}

#[tokio::test]
async fn an_id_that_another_tenant_has_is_free_to_this_one() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let (squatter, victim) = (tenants.enter("acme").await, tenants.enter("globex").await);
    make(&squatter, "acme").await;
    make(&victim, "globex").await;
    assert_eq!(
        (content(&squatter).await, content(&victim).await),
        ("acme".into(), "globex".into())
    );
    // In another session too, and by every function.
    let victim = tenants.enter("globex").await;
    assert_eq!(content(&victim).await, "globex");
    victim.run(&format!("SELECT lo_put({ID}, 0, 'GLO')")).await;
    let read = format!("BEGIN; SELECT convert_from(loread(lo_open({ID}, 131072), 9), 'UTF8')");
    assert_eq!(victim.text(&read).await, "GLObex");
    victim.run("COMMIT").await;
    assert_eq!(victim.refusal(&format!("SELECT lo_create({ID})")).await.code(), "23505");
    victim.run(&format!("SELECT lo_unlink({ID})")).await;
    assert_eq!(victim.refusal(&format!("SELECT lo_get({ID})")).await.code(), "42704");
    assert_eq!(content(&squatter).await, "acme");
    // And again, the other way of making one.
    assert_eq!(victim.text(&format!("SELECT lo_create({ID})")).await, ID.to_string());
    assert_eq!(victim.text(&format!("SELECT length(lo_get({ID}))")).await, "0");
}

#[tokio::test]
async fn making_an_object_waits_for_no_other_tenant() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let (squatter, victim) = (tenants.enter("acme").await, tenants.enter("globex").await);
    squatter.run("BEGIN").await;
    make(&squatter, "acme").await;
    victim.run("SET lock_timeout = '2s'").await;
    make(&victim, "globex").await;
    squatter.run("ROLLBACK").await;
    assert_eq!(content(&victim).await, "globex");
}

#[tokio::test]
async fn an_object_of_another_tenant_is_one_that_does_not_exist() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    make(&tenants.enter("globex").await, "globex").await;
    let spy = tenants.enter("acme").await;
    for attempt in USES {
        let taken = spy.refused(&attempt.replace("{id}", &ID.to_string())).await;
        let free = spy.refused(&attempt.replace("{id}", "888003")).await;
        assert_eq!(taken.code().code(), "42704", "{attempt}");
        assert_eq!(taken.message().replace("888002", "888003"), free.message(), "{attempt}");
        assert_eq!((taken.detail(), taken.hint()), (free.detail(), free.hint()), "{attempt}");
        assert_eq!((taken.file(), taken.line()), (free.file(), free.line()), "{attempt}");
    }
}

#[tokio::test]
async fn an_object_granted_to_all_tenants_is_read_by_all() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    database.superuser_sql(&format!(
        "SELECT lo_from_bytea({ID}, 'shared'); GRANT SELECT ON LARGE OBJECT {ID} TO tenancy_tenant"
    ));
    let member = tenants.enter("acme").await;
    assert_eq!(content(&member).await, "shared");
    assert_eq!(member.refusal(&format!("SELECT lo_unlink({ID})")).await.code(), "42501");
}

#[tokio::test]
async fn an_alias_goes_with_the_transaction_that_made_it() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    make(&tenants.enter("acme").await, "acme").await;
    let member = tenants.enter("globex").await;
    member.run("BEGIN").await;
    make(&member, "globex").await;
    member.run("ROLLBACK").await;
    assert_eq!(member.refusal(&format!("SELECT lo_get({ID})")).await.code(), "42704");
    make(&member, "again").await;
    member.run(&format!("BEGIN; SELECT lo_unlink({ID}); ROLLBACK")).await;
    assert_eq!(content(&member).await, "again");
}

#[tokio::test]
async fn a_driver_uses_large_objects_by_function_calls() {
    let database = Database::new();
    let tenants = tenants(&database).await;
    let mut wire = wire(&tenants, "acme").await;
    wire.query("BEGIN").await.unwrap();
    let id = call(&mut wire, "lo_creat", &["-1"]).await;
    let file = call(&mut wire, "lo_open", &[&id, "393216"]).await;
    assert_eq!(call(&mut wire, "lowrite", &[&file, "\\x616263"]).await, "3");
    assert_eq!(call(&mut wire, "lo_lseek", &[&file, "1", "0"]).await, "1");
    assert_eq!(call(&mut wire, "loread", &[&file, "9"]).await, "\\x6263");
    assert_eq!(call(&mut wire, "lo_tell", &[&file]).await, "3");
    assert_eq!(call(&mut wire, "lo_truncate", &[&file, "1"]).await, "0");
    assert_eq!(call(&mut wire, "lo_close", &[&file]).await, "0");
    assert_eq!(call(&mut wire, "lo_unlink", &[&id]).await, "1");
    assert_eq!(call(&mut wire, "lo_create", &["888004"]).await, "888004");
    wire.query("COMMIT").await.unwrap();
    assert_eq!(
        wire.query("SELECT length(lo_get(888004))").await.unwrap().concat(),
        [Some("0".into())]
    );
}

async fn call(wire: &mut Wire, function: &str, arguments: &[&str]) -> String {
    let find = format!("SELECT oid FROM pg_proc WHERE proname = '{function}'");
    let oid = wire.query(&find).await.unwrap().concat().remove(0).unwrap().parse().unwrap();
    let arguments: Vec<_> = arguments.iter().map(|argument| Some(*argument)).collect();
    let replies = wire.ask(Request::new().function_call(oid, &arguments)).await;
    let answer = replies.iter().find_map(|reply| match reply {
        Reply::Function(answer) => answer.clone(),
        _ => None,
    });
    answer.unwrap_or_else(|| panic!("{function}: {replies:?}"))
}
