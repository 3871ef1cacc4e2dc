//! FunctionCall messages of clients, as libpq sends them for large objects.

use super::site::{BODY, Site, code, rows};
use tenancy_tests::wire::Request;

#[tokio::test]
async fn a_call_that_fails_between_transactions_leaves_the_client_in_its_tenant() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    for _ in 0..2 {
        wire.send(Request::new().function_call(4_000_000_000, &[])).await;
        assert!(code(&wire.until_ready().await).is_some());
        wire.send(Request::new().query(BODY)).await;
        assert_eq!(rows(&wire.until_ready().await), ["acme"]);
    }
}

#[tokio::test]
async fn a_client_cannot_call_the_switch() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    for function in ["tenancy.switch(text,text)", "tenancy.switch(text,text,text,text)"] {
        let oid = format!("SELECT '{function}'::regprocedure::oid");
        let oid = site.database.superuser_sql(&oid).trim().parse().unwrap();
        let arguments = [Some("guess"), Some("globex"), Some("session"), None];
        let count = function.matches("text").count();
        wire.send(Request::new().function_call(oid, &arguments[..count])).await;
        let replies = wire.until_ready().await;
        assert_eq!(code(&replies), Some("28000"), "{replies:?}");
        wire.send(Request::new().query(BODY)).await;
        assert_eq!(rows(&wire.until_ready().await), ["acme"]);
    }
}
