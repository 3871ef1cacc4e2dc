//! What a client can say so that the gateway and the server might disagree about where in the
//! conversation they are: others must neither hear the answers nor be kept waiting.

use super::site::{BODY, Site, code, rows};
use std::time::Duration;
use tenancy_tests::wire::{Reply, Request, Wire};

/// Nothing here takes as long.
const PATIENCE: Duration = Duration::from_secs(10);

async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("an answer in time")
}

async fn ask(wire: &mut Wire, request: Request) -> Vec<Reply> {
    in_time(wire.ask(request)).await
}

/// The other tenant's client gets its own rows, several times over.
async fn others_are_well(site: &Site) {
    let globex = in_time(site.connect("globex")).await;
    for _ in 0..3 {
        assert_eq!(in_time(globex.text(BODY)).await, "globex");
    }
}

fn run(name: &str) -> Request {
    Request::new().bind(name, &[]).execute().sync()
}

/// The names that statements have on server connections can be guessed.
const GUESSES: std::ops::Range<u32> = 0..32;

#[tokio::test]
async fn statements_of_another_tenant_are_not_reached_by_their_names_on_the_server() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    let secret = Request::new().parse("s", "SELECT 'secret of acme'").sync();
    assert_eq!(code(&ask(&mut acme, secret).await), None);
    for mut globex in [site.wire("globex").await, site.session_wire("globex").await] {
        for n in GUESSES {
            let name = format!("tenancy_{n:x}");
            let replies = ask(&mut globex, run(&name)).await;
            assert_eq!((code(&replies), rows(&replies).len()), (Some("26000"), 0), "{name}");
            let body = format!("S{name}\0");
            let describe = Request::new().raw(b'D', body.as_bytes()).sync();
            assert_eq!(code(&ask(&mut globex, describe).await), Some("26000"), "{name}");
            ask(&mut globex, Request::new().raw(b'C', body.as_bytes()).sync()).await;
        }
        globex.send(Request::new().terminate()).await;
    }
    assert_eq!(rows(&ask(&mut acme, run("s")).await), ["secret of acme"]);
}

#[tokio::test]
async fn the_unnamed_statement_of_another_client_is_not_there() {
    let site = Site::narrow().await;
    let (mut acme, mut other) = (site.wire("acme").await, site.wire("acme").await);
    let secret = || Request::new().parse("", "SELECT 'secret of acme'").sync();
    let (mut globex, mut session) = (site.wire("globex").await, site.session_wire("globex").await);
    for client in [&mut globex, &mut other, &mut session] {
        assert_eq!(code(&ask(&mut acme, secret()).await), None);
        assert_eq!(rows(&ask(&mut acme, run("")).await), ["secret of acme"]);
        // Behind an error, where the server reads over what would have replaced it.
        let sly = Request::new().bind("none", &[]).parse("", BODY).sync();
        client.send(sly.raw(b'D', b"S\0").bind("", &[]).execute().sync()).await;
        in_time(client.until_ready()).await;
        let replies = in_time(client.until_ready()).await;
        assert_eq!((code(&replies), rows(&replies).len()), (Some("26000"), 0));
    }
}

#[tokio::test]
async fn what_a_session_of_its_own_has_prepared_is_not_there_for_the_next() {
    let site = Site::narrow().await;
    let mut acme = site.session_wire("acme").await;
    let secret = Request::new().parse("s", "SELECT 'secret of acme'").sync();
    assert_eq!(code(&ask(&mut acme, secret).await), None);
    assert_eq!(rows(&ask(&mut acme, run("s")).await), ["secret of acme"]);
    acme.send(Request::new().terminate()).await;
    let mut globex = site.session_wire("globex").await;
    assert_eq!(code(&ask(&mut globex, run("s")).await), Some("26000"));
    let own = Request::new().parse("s", BODY).sync();
    assert_eq!(code(&ask(&mut globex, own).await), None);
    assert_eq!(rows(&ask(&mut globex, run("s")).await), ["globex"]);
}

/// Refused after the server has asked for the rows and before it reads any.
const TOO_LATE: &str = "COPY note FROM STDIN (FREEZE)";

