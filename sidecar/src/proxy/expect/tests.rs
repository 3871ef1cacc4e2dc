//! The ledger against sequences of messages as clients send them.

use super::*;

const PARSED: &[u8] = b"1\0\0\0\x04";

fn instead() -> Owed {
    Owed::Instead(PARSED, (Box::default(), None))
}

fn ledger(owed: impl IntoIterator<Item = Owed>) -> Ledger {
    let mut ledger = Ledger::default();
    for owed in owed {
        ledger.push(owed);
    }
    ledger
}

fn extended() -> [Owed; 5] {
    [Owed::Parse, Owed::Bind, Owed::Describe, Owed::Execute, Owed::Sync]
}

fn settle(ledger: &mut Ledger) -> Option<Owed> {
    ledger.settle(|_| panic!("nothing is due"))
}

#[test]
fn it_is_settled_when_every_answer_has_come() {
    let mut ledger = ledger(extended());
    for owed in &extended()[..4] {
        assert!(!ledger.is_settled());
        assert_eq!(settle(&mut ledger).as_ref(), Some(owed));
    }
    assert!(!ledger.is_settled());
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled());
}

#[test]
fn without_a_sync_it_is_not_settled() {
    let mut ledger = ledger([Owed::Parse]);
    settle(&mut ledger);
    assert!(!ledger.is_settled());
}

#[test]
fn ready_for_query_that_nobody_asked_for_is_noticed() {
    assert_eq!(Ledger::default().ready(|_| {}), Err(Unasked));
    assert_eq!(ledger([Owed::Parse]).ready(|_| {}), Err(Unasked));
}

#[test]
fn an_error_ends_what_was_asked_up_to_the_sync() {
    let mut ledger = ledger(extended().into_iter().chain([Owed::Query]));
    settle(&mut ledger);
    assert_eq!(ledger.fail(), [Owed::Bind, Owed::Describe, Owed::Execute]);
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert_eq!(ledger.first(), Some(&Owed::Query));
    assert!(ledger.fail().is_empty());
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled());
}

#[test]
fn after_an_error_the_server_reads_over_all_but_a_sync() {
    let mut ledger = ledger([Owed::Parse]);
    assert_eq!(ledger.fail(), [Owed::Parse]);
    for owed in [Owed::Bind, Owed::Query, instead()] {
        assert_eq!(ledger.push(owed), None);
    }
    assert_eq!(ledger.first(), None);
    assert!(!ledger.is_settled());
    ledger.push(Owed::Sync);
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled());
}

#[test]
fn what_the_server_was_spared_is_heard_in_its_place() {
    let mut ledger = Ledger::default();
    assert_eq!(ledger.push(instead()), Some(PARSED));
    assert_eq!(ledger.push(Owed::Bind), None);
    assert_eq!(ledger.push(instead()), None);
    assert_eq!(ledger.push(Owed::Sync), None);
    let mut due = Vec::new();
    assert_eq!(ledger.settle(|bytes| due.push(bytes)), Some(Owed::Bind));
    assert_eq!(due, [PARSED]);
    assert_eq!(ledger.ready(|_| {}), Ok(()));
}

#[test]
fn what_was_spared_behind_an_error_is_not_heard() {
    let mut ledger = ledger([Owed::Bind, instead(), Owed::Sync]);
    ledger.fail();
    assert_eq!(ledger.ready(|_| panic!("nothing is due")), Ok(()));
}

#[test]
fn a_sync_during_a_copy_is_not_answered() {
    // As libpq sends it: the Sync that follows Execute is read over, the one behind the data counts.
    let mut ledger = ledger([Owed::Bind, Owed::Execute, Owed::Sync]);
    settle(&mut ledger);
    assert_eq!(ledger.copy_in(), Ok(()));
    ledger.push(Owed::Sync);
    ledger.push(Owed::CopyEnd);
    ledger.complete();
    assert_eq!(settle(&mut ledger), Some(Owed::Execute));
    assert!(!ledger.is_settled());
    ledger.push(Owed::Sync);
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled() && ledger.is_certain());
}

#[test]
fn a_copy_that_was_sent_before_the_server_asked_for_it_is_the_same() {
    let sent = [Owed::Execute, Owed::Sync, Owed::CopyEnd];
    let mut without = ledger(sent.clone());
    assert_eq!(without.copy_in(), Ok(()));
    without.complete();
    assert!(without.open);
    let mut whole = ledger(sent.into_iter().chain([Owed::Sync]));
    assert_eq!(whole.copy_in(), Ok(()));
    whole.complete();
    assert_eq!(settle(&mut whole), Some(Owed::Execute));
    assert_eq!(whole.ready(|_| {}), Ok(()));
    assert!(whole.is_settled());
}

#[test]
fn a_copy_of_a_simple_query_ends_with_the_query() {
    let mut ledger = ledger([Owed::Query]);
    assert_eq!(ledger.copy_in(), Ok(()));
    ledger.push(Owed::CopyEnd);
    ledger.complete();
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled());
}

#[test]
fn the_end_of_a_copy_that_failed_means_nothing() {
    let mut ledger = ledger([Owed::Query]);
    assert_eq!(ledger.copy_in(), Ok(()));
    ledger.fail();
    ledger.push(Owed::CopyEnd);
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled());
    ledger.push(Owed::CopyEnd);
    assert!(ledger.is_settled() && ledger.is_certain());
}

#[test]
fn how_many_syncs_a_copy_that_failed_has_read_over_is_not_known() {
    for first in [Owed::Query, Owed::Execute] {
        let sent = [first, Owed::Sync, Owed::FunctionCall, Owed::CopyEnd, Owed::Sync];
        let mut ledger = ledger(sent);
        assert_eq!(ledger.copy_in(), Ok(()));
        ledger.fail();
        assert!(!ledger.is_certain());
    }
}

#[test]
fn the_end_of_a_copy_that_failed_before_it_read_stays_for_the_next() {
    let mut ledger = ledger([Owed::Query, Owed::Query, Owed::CopyEnd, Owed::Sync]);
    assert_eq!(ledger.copy_in(), Ok(()));
    ledger.fail();
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert_eq!(ledger.copy_in(), Ok(()));
    ledger.complete();
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert_eq!(ledger.first(), Some(&Owed::Sync));
    assert_eq!(ledger.ready(|_| {}), Ok(()));
    assert!(ledger.is_settled() && ledger.is_certain());
}

#[test]
fn syncs_during_a_copy_do_not_pile_up() {
    let mut ledger = ledger([Owed::Query]);
    assert_eq!(ledger.copy_in(), Ok(()));
    for _ in 0..1000 {
        ledger.push(Owed::Sync);
    }
    assert_eq!(ledger.len(), 2);
}

#[test]
fn only_a_query_or_an_execute_takes_in_a_copy() {
    assert_eq!(ledger([Owed::Bind]).copy_in(), Err(Unasked));
    assert_eq!(Ledger::default().copy_in(), Err(Unasked));
}

#[test]
fn without_a_sync_there_is_nothing_to_wait_for() {
    let mut ledger = ledger(extended().into_iter().take(4));
    assert!(ledger.waits_for_client());
    ledger.push(Owed::Sync);
    assert!(!ledger.waits_for_client());
}
