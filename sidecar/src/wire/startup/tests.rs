//! First packets as clients send them, whole, in halves and wrong.

use super::*;
use postgres_protocol::message::frontend;

fn packet(body: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(body.len() + 4).unwrap().to_be_bytes().to_vec();
    bytes.extend(body);
    bytes
}

fn taken(body: &[u8]) -> Result<Option<Opening>, Malformed> {
    take(&mut BytesMut::from(&packet(body)[..]))
}

#[test]
fn a_session_is_asked_for_with_parameters() {
    let mut bytes = BytesMut::new();
    frontend::startup_message([("user", "alice"), ("database", "")], &mut bytes).unwrap();
    let whole = bytes.clone();
    let named = |name: &str, value: &str| Parameter { name: name.into(), value: value.into() };
    let parameters = vec![named("user", "alice"), named("database", "")];
    assert_eq!(take(&mut bytes), Ok(Some(Opening::Session { minor: 0, parameters })));
    assert!(bytes.is_empty());
    for cut in 0..whole.len() {
        assert_eq!(take(&mut BytesMut::from(&whole[..cut])), Ok(None));
    }
    assert_eq!(
        taken(b"\0\x03\0\x02\0"),
        Ok(Some(Opening::Session { minor: 2, parameters: vec![] }))
    );
}

#[test]
fn encryption_and_cancels_are_asked_for_instead() {
    assert_eq!(taken(b"\x04\xd2\x16\x2f"), Ok(Some(Opening::Tls)));
    assert_eq!(taken(b"\x04\xd2\x16\x30"), Ok(Some(Opening::Gss)));
    let mut bytes = BytesMut::new();
    frontend::cancel_request(7, -9, &mut bytes);
    let secret = (-9_i32).to_be_bytes().to_vec();
    assert_eq!(take(&mut bytes), Ok(Some(Opening::Cancel { process_id: 7, secret })));
    let with = |length: usize| {
        let request = [b"\x04\xd2\x16\x2e\0\0\0\x07", &*vec![1; length]].concat();
        taken(&request).is_ok()
    };
    assert!(with(4) && with(32) && with(256));
    assert!(!with(0) && !with(3) && !with(257));
}

#[test]
fn what_is_no_first_packet_is_malformed() {
    for bytes in [&b"\0\0\0\x04"[..], b"\xff\xff\xff\xff", b"\0\x01\0\0", b"GET / HTTP/1.1\r\n"] {
        assert_eq!(take(&mut BytesMut::from(bytes)), Err(Malformed::Length), "{bytes:?}");
    }
    assert_eq!(taken(b"\0\x02\0\x01\0"), Err(Malformed::Version(2, 1)));
    for body in [
        &b"\0\x03\0\0"[..],
        b"\0\x03\0\0user\0\0",
        b"\0\x03\0\0user\0x\0",
        b"\0\x03\0\0user",
        b"\0\x03\0\0user\0x\0\0more",
        b"\0\x03\0\0\0\0",
        b"\0\x03\0\0\xff\0x\0\0",
        b"\x04\xd2\x16\x2e\0\0\0\x01",
        b"\x04\xd2\x16\x2fx",
        b"\x04\xd2\x16\x30x",
    ] {
        assert_eq!(taken(body), Err(Malformed::Layout), "{body:?}");
    }
}

#[test]
fn a_password_ends_with_a_zero_byte() {
    let mut bytes = BytesMut::new();
    frontend::password_message(b"secret", &mut bytes).unwrap();
    let whole = bytes.clone();
    assert_eq!(take_password(&mut bytes), Ok(Some(b"secret".to_vec())));
    for cut in 0..whole.len() {
        assert_eq!(take_password(&mut BytesMut::from(&whole[..cut])), Ok(None));
    }
    let taken = |bytes: &[u8]| take_password(&mut BytesMut::from(bytes));
    assert_eq!(taken(b"Q\0\0\0\x05\0"), Err(Malformed::Layout));
    assert_eq!(taken(b"p\0\0\0\x05x"), Err(Malformed::Layout));
    assert_eq!(taken(b"p\0\0\0\x04"), Err(Malformed::Layout));
    assert_eq!(taken(b"p\0\0\0\x03"), Err(Malformed::Length));
    assert_eq!(taken(b"p\xff\xff\xff\xff"), Err(Malformed::Length));
    assert_eq!(taken(b"p\0\0\x27\x11"), Err(Malformed::Length));
}

