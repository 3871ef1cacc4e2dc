//! Taking an SQL script apart with PostgreSQL's own grammar.

pub use super::unfit::Unfit;

use super::unfit;
use pgrx::pg_sys::{self, NodeTag};
use std::ffi::{CStr, CString, c_char};
use tenancy_core::{Error, Result, SqlState};

/// One statement of a script.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its text, without the semicolon.
    pub text: String,
    /// The line it starts on, from 1.
    pub line: usize,
    /// Whether it is BEGIN, COMMIT, ROLLBACK or the like.
    pub controls_transaction: bool,
    /// Whether it is CREATE INDEX CONCURRENTLY or DROP INDEX CONCURRENTLY.
    pub is_concurrent: bool,
    /// The index that CREATE INDEX makes, if the statement names it.
    pub index: Option<String>,
    /// Why it cannot be part of a script, if it cannot.
    pub unfit: Option<Unfit>,
}

/// The statements of a script in order. Raises 42601 when it does not parse.
pub fn parse(script: &str) -> Result<Vec<Statement>> {
    let source = CString::new(script).map_err(|_| {
        Error::new(SqlState::InvalidParameterValue, "an SQL script cannot hold a NUL byte")
    })?;
    // SAFETY: the string lives through the call; the list and its nodes are palloc'd in the
    // memory context of the calling function.
    unsafe {
        let list = pg_sys::raw_parser(source.as_ptr(), pg_sys::RawParseMode::RAW_PARSE_DEFAULT);
        let Some(list) = list.as_ref() else { return Ok(Vec::new()) };
        let count = usize::try_from(list.length).unwrap_or(0);
        let cells = std::slice::from_raw_parts(list.elements, count);
        Ok(cells.iter().map(|cell| statement(script, &*cell.ptr_value.cast())).collect())
    }
}

fn statement(script: &str, raw: &pg_sys::RawStmt) -> Statement {
    let start = usize::try_from(raw.stmt_location).unwrap_or(0);
    let length = usize::try_from(raw.stmt_len).ok().filter(|len| *len > 0);
    let end = length.map_or(script.len(), |len| start + len);
    let text = script.get(start..end).unwrap_or_default();
    let skipped = text.len() - text.trim_start().len();
    // SAFETY: the parser gives every raw statement a node, of the kind that its tag says, and ends
    // names with a NUL.
    let (tag, is_concurrent, index, unfit) = unsafe {
        let tag = (*raw.stmt).type_;
        let (concurrent, index) = match tag {
            NodeTag::T_IndexStmt => {
                let made = &*raw.stmt.cast::<pg_sys::IndexStmt>();
                (made.concurrent, name(made.idxname))
            }
            NodeTag::T_DropStmt => ((*raw.stmt.cast::<pg_sys::DropStmt>()).concurrent, None),
            _ => (false, None),
        };
        (tag, concurrent, index, unfit::why(raw.stmt))
    };
    Statement {
        text: text.trim().to_owned(),
        line: 1 + script[..start + skipped].matches('\n').count(),
        controls_transaction: tag == NodeTag::T_TransactionStmt,
        is_concurrent,
        index,
        unfit,
    }
}

/// A C string of the parser's, or none.
///
/// # Safety
/// `text` is null or ends with a NUL.
unsafe fn name(text: *const c_char) -> Option<String> {
    // SAFETY: as the caller says.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
