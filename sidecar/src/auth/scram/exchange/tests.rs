//! The exchange with an independent client, with the example of RFC 7677, and with messages that
//! are wrong in every way.

use super::super::tests::verifier_of;
use super::*;
use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

const HASH: &[u8] = &[7; 32];

fn verifier(password: &str) -> Verifier {
    Verifier::parse(&verifier_of(password)).unwrap()
}

/// A whole exchange with a client that has this password and binds like this.
fn outcome(
    verifier: Verifier,
    password: &str,
    (mechanism, end_point): (Mechanism, Option<&[u8]>),
    binding: ChannelBinding,
) -> Result<Outcome, Violation> {
    let mut client = ScramSha256::new(password.as_bytes(), binding);
    let exchange = Exchange::begin(client.message(), mechanism, end_point, verifier)?;
    client.update(exchange.challenge().as_bytes()).unwrap();
    let outcome = exchange.finish(client.message());
    if let Ok(Outcome::Proved(last)) = &outcome {
        client.finish(last.as_bytes()).unwrap();
    }
    outcome
}

fn is_let_in(verifier: Verifier, password: &str) -> bool {
    let how = (Mechanism::Plain, None);
    let outcome = outcome(verifier, password, how, ChannelBinding::unsupported()).unwrap();
    outcome != Outcome::Failed
}

fn end_point(hash: &[u8]) -> ChannelBinding {
    ChannelBinding::tls_server_end_point(hash.to_vec())
}

#[test]
fn who_knows_the_password_proves_it_and_nobody_else() {
    assert!(is_let_in(verifier("s3cret"), "s3cret"));
    assert!(is_let_in(verifier("pässwörd"), "pässwörd"));
    assert!(!is_let_in(verifier("s3cret"), "S3cret"));
    assert!(!is_let_in(verifier("s3cret"), ""));
    assert!(!is_let_in(Verifier::stand_in([1; 16]), "s3cret"));
}

#[test]
fn a_stand_in_matches_nothing_even_who_has_its_keys() {
    let real = verifier("s3cret");
    let stand_in = Verifier { is_stand_in: true, ..real };
    assert!(!is_let_in(stand_in, "s3cret"));
}

#[test]
fn agrees_with_the_example_of_rfc_7677() {
    let verifier = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";
    let exchange = Exchange::begin_with(
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        Mechanism::Plain,
        None,
        Verifier::parse(verifier).unwrap(),
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
    )
    .unwrap();
    let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    assert_eq!(exchange.challenge(), format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    let last = format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
    let proved = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=".to_owned();
    assert_eq!(exchange.finish(last.as_bytes()), Ok(Outcome::Proved(proved)));
}

#[test]
fn a_binding_holds_for_the_certificate_that_was_seen() {
    let with =
        |binding| outcome(verifier("s3cret"), "s3cret", (Mechanism::Plus, Some(HASH)), binding);
    assert!(matches!(with(end_point(HASH)), Ok(Outcome::Proved(_))));
    assert_eq!(with(end_point(&[8; 32])).unwrap_err().code, "28000");
}

#[test]
fn a_client_that_was_talked_out_of_binding_is_refused() {
    let with = |end_point| {
        let binding = ChannelBinding::unrequested();
        outcome(verifier("s3cret"), "s3cret", (Mechanism::Plain, end_point), binding)
    };
    assert!(matches!(with(None), Ok(Outcome::Proved(_))));
    assert_eq!(with(Some(HASH)).unwrap_err().message, "SCRAM channel binding negotiation error");
    let plain = ChannelBinding::unsupported();
    let how = (Mechanism::Plain, Some(HASH));
    assert!(matches!(outcome(verifier("x"), "x", how, plain), Ok(Outcome::Proved(_))));
}

#[test]
fn mechanism_and_binding_must_fit() {
    let with = |flag: &str, mechanism, end_point| {
        let first = format!("{flag},,n=,r=abc");
        let begun = Exchange::begin(first.as_bytes(), mechanism, end_point, verifier("x"));
        begun.err().map(|violation| violation.code)
    };
    assert_eq!(with("n", Mechanism::Plus, Some(HASH)), Some("08P01"));
    assert_eq!(with("y", Mechanism::Plus, Some(HASH)), Some("08P01"));
    assert_eq!(with("p=tls-server-end-point", Mechanism::Plain, Some(HASH)), Some("08P01"));
    assert_eq!(with("p=tls-server-end-point", Mechanism::Plus, None), Some("08P01"));
    assert_eq!(with("p=tls-unique", Mechanism::Plus, Some(HASH)), Some("08P01"));
    assert_eq!(with("p=tls-server-end-point", Mechanism::Plus, Some(HASH)), None);
}

#[test]
fn first_messages_that_are_wrong_are_violations() {
    for (message, code) in [
        (&b""[..], "08P01"),
        (b"n", "08P01"),
        (b"n,", "08P01"),
        (b"n,,", "08P01"),
        (b"x,,n=,r=abc", "08P01"),
        (b"n,a=root,n=,r=abc", "0A000"),
        (b"n,x,n=,r=abc", "08P01"),
        (b"n,,m=1,n=,r=abc", "0A000"),
        (b"n,,r=abc", "08P01"),
        (b"n,,n=", "08P01"),
        (b"n,,n=,r=", "08P01"),
        (b"n,,n=,r=a\x07", "08P01"),
        (b"n,,n=,r=a b", "08P01"),
        (b"n,,n=,r=\xff", "08P01"),
        (b"n,,n=,r=ab\0c", "08P01"),
    ] {
        let begun = Exchange::begin(message, Mechanism::Plain, None, verifier("x"));
        assert_eq!(begun.err().map(|violation| violation.code), Some(code), "{message:?}");
    }
    assert!(Exchange::begin(b"n,,n=me,r=abc,x=1", Mechanism::Plain, None, verifier("x")).is_ok());
}

#[test]
fn last_messages_that_are_wrong_are_violations() {
    let proof = "A".repeat(43);
    for (last, code) in [
        (String::new(), "08P01"),
        ("c=biws".into(), "08P01"),
        ("c=biws,r=abcS".into(), "08P01"),
        (format!("r=abcS,p={proof}="), "08P01"),
        (format!("x=biws,r=abcS,p={proof}="), "08P01"),
        (format!("c=eSws,r=abcS,p={proof}="), "28000"),
        (format!("c=biws,r=abc,p={proof}="), "08P01"),
        (format!("c=biws,r=abcSx,p={proof}="), "08P01"),
        (format!("c=biws,r=,p={proof}="), "08P01"),
        ("c=biws,r=abcS,p=".into(), "08P01"),
        ("c=biws,r=abcS,p=AAAA".into(), "08P01"),
        (format!("c=biws,r=abcS,p={proof}=,x=1"), "08P01"),
        (format!("c=biws,r=abcS,p={proof}=\0"), "08P01"),
    ] {
        let exchange =
            Exchange::begin_with(b"n,,n=,r=abc", Mechanism::Plain, None, verifier("x"), "S");
        let outcome = exchange.unwrap().finish(last.as_bytes());
        assert_eq!(outcome.err().map(|violation| violation.code), Some(code), "{last:?}");
    }
    let exchange = Exchange::begin_with(b"n,,n=,r=abc", Mechanism::Plain, None, verifier("x"), "S");
    let outcome = exchange.unwrap().finish(format!("c=biws,r=abcS,p={proof}=").as_bytes());
    assert_eq!(outcome, Ok(Outcome::Failed));
}
