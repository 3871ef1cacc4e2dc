//! A connection against a scripted server: what leaves before the switch is verified, what only
//! afterwards, and when the connection is clean again.

use super::cancel::CancelKey;
use super::channel::Channel;
use super::seal::Sealed;
use super::slot::Slot;
use super::{Address, Endpoint, Entered, Error, Work};
use crate::wire::{Statement, Unsendable};
use tenancy_core::seal::Seal;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, split};

const ENTERED: &[u8] = b"V\x00\x00\x00\x0c\x00\x00\x00\x047/12Z\x00\x00\x00\x05I";
const PARKED: &[u8] = b"V\x00\x00\x00\x08\xff\xff\xff\xffZ\x00\x00\x00\x05I";
const LIMIT: usize = 1 << 20;

/// One turn of the conversation: the tags of the messages to wait for, then what to answer.
type Turn<'a> = (&'a str, Vec<u8>);

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn complete(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes())
}

fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status])
}

fn error(severity: &str, code: &str) -> Vec<u8> {
    message(b'E', format!("V{severity}\0C{code}\0Mno\0\0").as_bytes())
}

fn single(query: &str) -> Work {
    Work::Single(Statement { query: query.into(), params: vec![] })
}

fn batch() -> Work {
    let statements = vec![Statement { query: "INSERT".into(), params: vec![] }];
    Work::Batch { begin: "BEGIN".into(), statements }
}

fn slot() -> (Slot, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (reader, writer) = split(ours);
    let address = Address {
        endpoint: Endpoint::Unix("/none".into()),
        user: "gate".into(),
        database: "app".into(),
        password: None,
    };
    let key = CancelKey { address, process_id: 1, secret: 2 };
    let sealed = Sealed {
        seal: Seal::parse("0123456789abcdef").unwrap(),
        switch: 4242,
        switch_client: 4243,
    };
    (Slot::new(Channel::new(reader, writer, LIMIT), key, sealed), theirs)
}

/// Plays the server. Panics when the client says anything else than is waited for.
async fn serve(mut stream: DuplexStream, script: Vec<Turn<'_>>) {
    for (tags, answer) in script {
        let mut heard = String::new();
        while heard.len() < tags.len() {
            let tag = stream.read_u8().await.unwrap();
            let length = stream.read_u32().await.unwrap() as usize - 4;
            stream.read_exact(&mut vec![0; length]).await.unwrap();
            heard.push(char::from(tag));
        }
        assert_eq!(heard, tags);
        stream.write_all(&answer).await.unwrap();
    }
}

/// Enters, finishes and parks as a request does; gives the outcome and whether the connection is
/// clean afterwards.
async fn request(work: Work, script: Vec<Turn<'_>>) -> (Result<usize, Error>, bool) {
    let (mut slot, stream) = slot();
    let play = async {
        let outcome = match slot.enter("acme", &work).await {
            Ok(entered) => {
                assert_eq!(entered, Entered { tenant_id: 7, generation: 12 });
                slot.finish(&work, LIMIT).await.map(|results| results.len())
            }
            Err(error) => Err(error),
        };
        if matches!(outcome, Ok(_) | Err(Error::Statement(_) | Error::Switch(_))) {
            let _ = slot.park().await;
        }
        let clean = slot.is_clean();
        drop(slot);
        (outcome, clean)
    };
    tokio::join!(play, serve(stream, script)).0
}

