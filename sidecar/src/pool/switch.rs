//! Into a tenant and back to `closed`: the FunctionCall of `tenancy.switch`, by OID, with the
//! client's work right behind it.
//!
//! Safe only because the connection is parked in `closed` when it is lent: whatever happens to
//! the switch (unknown tenant, wrong OID, cancel), the server refuses the work behind it.

use super::slot::{Slot, collect, function_result};
use super::{Error, Work};
use crate::wire::{StatementResult, frontend};
use bytes::BytesMut;

/// Enough for the answers to our own commands.
pub(super) const ANSWER_LIMIT: usize = 64 * 1024;

/// What the switch answered: the truth about where the connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entered {
    /// Id of the tenant.
    pub tenant_id: i64,
    /// The registry's generation of that tenant.
    pub generation: i64,
}

impl Entered {
    /// Reads the answer.
    pub(super) fn parse(answer: &str) -> Option<Self> {
        let (id, generation) = answer.split_once('/')?;
        Some(Self { tenant_id: id.parse().ok()?, generation: generation.parse().ok()? })
    }
}

impl Slot {
    /// Sends the switch and the work in one write and reads the switch's answer.
    pub(super) async fn enter(&mut self, tenant: &str, work: &Work) -> Result<Entered, Error> {
        let mut message = BytesMut::new();
        let arguments = [Some(self.sealed.seal.reveal()), Some(tenant)];
        frontend::function_call(self.sealed.switch, &arguments, &mut message);
        // Work that cannot be written must not leave half of itself in the outbox.
        work.write(&mut message)?;
        self.clean = false;
        *self.channel.outbox() = message;
        match function_result(&mut self.channel).await? {
            Ok(Some(answer)) => {
                Entered::parse(&answer).ok_or(Error::Odd("answer of switch cannot be read"))
            }
            Ok(None) => Err(Error::Odd("switch into a tenant answered NULL")),
            Err(report) => {
                self.discard(work).await?;
                Err(Error::Switch(report))
            }
        }
    }

    /// Reads away the refusal of the work that stood behind a failed switch.
    async fn discard(&mut self, work: &Work) -> Result<(), Error> {
        work.end(self.channel.outbox());
        let (results, status) = collect(&mut self.channel, ANSWER_LIMIT).await?;
        if results.is_ok_and(|results| results.iter().any(did_something)) {
            tracing::error!("the server ran work behind a refused switch");
            return Err(Error::Odd("work ran behind a refused switch"));
        }
        self.settle(status).await
    }

    /// Parks the connection in `closed`, scrubbed; only then it is clean again.
    pub(super) async fn park(&mut self) -> Result<(), Error> {
        let arguments = [Some(self.sealed.seal.reveal()), None];
        frontend::function_call(self.sealed.switch, &arguments, self.channel.outbox());
        match function_result(&mut self.channel).await? {
            Ok(None) => {
                self.clean = true;
                Ok(())
            }
            Ok(Some(_)) => Err(Error::Odd("parking answered a tenant")),
            Err(report) => Err(Error::Switch(report)),
        }
    }
}

/// Transaction statements run in `closed` as well, and so does the empty query.
fn did_something(result: &StatementResult) -> bool {
    !matches!(result.tag.as_str(), "" | "BEGIN" | "SAVEPOINT" | "RELEASE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_two_decimal_numbers() {
        let entered = Entered { tenant_id: 7, generation: 12 };
        assert_eq!(Entered::parse("7/12"), Some(entered));
        for odd in ["", "7", "7/", "/12", "7/12/3", "acme/12", "7 /12"] {
            assert_eq!(Entered::parse(odd), None, "{odd:?}");
        }
    }
}
