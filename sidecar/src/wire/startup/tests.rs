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
    for code in [b"\x04\xd2\x16\x2f", b"\x04\xd2\x16\x30"] {
        assert_eq!(taken(code), Ok(Some(Opening::Encryption)));
    }
    let mut bytes = BytesMut::new();
    frontend::cancel_request(7, -9, &mut bytes);
    assert_eq!(take(&mut bytes), Ok(Some(Opening::Cancel { process_id: 7, secret: -9 })));
}

#[test]
fn what_is_no_first_packet_is_malformed() {
    for bytes in [&b"\0\0\0\x04"[..], b"\xff\xff\xff\xff", b"\0\x01\0\0", b"GET / HTTP/1.1\r\n"] {
        assert_eq!(take(&mut BytesMut::from(bytes)), Err(Malformed), "{bytes:?}");
    }
    for body in [
        &b"\0\x02\0\0\0"[..],
        b"\0\x03\0\0user\0\0",
        b"\0\x03\0\0user",
        b"\0\x03\0\0\xff\0x\0\0",
        b"\x04\xd2\x16\x2e\0\0\0\x01",
    ] {
        assert_eq!(taken(body), Err(Malformed), "{body:?}");
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
    for bytes in [&b"Q\0\0\0\x05\0"[..], b"p\0\0\0\x05x", b"p\0\0\0\x04", b"p\xff\xff\xff\xff"] {
        assert_eq!(take_password(&mut BytesMut::from(bytes)), Err(Malformed), "{bytes:?}");
    }
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
    refuse("28P01", "no\0no", &mut out);
    assert_eq!(&out[..], b"E\0\0\0\x1eSFATAL\0VFATAL\0C28P01\0Mno\0\0");
    let mut out = BytesMut::new();
    let unknown = Parameter { name: "_pq_.x".into(), value: "1".into() };
    negotiate(&[unknown], &mut out);
    assert_eq!(&out[..], b"v\0\0\0\x13\0\0\0\0\0\0\0\x01_pq_.x\0");
}