fn copy(sql: &str) -> Request {
    Request::new().parse("", sql).bind("", &[]).execute()
}

#[tokio::test]
async fn a_sync_that_a_failed_copy_has_not_read_over_leaves_no_answer_behind() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    // The COPY ends at the row, and the server comes to the first Sync and all that is behind it.
    let bad = || copy("COPY note FROM STDIN").raw(b'd', b"not a number\tx\n").sync();
    for request in [
        bad().query("SELECT 'left over' FROM pg_sleep(0.3)").raw(b'c', b"").sync(),
        bad().raw(b'c', b"").sync(),
        bad().sync().sync().raw(b'f', b"\0").sync(),
    ] {
        ask(&mut acme, request).await;
        others_are_well(&site).await;
        acme = site.wire("acme").await;
    }
}

#[tokio::test]
async fn a_copy_that_fails_before_it_reads_leaves_no_answer_behind() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    let request = Request::new()
        .query(TOO_LATE)
        .query("COPY note (body) FROM STDIN")
        .raw(b'c', b"")
        .sync()
        .query("SELECT 'left over' FROM pg_sleep(0.3)")
        .raw(b'c', b"")
        .sync();
    ask(&mut acme, request).await;
    others_are_well(&site).await;
}

#[tokio::test]
async fn a_copy_that_fails_before_it_reads_does_not_cost_the_client_its_connection() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    for _ in 0..2 {
        assert!(code(&ask(&mut acme, copy(TOO_LATE).sync()).await).is_some());
        assert_eq!(rows(&ask(&mut acme, Request::new().query(BODY)).await), ["acme"]);
    }
    others_are_well(&site).await;
}

#[tokio::test]
async fn the_rest_of_a_copy_that_failed_holds_no_server_connection() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    acme.send(Request::new().query("COPY note FROM STDIN").raw(b'd', b"not a number\tx\n")).await;
    assert_eq!(code(&in_time(acme.until_ready()).await), Some("22P02"));
    // The first half of a message that was on its way when the error came.
    let mut rest = b"d\0\0\x80\0".to_vec();
    rest.resize(20_000, b'x');
    acme.send_bytes(&rest).await;
    others_are_well(&site).await;
    acme.send_bytes(&[b'x'; 0x8001 - 20_000]).await;
    let end = Request::new().raw(b'c', b"").query(BODY);
    assert_eq!(rows(&ask(&mut acme, end).await), ["acme"]);
}

#[tokio::test]
async fn what_the_server_skips_behind_an_error_is_not_taken_for_done() {
    let site =
        Site::start(&[("postgres.pool_size", "1"), ("postgres.prepared_statements", "2")]).await;
    let (mut one, mut other) = (site.wire("acme").await, site.wire("acme").await);
    let texts = ["SELECT 'a'", "SELECT 'b'", "SELECT 'c'"];
    let prepare = |name: &str, text: &str| Request::new().parse(name, text).sync();
    for text in &texts[..2] {
        ask(&mut other, prepare(text, text)).await;
    }
    // Once in a pipeline that fails at its start, once behind an error that was answered already.
    for slowly in [false, true] {
        let bad = Request::new().parse("", "SELEKT");
        let rest = Request::new()
            .raw(b'C', b"Skept\0")
            .parse("lost", texts[2])
            .bind("lost", &[])
            .execute()
            .parse("again", texts[0])
            .sync();
        ask(&mut one, prepare("kept", "SELECT 'kept'")).await;
        one.send(bad).await;
        if slowly {
            one.send(Request::new().raw(b'H', b"")).await;
            assert!(matches!(in_time(one.next()).await, Some(Reply::Error(_))));
        }
        ask(&mut one, rest).await;
        assert_eq!(rows(&ask(&mut one, run("kept")).await), ["kept"], "{slowly}");
        for name in ["lost", "again"] {
            assert_eq!(code(&ask(&mut one, run(name)).await), Some("26000"), "{name} {slowly}");
        }
        for text in &texts {
            let replies = ask(
                &mut other,
                Request::new()
                    .raw(b'C', format!("S{text}\0").as_bytes())
                    .parse(text, text)
                    .bind(text, &[])
                    .execute()
                    .sync(),
            )
            .await;
            assert_eq!((code(&replies), rows(&replies).len()), (None, 1), "{text} {slowly}");
        }
        ask(&mut one, Request::new().raw(b'C', b"Skept\0").sync()).await;
    }
}

