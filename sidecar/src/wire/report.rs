//! ErrorResponse and NoticeResponse as a value (manual, "Error and Notice Message Fields").

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

/// What the server reported. Positions and line numbers stay text, as on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ErrorReport {
    /// ERROR, FATAL or PANIC, never translated.
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// Primary message.
    pub message: String,
    /// DETAIL.
    pub detail: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// Where in the query, counted in characters from 1.
    pub position: Option<String>,
    /// Where in a query that the server generated.
    pub internal_position: Option<String>,
    /// That query.
    pub internal_query: Option<String>,
    /// CONTEXT.
    pub context: Option<String>,
    /// Schema of the object in question.
    pub schema: Option<String>,
    /// Table in question.
    pub table: Option<String>,
    /// Column in question.
    pub column: Option<String>,
    /// Data type in question.
    pub data_type: Option<String>,
    /// Constraint in question.
    pub constraint: Option<String>,
    /// Source file of the server.
    pub file: Option<String>,
    /// Line in that file.
    pub line: Option<String>,
    /// Routine of the server.
    pub routine: Option<String>,
}

impl ErrorReport {
    /// Reads the fields; what cannot be read is left out, for the report is all there is.
    pub fn read(mut fields: ErrorFields<'_>) -> Self {
        let mut report = Self::default();
        while let Ok(Some(field)) = fields.next() {
            report.set(field.type_(), String::from_utf8_lossy(field.value_bytes()).into_owned());
        }
        report
    }

    fn set(&mut self, kind: u8, value: String) {
        match kind {
            b'S' if self.severity.is_empty() => self.severity = value,
            b'V' => self.severity = value,
            b'C' => self.code = value,
            b'M' => self.message = value,
            b'D' => self.detail = Some(value),
            b'H' => self.hint = Some(value),
            b'P' => self.position = Some(value),
            b'p' => self.internal_position = Some(value),
            b'q' => self.internal_query = Some(value),
            b'W' => self.context = Some(value),
            b's' => self.schema = Some(value),
            b't' => self.table = Some(value),
            b'c' => self.column = Some(value),
            b'd' => self.data_type = Some(value),
            b'n' => self.constraint = Some(value),
            b'F' => self.file = Some(value),
            b'L' => self.line = Some(value),
            b'R' => self.routine = Some(value),
            _ => {}
        }
    }

    /// Whether the server ends the connection with this report.
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::{ErrorReport, Incoming, backend};
    use bytes::BytesMut;
    use postgres_protocol::message::backend::Message;

    #[test]
    fn an_error_response_is_read_field_by_field() {
        let body = b"SFEHLER\0VERROR\0C42P01\0Mrelation \"x\" does not exist\0P15\0?new\0\0";
        let mut bytes = vec![b'E'];
        bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
        bytes.extend(body);
        let taken = backend::take(&mut BytesMut::from(&bytes[..]), 1000).unwrap().unwrap();
        let Incoming::Message(Message::ErrorResponse(body)) = taken else { panic!("not an error") };
        let report = ErrorReport::read(body.fields());
        assert_eq!(report.severity, "ERROR");
        assert_eq!(report.code, "42P01");
        assert_eq!(report.message, "relation \"x\" does not exist");
        assert_eq!(report.position.as_deref(), Some("15"));
        assert!(!report.is_fatal());
    }
}
