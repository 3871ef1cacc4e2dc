//! Large objects from lines: an id alone begins one, an id with a position and bytes in hexadecimal
//! goes on with it. Each is made in one transaction: one that is there is whole.

use super::{Error, connect::Connection};
use tokio_postgres::error::SqlState;

/// Bytes are written in pieces of about this size.
const PIECE_BYTES: usize = 1 << 20;
/// No line that an export writes is longer.
const LONGEST_LINE: usize = 1 << 20;

/// Writes large objects in a tenant.
pub struct LargeObjects<'a> {
    connection: &'a Connection,
    rest: Vec<u8>,
    object: Option<u32>,
    is_known: bool,
    piece: Vec<u8>,
    position: i64,
}

impl<'a> LargeObjects<'a> {
    /// None so far.
    pub fn new(connection: &'a Connection) -> Self {
        let (rest, piece) = (Vec::new(), Vec::new());
        Self { connection, rest, object: None, is_known: false, piece, position: 0 }
    }

    /// The next bytes of the lines.
    pub async fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.rest.extend_from_slice(bytes);
        let rest = std::mem::take(&mut self.rest);
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            match line.strip_suffix(b"\n") {
                Some(line) => self.line(line).await?,
                None if line.len() > LONGEST_LINE => return Err(strange()),
                None => self.rest = line.to_owned(),
            }
        }
        Ok(())
    }

    async fn line(&mut self, line: &[u8]) -> Result<(), Error> {
        let line = std::str::from_utf8(line).map_err(|_| strange())?;
        let mut words = line.split(' ');
        let id = words.next().and_then(|word| word.parse().ok()).ok_or_else(strange)?;
        match (words.next(), words.next(), words.next()) {
            (None, ..) => self.begin(id).await,
            (Some(position), Some(bytes), None) if self.object == Some(id) => {
                let position = position.parse().map_err(|_| strange())?;
                self.put(position, &bytes_of(bytes)?).await
            }
            _ => Err(strange()),
        }
    }

    async fn begin(&mut self, id: u32) -> Result<(), Error> {
        self.end().await?;
        self.connection.batch_execute("BEGIN").await?;
        match self.connection.execute("SELECT pg_catalog.lo_create($1)", &[&id]).await {
            Ok(_) => self.is_known = false,
            Err(error)
                if error.code() == Some(&SqlState::UNIQUE_VIOLATION)
                    || error.code() == Some(&SqlState::DUPLICATE_OBJECT) =>
            {
                self.is_known = true
            }
            Err(error) => return Err(error.into()),
        }
        self.object = Some(id);
        Ok(())
    }

    async fn put(&mut self, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let is_next = position == self.position + self.piece.len() as i64;
        if !is_next || self.piece.len() >= PIECE_BYTES {
            self.flush().await?;
            self.position = position;
        }
        self.piece.extend_from_slice(bytes);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let piece = std::mem::take(&mut self.piece);
        let Some(id) = self.object.filter(|_| !self.is_known && !piece.is_empty()) else {
            return Ok(());
        };
        let put = "SELECT pg_catalog.lo_put($1, $2, $3)";
        self.connection.execute(put, &[&id, &self.position, &piece]).await?;
        Ok(())
    }

    /// Ends the object at hand.
    pub async fn end(&mut self) -> Result<(), Error> {
        self.flush().await?;
        if self.object.take().is_some() {
            // After a refused lo_create this is a rollback.
            self.connection.batch_execute("COMMIT").await?;
        }
        self.position = 0;
        if self.rest.is_empty() { Ok(()) } else { Err(strange()) }
    }
}

fn bytes_of(hexadecimal: &str) -> Result<Vec<u8>, Error> {
    let digit = |byte: u8| char::from(byte).to_digit(16).ok_or_else(strange);
    let pairs = hexadecimal.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Ok((digit(*high)? << 4 | digit(*low)?) as u8),
            _ => Err(strange()),
        })
        .collect()
}

fn strange() -> Error {
    Error::Work("its large objects cannot be read".to_owned())
}