#[tokio::test]
async fn a_single_statement_is_synced_only_after_the_switch_was_answered() {
    let script = vec![
        ("FPBDE", ENTERED.to_vec()),
        ("S", [complete("SELECT 0"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(single("SELECT"), script).await;
    assert_eq!(outcome.unwrap(), 1);
    assert!(clean);
}

#[tokio::test]
async fn a_statement_that_may_commit_by_itself_waits_for_the_switchs_answer() {
    let script = vec![
        ("F", ENTERED.to_vec()),
        ("PBDES", [complete("CALL"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(single("CALL settle()"), script).await;
    assert_eq!(outcome.unwrap(), 1);
    assert!(clean);
}

#[tokio::test]
async fn a_batch_is_committed_only_when_all_of_it_went_well() {
    let done = [complete("BEGIN"), complete("INSERT 0 1"), ready(b'T')].concat();
    let script = vec![
        ("FPBEPBDES", [ENTERED.to_vec(), done].concat()),
        ("Q", [complete("COMMIT"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(batch(), script).await;
    assert_eq!(outcome.unwrap(), 1, "the result of our own BEGIN is not among them");
    assert!(clean);

    let failed = [complete("BEGIN"), error("ERROR", "23505"), ready(b'E')].concat();
    let script = vec![
        ("FPBEPBDES", [ENTERED.to_vec(), failed].concat()),
        ("Q", [complete("ROLLBACK"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(batch(), script).await;
    assert!(matches!(outcome, Err(Error::Statement(report)) if report.code == "23505"));
    assert!(clean);
}

#[tokio::test]
async fn a_commit_that_rolls_back_is_no_success() {
    let done = [complete("BEGIN"), complete("INSERT 0 1"), ready(b'T')].concat();
    for (answer, deferred) in [
        ([complete("ROLLBACK"), ready(b'I')].concat(), false),
        ([error("ERROR", "40001"), ready(b'I')].concat(), true),
    ] {
        let mut script =
            vec![("FPBEPBDES", [ENTERED.to_vec(), done.clone()].concat()), ("Q", answer)];
        if deferred {
            script.push(("F", PARKED.to_vec()));
        }
        let (outcome, clean) = request(batch(), script).await;
        assert_eq!(matches!(outcome, Err(Error::Statement(_))), deferred);
        assert!(outcome.is_err());
        assert_eq!(clean, deferred);
    }
}

#[tokio::test]
async fn a_refused_switch_leaves_the_connection_usable() {
    let refused = [error("ERROR", "57P03"), ready(b'I')].concat();
    let behind = [error("ERROR", "42501"), ready(b'I')].concat();
    let script = vec![("FPBDE", refused.clone()), ("S", behind), ("F", PARKED.to_vec())];
    let (outcome, clean) = request(single("SELECT"), script).await;
    assert!(matches!(outcome, Err(Error::Switch(report)) if report.code == "57P03"));
    assert!(clean);

    let behind = [complete("BEGIN"), error("ERROR", "42501"), ready(b'E')].concat();
    let script = vec![
        ("FPBEPBDES", [refused, behind].concat()),
        ("Q", [complete("ROLLBACK"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(batch(), script).await;
    assert!(matches!(outcome, Err(Error::Switch(_))));
    assert!(clean);
}

#[tokio::test]
async fn what_runs_in_closed_is_no_work_behind_a_refused_switch() {
    let refused = [error("ERROR", "57P03"), ready(b'I')].concat();
    let behind = [complete("BEGIN"), complete("SAVEPOINT"), ready(b'T')].concat();
    let script = vec![
        ("FPBEPBDES", [refused, behind].concat()),
        ("Q", [complete("ROLLBACK"), ready(b'I')].concat()),
        ("F", PARKED.to_vec()),
    ];
    let (outcome, clean) = request(batch(), script).await;
    assert!(matches!(outcome, Err(Error::Switch(_))));
    assert!(clean);
}

#[tokio::test]
async fn work_that_ran_behind_a_refused_switch_condemns_the_connection() {
    let refused = [error("ERROR", "3D000"), ready(b'I')].concat();
    let ran = [complete("SELECT 1"), ready(b'I')].concat();
    let (outcome, clean) = request(single("SELECT"), vec![("FPBDE", refused), ("S", ran)]).await;
    assert!(matches!(outcome, Err(Error::Odd(_))));
    assert!(!clean);
}

#[tokio::test]
async fn a_transaction_left_open_or_ended_early_condemns_the_connection() {
    for (work, tags, status) in [(single("SELECT"), "FPBDE", b'T'), (batch(), "FPBEPBDES", b'I')] {
        let answer = [complete("WHATEVER"), ready(status)].concat();
        let script = match work {
            Work::Single(_) => vec![(tags, ENTERED.to_vec()), ("S", answer)],
            Work::Batch { .. } => vec![(tags, [ENTERED.to_vec(), answer].concat())],
        };
        let (outcome, clean) = request(work, script).await;
        assert!(matches!(outcome, Err(Error::TransactionControl)));
        assert!(!clean);
    }
}

#[tokio::test]
async fn a_park_that_is_refused_or_answers_a_tenant_condemns_the_connection() {
    for answer in [[error("ERROR", "28000"), ready(b'I')].concat(), ENTERED.to_vec()] {
        let script = vec![
            ("FPBDE", ENTERED.to_vec()),
            ("S", [complete("SELECT 0"), ready(b'I')].concat()),
            ("F", answer),
        ];
        let (outcome, clean) = request(single("SELECT"), script).await;
        assert!(outcome.is_ok());
        assert!(!clean);
    }
}

#[tokio::test]
async fn the_last_words_of_the_server_are_kept() {
    let script = vec![("FPBDE", ENTERED.to_vec()), ("S", error("FATAL", "57P01"))];
    let (outcome, clean) = request(single("SELECT"), script).await;
    assert!(matches!(outcome, Err(Error::Lost(Some(report))) if report.code == "57P01"));
    assert!(!clean);
}

#[tokio::test]
async fn work_that_cannot_be_sent_leaves_nothing_behind() {
    let (mut slot, _server) = slot();
    let outcome = slot.enter("acme", &single("SELECT\0")).await;
    assert!(matches!(outcome, Err(Error::Unsendable(Unsendable::ZeroByte))));
    assert!(slot.is_clean() && slot.channel.is_quiet());
}
