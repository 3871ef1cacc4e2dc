//! The console, by psql and by single messages: each command, and what is no command.

use std::time::Duration;

use tenancy_tests::session::{Session, TextRow};
use tenancy_tests::wire::{Reply, Request, Wire};

use super::super::site::{BODY, code};
use super::{Operated, value};

#[tokio::test]
async fn every_list_is_shown_to_psql() {
    let operated = Operated::start(&[]).await;
    let client = operated.site.connect("acme").await;
    assert_eq!(client.text(BODY).await, "acme");
    for (subject, expected) in [
        ("POOLS", "acme|"),
        ("CLIENTS", "C|"),
        ("SERVERS", "S|acme|"),
        ("THREADS", "0|0|1|0|0|20|0"),
        ("TENANTS", "acme|"),
        ("STATS", "acme|"),
        ("TOTALS", "total_query_count|1\n"),
        ("LISTS", "used_clients|1\n"),
        ("CONFIG", "postgres.clients|10000|10000|yes\n"),
        ("VERSION", "tenancy 0."),
    ] {
        let (rows, _) = operated.says(&format!("SHOW {subject}")).await;
        assert!(rows.contains(expected), "SHOW {subject}:\n{rows}");
    }
    let (_, words) = operated.says("show help;").await;
    assert!(words.contains("SHUTDOWN [WAIT_FOR_CLIENTS]"), "{words}");
}

#[tokio::test]
async fn what_clients_are_at_is_told_by_tenant() {
    let operated = Operated::start(&[("postgres.pool_size", "1")]).await;
    let holder = operated.site.connect("acme").await;
    holder.run("BEGIN").await;
    let config = operated.site.config("globex");
    let waiter = tokio::spawn(async move { Session::open(&config).await });
    let console = operated.console().await;
    for tries in 0.. {
        let pools = console.rows("SHOW POOLS").await;
        let waits = |row: &TextRow| row[0].as_deref() == Some("globex") && text(row, 3) == "1";
        if pools.iter().any(waits) {
            assert_eq!((value(&pools, "acme", 2), value(&pools, "acme", 4)), ("1", "1"));
            break;
        }
        assert!(tries < 100, "nobody waits: {pools:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let clients = console.rows("SHOW CLIENTS").await;
    let states: Vec<_> = clients.iter().map(|row| text(row, 4)).collect();
    assert!(states.contains(&"active") && states.contains(&"waiting"), "{clients:?}");
    holder.run("COMMIT").await;
    assert_eq!(waiter.await.unwrap().text(BODY).await, "globex");
}

#[tokio::test]
async fn no_password_is_shown() {
    let operated = Operated::start(&[]).await;
    let (rows, _) = operated.says("SHOW CONFIG").await;
    assert!(rows.contains("data.password|********|"), "{rows}");
    let file = std::fs::read_to_string(operated.site.sidecar.configuration()).unwrap();
    let passwords = file.lines().filter_map(|line| line.strip_prefix("dsn = 'postgres://"));
    for password in passwords.map(|dsn| dsn.split([':', '@']).nth(1).unwrap()) {
        assert!(password.starts_with("secret") && !rows.contains(password), "{rows}");
    }
}

#[tokio::test]
async fn what_is_no_command_is_refused_with_the_way_out() {
    let operated = Operated::start(&[]).await;
    for command in ["SELECT 1", "SHOW TABLES", "KILL", "PAUSE acme globex", "SHUTDOWN NOW"] {
        let (succeeded, _, words) = operated.tries(command).await;
        assert!(!succeeded && words.contains("SHOW HELP lists the commands"), "{words}");
    }
    for command in ["PAUSE nobody", "KILL nobody", "RESUME 'no body'"] {
        let (succeeded, ..) = operated.tries(command).await;
        assert!(!succeeded, "{command}");
    }
}

#[tokio::test]
async fn the_console_is_for_operators_alone() {
    let operated = Operated::start(&[]).await;
    let refused = operated.site.config("tenancy");
    let refused = Session::try_open(&refused).await;
    let refused = refused.err().unwrap();
    assert_eq!(refused.code().unwrap().code(), "3D000");
}

#[tokio::test]
async fn extended_messages_are_refused_up_to_the_next_sync() {
    let operated = Operated::start(&[]).await;
    let login = operated.operator.in_database("tenancy");
    let port = operated.site.sidecar.postgres().port();
    let mut wire = Wire::connect_to(&login, port).await.unwrap();
    let request = Request::new().parse("", "SHOW POOLS").bind("", &[]).execute().sync();
    let replies = wire.ask(request).await;
    assert_eq!(code(&replies), Some("0A000"));
    assert_eq!(replies.len(), 2, "one error and the end: {replies:?}");
    let replies = wire.ask(Request::new().query("SHOW VERSION; SHOW VERSION")).await;
    let rows = replies.iter().filter(|reply| matches!(reply, Reply::Row(_)));
    assert_eq!(rows.count(), 2);
}

fn text(row: &TextRow, column: usize) -> &str {
    row[column].as_deref().unwrap_or("NULL")
}
