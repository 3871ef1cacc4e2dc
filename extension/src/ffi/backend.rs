//! Facts about this process: its kind, database and transaction state.

use pgrx::pg_sys;
use std::ffi::c_int;

// Each reads a global or the transaction state and cannot raise: past pgrx's guard, on the hot path.
unsafe extern "C-unwind" {
    fn IsTransactionBlock() -> bool;
    fn EndImplicitTransactionBlock();
    fn disable_timeout(timeout: c_int, keep_indicator: bool);
    fn GetTopTransactionIdIfAny() -> pg_sys::TransactionId;
    fn GetCurrentTransactionNestLevel() -> c_int;
    fn GetCurrentStatementStartTimestamp() -> pg_sys::TimestampTz;
}

/// Whether libraries of `shared_preload_libraries` are being loaded right now.
pub fn is_preloading() -> bool {
    // SAFETY: reads a global.
    unsafe { pg_sys::process_shared_preload_libraries_in_progress }
}

/// Keeps backtraces of Rust out of errors, whoever started the server: they would show the inside of
/// the server to clients, and tell errors apart that must look the same. For _PG_init.
pub fn without_backtraces() {
    // SAFETY: the postmaster, which loads libraries, has one thread.
    unsafe { std::env::set_var("RUST_BACKTRACE", "0") };
}

/// The OID of the database that this backend is connected to.
pub fn database() -> u32 {
    // SAFETY: reads a global.
    unsafe { pg_sys::MyDatabaseId.to_u32() }
}

/// The time of the day, in microseconds since PostgreSQL's epoch.
pub fn now() -> i64 {
    // SAFETY: reads the clock.
    unsafe { pg_sys::GetCurrentTimestamp() }
}

/// This process's id.
pub fn pid() -> i32 {
    // SAFETY: reads a global.
    unsafe { pg_sys::MyProcPid }
}

/// Whether this is a parallel worker: then the leader decides the context.
#[inline]
pub fn is_parallel_worker() -> bool {
    // SAFETY: reads a global.
    unsafe { pg_sys::ParallelWorkerNumber >= 0 || pg_sys::InitializingParallelWorker }
}

/// Process id of the leader, when this is a parallel worker.
pub fn leader_pid() -> Option<i32> {
    // SAFETY: MyProc is set for the life of a backend; its leader, if any, outlives the worker.
    unsafe {
        let leader = (*pg_sys::MyProc).lockGroupLeader;
        (!leader.is_null()).then(|| (*leader).pid)
    }
}

/// Whether this process serves a client's connection, unlike autovacuum, background workers and
/// whatever replicates.
pub fn is_client() -> bool {
    // SAFETY: reads two globals.
    unsafe { pg_sys::MyBackendType == pg_sys::BackendType::B_BACKEND && !pg_sys::am_walsender }
}

/// Whether the catalogs can be read.
pub fn in_transaction() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { pg_sys::IsTransactionState() }
}

/// Whether the running statement shares its transaction with others: in a block, in a message with
/// several statements, or behind a statement of the same pipeline. The last has no state of its
/// own before version 18, but whatever it could have left pending (deferred triggers) has written,
/// and who writes has a transaction id.
pub fn in_transaction_block() -> bool {
    // SAFETY: reads the transaction state.
    unsafe { IsTransactionBlock() || GetTopTransactionIdIfAny() != pg_sys::InvalidTransactionId }
}

/// Whether the failed transaction that is being rolled back was opened by the client, who has to end
/// it. A block that PostgreSQL opened for several statements of one message or pipeline ends here;
/// it has no name of its own but in the one function that turns it into a single statement's.
pub fn stays_in_failed_block() -> bool {
    // SAFETY: changes the state of such a block alone, whose roll-back is the same in either state.
    unsafe {
        EndImplicitTransactionBlock();
        IsTransactionBlock()
    }
}

/// Lets the running statement take its time, whatever `statement_timeout` says.
pub fn suspend_statement_timeout() {
    /// In utils/timeout.h, the same from 15 to 18.
    const STATEMENT_TIMEOUT: c_int = 3;
    // SAFETY: what PostgreSQL does at the end of each statement; every session has the timer.
    unsafe { disable_timeout(STATEMENT_TIMEOUT, false) }
}

/// Whether a savepoint or an exception block is open.
pub fn in_subtransaction() -> bool {
    nesting() > 1
}

/// How deep the running transaction is: 1 for itself, one more for each subtransaction.
pub fn nesting() -> i32 {
    // SAFETY: reads the transaction state.
    unsafe { GetCurrentTransactionNestLevel() }
}

/// Makes the running transaction read-only: PostgreSQL itself then refuses writes with 25006.
pub fn forbid_writes() {
    // SAFETY: what SET TRANSACTION READ ONLY assigns.
    unsafe { pg_sys::XactReadOnly = true };
}

/// Reacts to a cancel or terminate request that has arrived: raises 57014 or 57P01.
pub fn check_for_interrupts() {
    pgrx::check_for_interrupts!();
}

/// When the message that is being worked on arrived, in microseconds: the same for all of its
/// statements, another for the next message.
pub fn message_time() -> i64 {
    // SAFETY: reads a global.
    unsafe { GetCurrentStatementStartTimestamp() }
}