#[tokio::test]
async fn a_statement_is_given_up_only_when_the_server_has_said_so() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    ask(&mut acme, Request::new().parse("s", BODY).sync()).await;
    let begun = Request::new().query("BEGIN").query("SELECT 1/0").query("DEALLOCATE s");
    acme.send(begun).await;
    for expected in [None, Some("22012"), Some("25P02")] {
        assert_eq!(code(&in_time(acme.until_ready()).await), expected);
    }
    ask(&mut acme, Request::new().query("ROLLBACK")).await;
    assert_eq!(rows(&ask(&mut acme, run("s")).await), ["acme"]);
}

/// Resident memory of a process, in MB.
fn megabytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// Says the same again and again for a while, or until it is not listened to any more.
async fn flood(wire: &mut Wire, message: &[u8]) {
    let bytes = message.repeat(65_536 / message.len());
    let all = async {
        for _ in 0..2_000 {
            wire.send_bytes(&bytes).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(4), all).await;
}

#[tokio::test]
async fn answers_that_the_gateway_gives_itself_do_not_pile_up() {
    let site = Site::start(&[("postgres.pool_size", "2")]).await;
    let close = b"C\0\0\0\x07Sx\0";
    let before = megabytes(site.sidecar.pid());
    // Behind a statement that takes its time, and with nothing before.
    for first in ["SELECT pg_sleep(6)", "BEGIN"] {
        let mut acme = site.wire("acme").await;
        acme.send(Request::new().query(first)).await;
        flood(&mut acme, &close[..]).await;
        let after = megabytes(site.sidecar.pid());
        assert!(after < before + 64, "{first}: {before} MB, then {after} MB");
    }
}

#[tokio::test]
async fn the_statements_of_a_client_do_not_take_up_the_memory() {
    let site = Site::narrow().await;
    let mut acme = site.wire("acme").await;
    let before = megabytes(site.sidecar.pid());
    let filler = "x".repeat(8 << 20);
    let mut ended = false;
    for n in 0..40 {
        let parse = Request::new().parse(&format!("s{n}"), &format!("SELECT {n} /*{filler}*/"));
        acme.send(parse.sync()).await;
        let replies = in_time(acme.until_ready()).await;
        if code(&replies).is_some() {
            assert_eq!(code(&replies), Some("53400"));
            ended = true;
            break;
        }
    }
    let after = megabytes(site.sidecar.pid());
    assert!(ended && after < before + 160, "{before} MB, then {after} MB");
}

#[tokio::test]
async fn the_length_of_a_message_alone_costs_no_memory() {
    let site = Site::start(&[("postgres.pool_size", "20")]).await;
    let before = megabytes(site.sidecar.pid());
    let mut wires = Vec::new();
    for _ in 0..16 {
        let mut wire = site.wire("acme").await;
        wire.send_bytes(b"P\0\xff\0\0s").await;
        wires.push(wire);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = megabytes(site.sidecar.pid());
    assert!(after < before + 64, "{before} MB, then {after} MB");
}

#[tokio::test]
async fn what_was_said_before_leaving_is_done() {
    let site = Site::narrow().await;
    for n in 0..5 {
        let mut acme = site.wire("acme").await;
        let insert =
            Request::new().query("SELECT pg_sleep(0.05); INSERT INTO note (body) VALUES ('x')");
        acme.send(insert.terminate()).await;
        assert_eq!(code(&in_time(acme.until_ready()).await), None);
        assert_eq!(in_time(acme.next()).await, None);
        let count = site.connect("acme").await.text("SELECT count(*) FROM note").await;
        assert_eq!(count, (n + 2).to_string());
    }
}
