//! What comes before a session, and clients that do it wrong.

use super::*;

#[tokio::test]
async fn encryption_is_denied_and_may_be_asked_for_once() {
    let host = host_with(false, |_| {}).await;
    let (tls, gss) = (packet(b"\x04\xd2\x16\x2f"), packet(b"\x04\xd2\x16\x30"));
    let mut client = Client::connect_from(&host, Peer::Local);
    for request in [&gss, &tls] {
        client.send(request).await;
        assert_eq!(client.stream.read_u8().await.unwrap(), b'N');
    }
    client.start(0, &[("user", "app"), ("database", "acme")]).await;
    assert!(matches!(client.hear().await, Some(Message::AuthenticationOk)));
    for request in [&gss, &tls] {
        let mut client = Client::connect(&host);
        client.send(request).await;
        assert_eq!(client.stream.read_u8().await.unwrap(), b'N');
        client.send(request).await;
        assert_eq!(client.refused().await.code, "08P01");
    }
}

#[tokio::test]
async fn nothing_may_be_said_in_clear_behind_a_request_for_encryption() {
    let host = host_with(false, |_| {}).await;
    for request in [b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"] {
        let mut client = Client::connect_from(&host, Peer::Local);
        let start = start_packet(0, &[("user", "app"), ("database", "acme")]);
        client.send(&[packet(request), start].concat()).await;
        let refused = client.refused().await;
        assert_eq!(refused.code, "08P01");
        assert!(refused.detail.unwrap().contains("man-in-the-middle"));
    }
}

#[tokio::test]
async fn cancel_requests_pass_with_secrets_of_any_length() {
    let host = host().await;
    for length in [4, 32, 256] {
        let mut client = Client::connect(&host);
        let key = vec![9; length];
        client.send(&packet(&[b"\x04\xd2\x16\x2e\0\0\0\x07", &key[..]].concat())).await;
        let Arrival::Cancel { process_id, secret, .. } = client.arrived().await else {
            panic!("no cancel")
        };
        assert_eq!((process_id, secret), (7, key));
    }
}

#[tokio::test]
async fn versions_are_settled_as_postgresql_does() {
    let host = host_with(false, |_| {}).await;
    let named = [("user", "app"), ("database", "acme")];
    let option = [named[0], named[1], ("_pq_.later", "1")];
    for (minor, parameters, told, spoken) in [
        (0, &named[..], None, 0),
        (1, &named[..], None, 0),
        (2, &named[..], None, 2),
        (3, &named[..], Some(&b"v\0\0\0\x0c\0\x03\0\x02\0\0\0\0"[..]), 2),
        (9999, &option[..], Some(b"v\0\0\0\x17\0\x03\0\x02\0\0\0\x01_pq_.later\0"), 2),
        (0, &option[..], Some(b"v\0\0\0\x17\0\x03\0\0\0\0\0\x01_pq_.later\0"), 0),
    ] {
        let mut client = Client::connect_from(&host, Peer::Local);
        client.start(minor, parameters).await;
        let mut answer = vec![0; told.map_or(0, <[u8]>::len)];
        client.stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, told.unwrap_or_default(), "{minor}");
        assert!(matches!(client.hear().await, Some(Message::AuthenticationOk)));
        let Arrival::Guest(guest) = client.arrived().await else { panic!("not a guest") };
        assert_eq!(guest.minor, spoken, "{minor}");
    }
}

#[tokio::test]
async fn malformed_starts_are_told_so_where_there_is_somebody_to_tell() {
    let host = host().await;
    for (bytes, code) in [
        (packet(b"\0\x02\0\0"), Some("0A000")),
        (packet(b"\0\x04\0\0\0"), Some("0A000")),
        (packet(b"\0\x03\0\0user"), Some("08P01")),
        (packet(b"\0\x03\0\0user\0\xff\0\0"), Some("08P01")),
        (packet(b"\0\x03\0\0\0"), Some("28000")),
        (packet(b"\x04\xd2\x16\x2e\0\0\0\x07"), Some("08P01")),
        (packet(b"\x04\xd2\x16\x2fmore"), Some("08P01")),
        (start_packet(0, &[("user", "app"), ("search_path", "x")]), Some("22023")),
        (start_packet(0, &[("user", "app"), ("replication", "database")]), Some("0A000")),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), None),
        (b"\0\0\0\0".to_vec(), None),
        (b"\xff\xff\xff\xff".to_vec(), None),
        (b"\0\0\0\x07\0\0\0".to_vec(), None),
        (vec![0x16, 3, 1, 0, 5], None),
    ] {
        let mut client = Client::connect(&host);
        client.send(&bytes).await;
        match code {
            Some(code) => assert_eq!(client.refused().await.code, code, "{bytes:?}"),
            None => {
                assert!(client.hear().await.is_none(), "{bytes:?}");
                assert!(client.arrival.await.unwrap().is_none());
            }
        }
    }
    // Others are not disturbed.
    assert!(login(&host, &[("user", "app"), ("database", "acme")], PASSWORD).await.is_ok());
}

