//! Collects the server's answer to extended-protocol messages until ReadyForQuery. A state
//! machine fed with messages; it reads no socket and decides nothing about tenants.

use crate::wire::ErrorReport;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message, RowDescriptionBody};

/// A column as RowDescription names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Column name.
    pub name: String,
    /// OID of the table it comes from, or 0.
    pub table_id: u32,
    /// Attribute number in that table, or 0.
    pub column_id: i16,
    /// OID of its type.
    pub type_id: u32,
    /// Size of its type in bytes; negative for variable.
    pub type_size: i16,
    /// Type modifier, or -1.
    pub type_modifier: i32,
}

/// What one statement gave: columns, rows as they came, command tag.
#[derive(Default)]
pub struct StatementResult {
    /// Columns; empty where the statement returns none.
    pub fields: Vec<Field>,
    /// The rows, undecoded.
    pub rows: Vec<DataRowBody>,
    /// Command tag; empty for an empty query.
    pub tag: String,
}

/// The server's transaction status in ReadyForQuery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionStatus {
    /// Not in a transaction block.
    Idle,
    /// In a transaction block.
    InBlock,
    /// In a transaction block that failed.
    Failed,
}

impl TransactionStatus {
    /// Reads the status byte; `None` for one the manual does not know.
    pub fn read(byte: u8) -> Option<Self> {
        match byte {
            b'I' => Some(Self::Idle),
            b'T' => Some(Self::InBlock),
            b'E' => Some(Self::Failed),
            _ => None,
        }
    }
}

/// What a message meant for the collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// More is to come.
    More,
    /// The answer is complete.
    Ready(TransactionStatus),
}

/// Why the collection cannot go on; the connection is of no further use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// COPY wants a stream that this protocol has no place for.
    #[error("COPY from or to the client is not possible here")]
    Copy,
    /// The answer is more than the limit.
    #[error("the result is larger than {0} bytes")]
    TooLarge(usize),
    /// A message that has no place in an answer.
    #[error("unexpected message from the server")]
    Unexpected,
}

/// What a row, a column or a result costs us beside its text, about: even rows without columns
/// must come to an end.
const OVERHEAD: usize = 64;

/// Takes messages until ReadyForQuery.
#[derive(Default)]
pub struct Collector {
    results: Vec<StatementResult>,
    current: StatementResult,
    error: Option<ErrorReport>,
    bytes: usize,
    limit: usize,
}

impl Collector {
    /// A collector that holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Feeds one message.
    pub fn take(&mut self, message: Message) -> Result<Step, Stuck> {
        match message {
            Message::RowDescription(body) => self.describe(&body)?,
            Message::DataRow(row) => self.row(row)?,
            Message::CommandComplete(body) => {
                self.finish(body.tag().map_err(|_| Stuck::Unexpected)?)?;
            }
            Message::EmptyQueryResponse => self.finish("")?,
            Message::ErrorResponse(body) => {
                // The first error is the cause; what follows it is its consequence.
                self.error.get_or_insert_with(|| ErrorReport::read(body.fields()));
            }
            Message::ReadyForQuery(body) => {
                return TransactionStatus::read(body.status())
                    .map(Step::Ready)
                    .ok_or(Stuck::Unexpected);
            }
            Message::CopyInResponse(_) | Message::CopyOutResponse(_) => return Err(Stuck::Copy),
            Message::ParseComplete
            | Message::BindComplete
            | Message::NoData
            | Message::NoticeResponse(_)
            | Message::NotificationResponse(_)
            | Message::ParameterStatus(_) => {}
            _ => return Err(Stuck::Unexpected),
        }
        Ok(Step::More)
    }

    /// The error that the server reported so far.
    pub fn error(&self) -> Option<&ErrorReport> {
        self.error.as_ref()
    }

    /// What was collected: the results, or the error that ended them.
    pub fn into_results(self) -> Result<Vec<StatementResult>, Box<ErrorReport>> {
        match self.error {
            Some(report) => Err(Box::new(report)),
            None => Ok(self.results),
        }
    }

    fn row(&mut self, row: DataRowBody) -> Result<(), Stuck> {
        self.count(row.buffer().len())?;
        self.current.rows.push(row);
        Ok(())
    }

