//! What a client wants done in its tenant, and how much of it may leave before the switch's
//! answer is verified.
//!
//! The switch and the work go out in one write. What would make the work permanent does not:
//! the Sync of a single statement (which commits its implicit transaction), the COMMIT of a
//! batch, and a single statement that may commit by itself, as DO and CALL can. So a route that turns out to be stale, or a login whose grant was just taken away,
//! costs a rollback, never a change in the wrong tenant.

use super::slot::{Slot, collect};
use super::{Error, switch};
use crate::wire::{
    ErrorReport, Statement, StatementResult, TransactionStatus, Unsendable, frontend,
};
use bytes::BytesMut;

/// Statements that leave the end of their transaction to the Sync. What others do is not known
/// here, and may be a COMMIT: outside of a block DO, CALL and some commands commit on their way.
const COMMITTED_BY_SYNC: &[&str] =
    &["select", "insert", "update", "delete", "merge", "with", "values", "table"];

/// The work of one request.
#[derive(Clone, Debug)]
pub enum Work {
    /// One statement in a transaction of its own.
    Single(Statement),
    /// Statements in one transaction block that `begin` opens.
    Batch {
        /// A BEGIN of ours, with the isolation level that was asked for.
        begin: String,
        /// The client's statements.
        statements: Vec<Statement>,
    },
}

impl Work {
    /// Writes all that may be sent before the switch is verified.
    pub(super) fn write(&self, out: &mut BytesMut) -> Result<(), Unsendable> {
        match self {
            Self::Single(statement) if is_committed_by_sync(&statement.query) => {
                frontend::statement(statement, out)
            }
            Self::Single(_) => Ok(()),
            Self::Batch { begin, statements } => {
                frontend::command(begin, out)?;
                for statement in statements {
                    frontend::statement(statement, out)?;
                }
                // Inside a block Sync commits nothing.
                frontend::sync(out);
                Ok(())
            }
        }
    }

    /// Writes what was held back of a single statement.
    pub(super) fn release(&self, out: &mut BytesMut) -> Result<(), Unsendable> {
        if let Self::Single(statement) = self
            && !is_committed_by_sync(&statement.query)
        {
            frontend::statement(statement, out)?;
        }
        self.end(out);
        Ok(())
    }

    /// Ends what was sent, without what was held back.
    pub(super) fn end(&self, out: &mut BytesMut) {
        if matches!(self, Self::Single(_)) {
            frontend::sync(out);
        }
    }
}

fn is_committed_by_sync(query: &str) -> bool {
    let query = query.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
    let end = query.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(query.len());
    COMMITTED_BY_SYNC.iter().any(|word| query[..end].eq_ignore_ascii_case(word))
}

impl Slot {
    /// Lets the work that was sent behind the switch take effect and reads its results.
    pub(super) async fn finish(
        &mut self,
        work: &Work,
        limit: usize,
    ) -> Result<Vec<StatementResult>, Error> {
        work.release(self.channel.outbox())?;
        let (results, status) = collect(&mut self.channel, limit).await?;
        match (work, results, status) {
            (Work::Single(_), Ok(results), TransactionStatus::Idle) => Ok(results),
            (Work::Single(_), Err(report), TransactionStatus::Idle) => {
                Err(Error::Statement(report))
            }
            (Work::Batch { .. }, Ok(results), TransactionStatus::InBlock) => {
                self.commit().await?;
                // The first result is that of our own BEGIN.
                Ok(results.into_iter().skip(1).collect())
            }
            (Work::Batch { .. }, Err(report), _) => self.roll_back(report, status).await,
            _ => Err(Error::TransactionControl),
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        frontend::query("COMMIT", self.channel.outbox())?;
        let (results, status) = collect(&mut self.channel, switch::ANSWER_LIMIT).await?;
        let results = results.map_err(Error::Statement)?;
        let committed = results.first().is_some_and(|r| r.tag == "COMMIT");
        if committed && status == TransactionStatus::Idle {
            Ok(())
        } else {
            Err(Error::TransactionControl)
        }
    }

    async fn roll_back<T>(
        &mut self,
        report: Box<ErrorReport>,
        status: TransactionStatus,
    ) -> Result<T, Error> {
        self.settle(status).await?;
        Err(Error::Statement(report))
    }

    /// Ends a transaction block that is still open, by rollback.
    pub(super) async fn settle(&mut self, status: TransactionStatus) -> Result<(), Error> {
        if status == TransactionStatus::Idle {
            return Ok(());
        }
        frontend::query("ROLLBACK", self.channel.outbox())?;
        match collect(&mut self.channel, switch::ANSWER_LIMIT).await? {
            (Ok(_), TransactionStatus::Idle) => Ok(()),
            _ => Err(Error::Odd("a rollback that does not end the transaction")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_commit_by_itself_is_held_back() {
        for (query, early) in [
            ("SELECT 1", true),
            ("\n\t(select 1) UNION (SELECT 2)", true),
            ("With a AS (SELECT 1) TABLE a", true),
            ("INSERT INTO a VALUES (1)", true),
            ("DO $$ BEGIN COMMIT; END $$", false),
            ("CALL settle()", false),
            ("/* SELECT */ CALL settle()", false),
            ("VACUUM note", false),
            ("selected", false),
            ("", false),
        ] {
            let work = Work::Single(Statement { query: query.into(), params: Vec::new() });
            let (mut sent, mut released) = (BytesMut::new(), BytesMut::new());
            work.write(&mut sent).unwrap();
            work.release(&mut released).unwrap();
            assert_eq!(!sent.is_empty(), early, "{query}");
            assert_eq!(released.len() == 5, early, "Sync alone: {query}");
        }
    }
}