#[test]
fn the_first_message_of_sasl_names_its_mechanism() {
    let mut bytes = BytesMut::new();
    frontend::sasl_initial_response("SCRAM-SHA-256", b"n,,", &mut bytes).unwrap();
    let body = take_proof(&mut bytes).unwrap().unwrap();
    assert_eq!(sasl_initial(&body), Ok(("SCRAM-SHA-256", Some(&b"n,,"[..]))));
    assert_eq!(sasl_initial(b"X\0\xff\xff\xff\xff"), Ok(("X", None)));
    for body in [
        &b""[..],
        b"X",
        b"X\0",
        b"X\0\0\0\0",
        b"X\0\0\0\0\x01",
        b"X\0\0\0\0\x01ab",
        b"X\0\xff\xff\xff\xffa",
        b"X\0\xff\xff\xff\xfe",
        b"\xff\0\0\0\0\0",
    ] {
        assert_eq!(sasl_initial(body), Err(Malformed::Layout), "{body:?}");
    }
}

#[test]
fn what_is_said_of_authentication_is_what_clients_read() {
    use fallible_iterator::FallibleIterator;
    use postgres_protocol::message::backend::Message;
    let mut out = BytesMut::new();
    offer_sasl(&["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"], &mut out);
    sasl_continue("r=1", &mut out);
    sasl_final("v=1", &mut out);
    authenticated(&mut out);
    let mut next = || Message::parse(&mut out).unwrap();
    let Some(Message::AuthenticationSasl(body)) = next() else { panic!("no offer") };
    let offered: Vec<_> = body.mechanisms().map(|name| Ok(name.to_owned())).collect().unwrap();
    assert_eq!(offered, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]);
    let Some(Message::AuthenticationSaslContinue(body)) = next() else { panic!("no challenge") };
    assert_eq!(body.data(), b"r=1");
    let Some(Message::AuthenticationSaslFinal(body)) = next() else { panic!("no end") };
    assert_eq!(body.data(), b"v=1");
    assert!(matches!(next(), Some(Message::AuthenticationOk)));
}

#[test]
fn the_welcome_and_a_refusal_are_laid_out_as_the_manual_says() {
    let mut out = BytesMut::new();
    let zone = Parameter { name: "TimeZone".into(), value: "UTC".into() };
    welcome(&[zone], (7, 9), &mut out);
    let expected =
        b"R\0\0\0\x08\0\0\0\0S\0\0\0\x11TimeZone\0UTC\0K\0\0\0\x0c\0\0\0\x07\0\0\0\x09Z\0\0\0\x05I";
    assert_eq!(&out[..], expected);
    let mut out = BytesMut::new();
    refuse("28P01", "no\0no", (None, None), &mut out);
    assert_eq!(&out[..], b"E\0\0\0\x1eSFATAL\0VFATAL\0C28P01\0Mno\0\0");
    let mut out = BytesMut::new();
    refuse("28P01", "no", (Some("a"), Some("b")), &mut out);
    assert_eq!(&out[..], b"E\0\0\0\x24SFATAL\0VFATAL\0C28P01\0Mno\0Da\0Hb\0\0");
    let mut out = BytesMut::new();
    let unknown = Parameter { name: "_pq_.x".into(), value: "1".into() };
    negotiate(2, &[unknown], &mut out);
    assert_eq!(&out[..], b"v\0\0\0\x13\0\x03\0\x02\0\0\0\x01_pq_.x\0");
}
