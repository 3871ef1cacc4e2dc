//! Seals a fresh connection with a random secret, so that only this process can move it from
//! tenant to tenant. The secret travels as an argument of a FunctionCall: it stands in no query
//! text, hence in no log, no pg_stat_activity and no pg_stat_statements.

use super::channel::Channel;
use super::slot::{collect, function_result};
use super::{Error, switch};
use crate::wire::{StatementResult, TransactionStatus, frontend};
use fallible_iterator::FallibleIterator;
use tenancy_core::seal::Seal;

/// The functions are looked up before the seal, for afterwards every statement is refused.
const OIDS: &str = "SELECT 'tenancy.seal(text)'::regprocedure::oid, \
                    'tenancy.switch(text,text)'::regprocedure::oid, \
                    'tenancy.switch(text,text,text,text)'::regprocedure::oid";

/// A seal in force, and the function that it opens.
pub struct Sealed {
    pub(super) seal: Seal,
    pub(super) switch: u32,
    /// The form that also takes how the client shares connections, and its settings.
    pub(super) switch_client: u32,
}

/// Seals the connection; it is in `closed` afterwards.
pub async fn seal(channel: &mut Channel) -> Result<Sealed, Error> {
    frontend::query(OIDS, channel.outbox())?;
    let (results, status) = collect(channel, switch::ANSWER_LIMIT).await?;
    let results = results.map_err(Error::Refused)?;
    let [seal_oid, switch, switch_client] =
        oids(&results).ok_or(Error::Odd("no OIDs of seal and switch"))?;
    if status != TransactionStatus::Idle {
        return Err(Error::Odd("a transaction before the seal"));
    }
    let seal = random_seal()?;
    frontend::function_call(seal_oid, &[Some(seal.reveal())], channel.outbox());
    function_result(channel).await?.map_err(Error::Refused)?;
    Ok(Sealed { seal, switch, switch_client })
}

fn random_seal() -> Result<Seal, Error> {
    let secret: String = rand::random::<[u8; 32]>().iter().map(|b| format!("{b:02x}")).collect();
    Seal::parse(&secret).map_err(|_| Error::Odd("seal of the wrong length"))
}

fn oids(results: &[StatementResult]) -> Option<[u32; 3]> {
    let row = results.first()?.rows.first()?;
    let ranges: Vec<_> = row.ranges().collect().ok()?;
    let column = |i: usize| {
        let range = ranges.get(i)?.clone()?;
        std::str::from_utf8(row.buffer().get(range)?).ok()?.parse().ok()
    };
    Some([column(0)?, column(1)?, column(2)?])
}