#[tokio::test]
async fn proofs_that_are_none_are_refused() {
    let host = host().await;
    let initial = |mechanism: &str, data: &[u8]| {
        let mut out = BytesMut::new();
        frontend::sasl_initial_response(mechanism, data, &mut out).unwrap();
        out.to_vec()
    };
    for (message, code) in [
        (b"Q\0\0\0\x0dSELECT 1\0".to_vec(), "08P01"),
        (b"p\0\0\0\x04".to_vec(), "08P01"),
        (b"p\0\0\0\x03".to_vec(), "08P01"),
        (b"p\x7f\xff\xff\xff".to_vec(), "08P01"),
        (b"p\0\0\0\x0bs3cret\0".to_vec(), "08P01"),
        (initial("PLAIN", b"\0app\0s3cret"), "08P01"),
        (initial("SCRAM-SHA-256-PLUS", b"p=tls-server-end-point,,n=,r=abc"), "08P01"),
        (initial("SCRAM-SHA-256", b""), "08P01"),
        (initial("SCRAM-SHA-256", b"n,a=root,n=,r=abc"), "0A000"),
    ] {
        let mut client = Client::connect(&host);
        client.start(0, &[("user", "app"), ("database", "acme")]).await;
        let Some(Message::AuthenticationSasl(_)) = client.hear().await else { panic!("no SASL") };
        client.send(&message).await;
        assert_eq!(client.refused().await.code, code, "{message:?}");
    }
}

#[tokio::test]
async fn a_client_may_send_its_first_message_apart() {
    let host = host().await;
    let mut client = Client::connect(&host);
    client.start(0, &[("user", "app"), ("database", "acme")]).await;
    let Some(Message::AuthenticationSasl(_)) = client.hear().await else { panic!("no SASL") };
    client.send(b"p\0\0\0\x16SCRAM-SHA-256\0\xff\xff\xff\xff").await;
    let Some(Message::AuthenticationSaslContinue(body)) = client.hear().await else {
        panic!("not asked for it")
    };
    assert_eq!(body.data(), b"");
    client.send(b"p\0\0\0\x0fn,,n=,r=abc").await;
    let Some(Message::AuthenticationSaslContinue(body)) = client.hear().await else {
        panic!("no challenge")
    };
    assert!(body.data().starts_with(b"r=abc"));
}

#[tokio::test]
async fn who_hangs_up_or_takes_too_long_is_let_go() {
    let host = host_with(true, |settings| settings.patience = Duration::from_millis(50)).await;
    for said in [0, 3, 20] {
        let whole = start_packet(0, &[("user", "app"), ("database", "acme")]);
        let mut gone = Client::connect(&host);
        gone.send(&whole[..said]).await;
        let Client { stream, arrival, .. } = gone;
        drop(stream);
        assert!(arrival.await.unwrap().is_none());
        let mut slow = Client::connect(&host);
        slow.send(&whole[..said]).await;
        assert!(slow.hear().await.is_none());
        assert!(slow.arrival.await.unwrap().is_none());
    }
    let mut silent = Client::connect(&host);
    silent.start(0, &[("user", "app"), ("database", "acme")]).await;
    let Some(Message::AuthenticationSasl(_)) = silent.hear().await else { panic!("no SASL") };
    assert_eq!(silent.refused().await.code, "57014");
    assert_eq!(host.counters().of(Outcome::TooSlow), 4);
    assert_eq!(host.counters().of(Outcome::HungUp), 3);
}

#[tokio::test]
async fn who_fails_too_often_is_not_listened_to() {
    let host = host_with(true, |settings| settings.failures_per_minute = 3).await;
    let parameters = [("user", "app"), ("database", "acme")];
    for _ in 0..5 {
        assert!(login(&host, &parameters, PASSWORD).await.is_ok());
    }
    for _ in 0..3 {
        assert_eq!(login(&host, &parameters, "wrong").await.unwrap_err().code, "28P01");
    }
    let mut client = Client::connect(&host);
    client.start(0, &parameters).await;
    assert_eq!(client.refused().await.code, "53300");
    assert_eq!(host.counters().of(Outcome::Throttled), 1);
    let elsewhere = Peer::Address("192.0.2.2".parse().unwrap());
    let mut client = Client::connect_from(&host, elsewhere);
    client.start(0, &parameters).await;
    assert!(matches!(client.prove(PASSWORD).await, Some(Message::AuthenticationOk)));
}

#[tokio::test]
async fn a_silent_registry_is_nobody_s_failure() {
    let host = host_with(true, |settings| settings.failures_per_minute = 1).await;
    for _ in 0..3 {
        let refused = login(&host, &[("user", "unheard")], PASSWORD).await.unwrap_err();
        assert_eq!(refused.code, "08006");
    }
    assert_eq!(host.counters().of(Outcome::Unavailable), 3);
}
