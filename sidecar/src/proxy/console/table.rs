//! Rows as PostgreSQL's protocol has them, in text. Knows nothing of what they say.

use crate::wire::frame;

const TEXT: (i32, i16) = (25, -1);
const BIGINT: (i32, i16) = (20, 8);

/// A value in a row.
pub enum Cell {
    /// A word.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Null,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<usize> for Cell {
    fn from(number: usize) -> Self {
        Self::Number(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Columns by name, and rows; a column's type is that of the first value in it.
pub struct Table {
    columns: &'static [&'static str],
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With these columns and rows.
    pub fn new(columns: &'static [&'static str], rows: impl Iterator<Item = Vec<Cell>>) -> Self {
        Self { columns, rows: rows.collect() }
    }

    /// RowDescription, rows, CommandComplete.
    pub fn write(&self, out: &mut Vec<u8>) {
        frame::write(b'T', out, |out| self.describe(out));
        for row in &self.rows {
            frame::write(b'D', out, |out| data(row, out));
        }
        complete("SHOW", out);
    }

    fn describe(&self, out: &mut Vec<u8>) {
        out.extend(count(self.columns.len()));
        for (at, name) in self.columns.iter().enumerate() {
            let (oid, size) = self.type_of(at);
            out.extend_from_slice(name.as_bytes());
            // No table, no column of it; then the type, its size, no modifier, in text.
            out.extend_from_slice(&[0; 7]);
            out.extend(oid.to_be_bytes());
            out.extend(size.to_be_bytes());
            out.extend((-1i32).to_be_bytes());
            out.extend([0; 2]);
        }
    }

    fn type_of(&self, at: usize) -> (i32, i16) {
        let mut cells = self.rows.iter().filter_map(|row| row.get(at));
        let number = cells.find_map(|cell| match cell {
            Cell::Text(_) => Some(false),
            Cell::Number(_) => Some(true),
            Cell::Null => None,
        });
        if number == Some(true) { BIGINT } else { TEXT }
    }
}

fn data(row: &[Cell], out: &mut Vec<u8>) {
    out.extend(count(row.len()));
    for cell in row {
        let text = match cell {
            Cell::Null => {
                out.extend((-1i32).to_be_bytes());
                continue;
            }
            Cell::Text(text) => text.clone(),
            Cell::Number(number) => number.to_string(),
        };
        out.extend(i32::try_from(text.len()).unwrap_or_default().to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

fn count(len: usize) -> [u8; 2] {
    i16::try_from(len).unwrap_or_default().to_be_bytes()
}

/// CommandComplete.
pub fn complete(tag: &str, out: &mut Vec<u8>) {
    frame::write(b'C', out, |out| {
        out.extend_from_slice(tag.as_bytes());
        out.push(0);
    });
}

/// NoticeResponse.
pub fn notice(severity: &str, message: &str, detail: Option<&str>, out: &mut Vec<u8>) {
    let fields = [
        (b'S', Some(severity)),
        (b'V', Some(severity)),
        (b'C', Some("00000")),
        (b'M', Some(message)),
        (b'D', detail),
    ];
    frame::write(b'N', out, |out| {
        for (field, value) in fields {
            let Some(value) = value else { continue };
            out.push(field);
            out.extend_from_slice(value.as_bytes());
            out.push(0);
        }
        out.push(0);
    });
}
