//! Who comes in, where, and what others are told.

use super::*;

#[tokio::test]
async fn who_proves_it_is_in_with_all_it_asked_for() {
    let host = host().await;
    let parameters = [
        ("user", "app"),
        ("database", "www.acme.example"),
        ("application_name", "shop"),
        ("options", "-c tenancy.pooling=session -c statement_timeout=5s"),
    ];
    let Ok(Arrival::Guest(guest)) = login(&host, &parameters, PASSWORD).await else {
        panic!("not in")
    };
    assert_eq!((guest.login.as_str(), guest.route.tenant.as_str()), ("app", "acme"));
    assert_eq!((guest.peer, guest.pooling, guest.minor), (PEER, Pooling::Session, 0));
    assert_eq!(
        (guest.database.as_str(), guest.application_name.as_str()),
        (parameters[1].1, "shop")
    );
    assert_eq!(guest.settings.len(), 2);
    assert_eq!(host.admission().again("app", &guest.target).await.unwrap(), guest.route);
    assert_eq!(host.counters().of(Outcome::Admitted), 1);
}

#[tokio::test]
async fn what_is_said_behind_the_proof_is_kept() {
    let host = host_with(false, |_| {}).await;
    let mut client = Client::connect_from(&host, Peer::Local);
    let mut said = start_packet(0, &[("user", "app"), ("database", "acme")]);
    said.extend_from_slice(b"Q\0\0\0\x0dSELECT 1\0");
    client.send(&said).await;
    assert!(matches!(client.hear().await, Some(Message::AuthenticationOk)));
    let Arrival::Guest(guest) = client.arrived().await else { panic!("not a guest") };
    assert_eq!(&guest.said[..], b"Q\0\0\0\x0dSELECT 1\0");
}

#[tokio::test]
async fn who_is_not_logged_in_learns_nothing_of_tenants() {
    let host = host().await;
    let mut refusals = Vec::new();
    for database in ["acme", "globex", "shut", "initech", "app", "tenancy"] {
        let parameters = [("user", "app"), ("database", database)];
        refusals.push(login(&host, &parameters, "wrong").await.unwrap_err());
    }
    refusals.dedup();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].code, "28P01");
    assert_eq!(refusals[0].message, "password authentication failed for user \"app\"");
    let nobody = [("user", "nobody"), ("database", "acme")];
    let unknown = login(&host, &nobody, PASSWORD).await.unwrap_err();
    assert_eq!(unknown.message, "password authentication failed for user \"nobody\"");
    assert_eq!((unknown.code, unknown.hint), (refusals[0].code.clone(), None));
    assert_eq!(host.counters().of(Outcome::Password), 7);
}

#[tokio::test]
async fn a_tenant_that_is_hidden_and_one_that_is_none_look_the_same() {
    let host = host().await;
    let ask = async |database| {
        login(&host, &[("user", "app"), ("database", database)], PASSWORD).await.unwrap_err()
    };
    let none = ask("initech").await;
    assert_eq!(none.code, "3D000");
    assert!(none.hint.as_ref().unwrap().contains("dbname=acme"));
    for hidden in ["globex", "globex.example", "app", "tenancy", "No Name"] {
        assert_eq!(ask(hidden).await, none, "{hidden}");
    }
    assert_eq!(ask("shut").await.code, "57P03");
    let both = [("user", "app"), ("database", "acme"), ("tenancy.tenant", "initech")];
    let disagree = login(&host, &both, PASSWORD).await.unwrap_err();
    assert_eq!(disagree.code, "22023");
    assert_eq!(disagree.message, "the database and tenancy.tenant do not name the same tenant");
}

#[tokio::test]
async fn operators_reach_the_console_and_nobody_else() {
    let host = host().await;
    let arrival = login(&host, &[("user", "stranger"), ("database", "tenancy")], PASSWORD).await;
    let Ok(Arrival::Console(operator)) = arrival else { panic!("no console") };
    assert_eq!(operator.login, "stranger");
}

#[tokio::test]
async fn without_authentication_only_this_machine_comes_in() {
    let host = host_with(false, |_| {}).await;
    for (peer, is_in) in [
        (Peer::Local, true),
        (Peer::Address("127.0.0.1".parse().unwrap()), true),
        (Peer::Address("::1".parse().unwrap()), true),
        (PEER, false),
    ] {
        let mut client = Client::connect_from(&host, peer);
        client.start(0, &[("user", "anybody"), ("database", "globex")]).await;
        let said = client.hear().await;
        match is_in {
            true => assert!(matches!(said, Some(Message::AuthenticationOk)), "{peer:?}"),
            false => assert_eq!(client.refused_with(said).await.code, "28000"),
        }
    }
}

#[tokio::test]
async fn a_connection_over_tcp_comes_in_as_well() {
    let host = host().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let arriving = tokio::spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        receive(stream, peer, &host).await
    });
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(address.port()).user("app").password(PASSWORD).dbname("acme");
    let connecting = tokio::spawn(async move { config.connect(tokio_postgres::NoTls).await });
    let Some(Arrival::Guest(guest)) = arriving.await.unwrap() else { panic!("not a guest") };
    assert_eq!(guest.route.tenant, "acme");
    assert!(guest.peer.is_this_machine() && !guest.stream.is_encrypted());
    connecting.abort();
}
