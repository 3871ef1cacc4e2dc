//! Large objects from rows: an id alone for one that is empty, else the id with a page and its bytes.

use super::copy_rows::CopyRows;
use super::{Error, connect::Connection};
use bytes::{Buf, Bytes};
use tokio_postgres::Statement;
use tokio_postgres::error::SqlState;

/// Bytes are written in pieces of about this size.
const PIECE_BYTES: usize = 1 << 20;
/// LOBLKSIZE (storage/large_object.h), which configure cannot change.
const PAGE_BYTES: i64 = 2048;

/// Writes large objects in a tenant, in the transaction that is open.
pub struct LargeObjects<'a> {
    connection: &'a Connection,
    create: Statement,
    put: Statement,
    rows: CopyRows<3>,
    made: usize,
    current: Option<Current>,
}

/// The object at hand.
struct Current {
    id: u32,
    is_made: bool,
    position: i64,
    piece: Vec<u8>,
}

impl<'a> LargeObjects<'a> {
    /// None so far.
    pub async fn new(connection: &'a Connection) -> Result<Self, Error> {
        let create = connection.prepare("SELECT pg_catalog.lo_from_bytea($1, $2)").await?;
        let put = connection.prepare("SELECT pg_catalog.lo_put($1, $2, $3)").await?;
        let rows = CopyRows::new();
        Ok(Self { connection, create, put, rows, made: 0, current: None })
    }

    /// Whether an error says that the first object is there: then all are, and the transaction has
    /// nothing to do.
    pub fn are_there(&self, error: &Error) -> bool {
        let there = [&SqlState::UNIQUE_VIOLATION, &SqlState::DUPLICATE_OBJECT];
        matches!(error, Error::Query(error) if error.code().is_some_and(|code| there.contains(&code)))
            && self.made == 0
    }

    /// Takes the next bytes of the rows.
    pub async fn take(&mut self, bytes: Bytes) -> Result<(), Error> {
        self.rows.push(bytes);
        while let Some([id, page, data]) = self.rows.next().map_err(|_| strange())? {
            let id = id.and_then(|mut id| id.try_get_i64().ok());
            let id = id.and_then(|id| id.try_into().ok()).ok_or_else(strange)?;
            if self.current.as_ref().is_none_or(|current| current.id != id) {
                self.flush().await?;
                self.current = Some(Current { id, is_made: false, position: 0, piece: Vec::new() });
            }
            match (page, data) {
                (Some(mut page), Some(data)) => {
                    let page = page.try_get_i32().map_err(|_| strange())?;
                    self.put(i64::from(page) * PAGE_BYTES, &data).await?;
                }
                (None, None) => {}
                _ => return Err(strange()),
            }
        }
        Ok(())
    }

    async fn put(&mut self, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let is_next = |current: &Current| {
            position == current.position + current.piece.len() as i64
                && current.piece.len() < PIECE_BYTES
        };
        if !self.current.as_ref().is_some_and(is_next) {
            self.flush().await?;
        }
        let current = self.current.as_mut().ok_or_else(strange)?;
        if current.piece.is_empty() {
            current.position = position;
        }
        current.piece.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes what was collected of the object at hand.
    async fn flush(&mut self) -> Result<(), Error> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let piece = std::mem::take(&mut current.piece);
        let begins = !current.is_made && current.position == 0;
        if !current.is_made {
            let first = if begins { &piece[..] } else { &[] };
            self.connection.execute(&self.create, &[&current.id, &first]).await?;
            current.is_made = true;
            self.made += 1;
        }
        if !begins && !piece.is_empty() {
            let arguments: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
                [&current.id, &current.position, &piece];
            self.connection.execute(&self.put, &arguments).await?;
        }
        Ok(())
    }

    /// Writes the last object; the rows must have come to their end.
    pub async fn end(&mut self) -> Result<(), Error> {
        self.flush().await?;
        if self.rows.is_whole() { Ok(()) } else { Err(strange()) }
    }
}

fn strange() -> Error {
    Error::Work("its large objects cannot be read".to_owned())
}