    fn describe(&mut self, body: &RowDescriptionBody) -> Result<(), Stuck> {
        self.current.fields = fields(body)?;
        let names = self.current.fields.iter().map(|field| OVERHEAD + field.name.len());
        self.count(names.sum())
    }

    fn finish(&mut self, tag: &str) -> Result<(), Stuck> {
        self.count(tag.len())?;
        let mut result = std::mem::take(&mut self.current);
        result.tag = tag.to_owned();
        self.results.push(result);
        Ok(())
    }

    fn count(&mut self, bytes: usize) -> Result<(), Stuck> {
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(OVERHEAD);
        if self.bytes > self.limit { Err(Stuck::TooLarge(self.limit)) } else { Ok(()) }
    }
}

fn fields(body: &RowDescriptionBody) -> Result<Vec<Field>, Stuck> {
    body.fields()
        .map(|f| {
            Ok(Field {
                name: f.name().to_owned(),
                table_id: f.table_oid(),
                column_id: f.column_id(),
                type_id: f.type_oid(),
                type_size: f.type_size(),
                type_modifier: f.type_modifier(),
            })
        })
        .collect()
        .map_err(|_| Stuck::Unexpected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Incoming, backend};
    use bytes::BytesMut;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn feed(collector: &mut Collector, bytes: &[u8]) -> Result<Step, Stuck> {
        let mut buffer = BytesMut::from(bytes);
        let mut last = Step::More;
        while let Some(incoming) = backend::take(&mut buffer, 10_000).unwrap() {
            let Incoming::Message(message) = incoming else { panic!("function result") };
            last = collector.take(message)?;
        }
        Ok(last)
    }

    #[test]
    fn rows_belong_to_the_statement_that_is_complete_after_them() {
        let mut collector = Collector::new(1000);
        let stream = [
            message(b'1', b""),
            message(b'2', b""),
            message(b'T', b"\0\x01n\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"),
            message(b'D', b"\0\x01\0\0\0\x011"),
            message(b'C', b"SELECT 1\0"),
            message(b'n', b""),
            message(b'C', b"INSERT 0 3\0"),
            message(b'Z', b"I"),
        ]
        .concat();
        assert_eq!(feed(&mut collector, &stream), Ok(Step::Ready(TransactionStatus::Idle)));
        let results = collector.into_results().map_err(|e| e.message).unwrap();
        assert_eq!(results.len(), 2);
        assert_eq!(results[0].fields[0].name, "n");
        assert_eq!(results[0].fields[0].type_id, 23);
        assert_eq!(results[0].rows.len(), 1);
        assert_eq!(results[1].tag, "INSERT 0 3");
        assert!(results[1].fields.is_empty() && results[1].rows.is_empty());
    }

    #[test]
    fn the_first_error_is_kept() {
        let mut collector = Collector::new(1000);
        let stream = [
            message(b'E', b"SERROR\0C22012\0Mdivision by zero\0\0"),
            message(b'E', b"SFATAL\0C57P01\0Mterminating\0\0"),
            message(b'Z', b"E"),
        ]
        .concat();
        assert_eq!(feed(&mut collector, &stream), Ok(Step::Ready(TransactionStatus::Failed)));
        assert_eq!(collector.into_results().err().unwrap().code, "22012");
    }

    #[test]
    fn what_holds_no_text_counts_as_well() {
        for bytes in [
            message(b'D', b"\0\0"),
            message(b'I', b""),
            message(b'C', b"DO\0"),
            message(b'T', b"\0\x01n\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0"),
        ] {
            let mut collector = Collector::new(10_000);
            let stuck = (0..1000).find_map(|_| feed(&mut collector, &bytes).err());
            assert_eq!(stuck, Some(Stuck::TooLarge(10_000)));
        }
    }

    #[test]
    fn copy_and_too_many_rows_end_the_collection() {
        for (bytes, stuck) in [
            (message(b'G', b"\0\0\0"), Stuck::Copy),
            (message(b'H', b"\0\0\0"), Stuck::Copy),
            (message(b'D', b"\0\x01\0\0\0\x0512345"), Stuck::TooLarge(4)),
            (message(b'K', b"\0\0\0\0\0\0\0\0"), Stuck::Unexpected),
            (message(b'Z', b"?"), Stuck::Unexpected),
        ] {
            assert_eq!(feed(&mut Collector::new(4), &bytes), Err(stuck));
        }
    }
}
