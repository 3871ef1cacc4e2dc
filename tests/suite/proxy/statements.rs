//! Prepared statements of clients whose transactions run on ever other connections.

use super::site::{Site, code, rows};
use tenancy_tests::wire::{Reply, Request, Wire};

const ONE: &str = "SELECT body || $1 FROM note";

fn run(name: &str, argument: &str) -> Request {
    Request::new().bind(name, &[Some(argument)]).execute().sync()
}

async fn ask(wire: &mut Wire, request: Request) -> Vec<Reply> {
    wire.send(request).await;
    wire.until_ready().await
}

#[tokio::test]
async fn the_same_name_stands_for_each_clients_own_statement() {
    let site = Site::narrow().await;
    let (mut acme, mut globex) = (site.wire("acme").await, site.wire("globex").await);
    let mut other = site.wire("acme").await;
    ask(&mut acme, Request::new().parse("s", ONE).sync()).await;
    ask(&mut globex, Request::new().parse("s", ONE).sync()).await;
    ask(&mut other, Request::new().parse("s", "SELECT 'other' || $1").sync()).await;
    for _ in 0..3 {
        assert_eq!(rows(&ask(&mut acme, run("s", "1")).await), ["acme1"]);
        assert_eq!(rows(&ask(&mut globex, run("s", "2")).await), ["globex2"]);
        assert_eq!(rows(&ask(&mut other, run("s", "3")).await), ["other3"]);
    }
}

#[tokio::test]
async fn more_statements_than_a_connection_keeps_all_work() {
    let settings = [("postgres.pool_size", "1"), ("postgres.prepared_statements", "2")];
    let site = Site::start(&settings).await;
    let mut wire = site.wire("acme").await;
    for n in 0..6 {
        let parse = Request::new().parse(&format!("s{n}"), &format!("SELECT '{n}' || $1"));
        assert_eq!(code(&ask(&mut wire, parse.sync()).await), None);
    }
    for n in (0..6).chain([0, 3, 3, 5]) {
        let expected = [format!("{n}!")];
        assert_eq!(rows(&ask(&mut wire, run(&format!("s{n}"), "!")).await), expected);
    }
}

#[tokio::test]
async fn all_of_a_pipeline_is_answered_in_its_order() {
    let site = Site::narrow().await;
    let (mut first, mut wire) = (site.wire("acme").await, site.wire("acme").await);
    // The server knows the statement already: the second client's Parse never reaches it.
    ask(&mut first, Request::new().parse("x", ONE).sync()).await;
    let request = Request::new()
        .parse("", "SELECT 'unnamed'")
        .bind("", &[])
        .execute()
        .parse("a", ONE)
        .bind("a", &[Some("1")])
        .execute()
        .sync()
        .query("SELECT 'query'")
        .bind("a", &[Some("2")])
        .execute()
        .sync();
    wire.send(request).await;
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.extend(wire.until_ready().await);
    }
    assert_eq!(rows(&replies), ["unnamed", "acme1", "query", "acme2"]);
    let tags: String = replies.iter().map(tag).collect();
    assert_eq!(tags, "12DC12DCZTDCZ2DCZ");
}

fn tag(reply: &Reply) -> char {
    match reply {
        Reply::Row(_) => 'D',
        Reply::Complete(_) => 'C',
        Reply::Ready(_) => 'Z',
        Reply::Error(_) => 'E',
        Reply::Other(tag) => *tag,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_statement_that_failed_to_be_prepared_is_not_there_and_its_name_is_free() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    let bad = Request::new().parse("s", "SELEKT").bind("s", &[]).execute().sync();
    assert_eq!(code(&ask(&mut wire, bad).await), Some("42601"));
    assert_eq!(code(&ask(&mut wire, run("s", "1")).await), Some("26000"));
    let good = Request::new().parse("s", ONE).sync();
    assert_eq!(code(&ask(&mut wire, good).await), None);
    assert_eq!(rows(&ask(&mut wire, run("s", "1")).await), ["acme1"]);
}

#[tokio::test]
async fn a_name_is_given_once_until_it_is_taken_back() {
    let site = Site::narrow().await;
    let mut wire = site.wire("acme").await;
    let parse = || Request::new().parse("s", ONE).sync();
    assert_eq!(code(&ask(&mut wire, parse()).await), None);
    assert_eq!(code(&ask(&mut wire, parse()).await), Some("42P05"));
    let close = Request::new().raw(b'C', b"Ss\0").sync();
    assert_eq!(ask(&mut wire, close).await[0], Reply::Other('3'));
    assert_eq!(code(&ask(&mut wire, run("s", "1")).await), Some("26000"));
    for give_up in ["DEALLOCATE s", "DEALLOCATE ALL", "DISCARD ALL"] {
        assert_eq!(code(&ask(&mut wire, parse()).await), None, "{give_up}");
        let replies = ask(&mut wire, Request::new().query(give_up)).await;
        let tag = give_up.trim_end_matches(" s");
        assert!(replies.contains(&Reply::Complete(tag.to_owned())), "{replies:?}");
        assert_eq!(code(&ask(&mut wire, run("s", "1")).await), Some("26000"), "{give_up}");
    }
}

#[tokio::test]
async fn giving_up_all_statements_leaves_those_of_other_clients() {
    let site = Site::narrow().await;
    let (mut one, mut other) = (site.wire("acme").await, site.wire("acme").await);
    for wire in [&mut one, &mut other] {
        ask(wire, Request::new().parse("s", ONE).sync()).await;
    }
    ask(&mut one, Request::new().query("DISCARD ALL")).await;
    assert_eq!(rows(&ask(&mut other, run("s", "1")).await), ["acme1"]);
}
