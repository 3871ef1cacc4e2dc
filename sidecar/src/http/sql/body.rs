//! The body of a request: `{"query", "params"}` or `{"queries": [...]}`. Checked key by key; no
//! statement is looked into but for its first word.

use super::options::{Options, Shape};
use super::parameter;
use super::transaction;
use crate::http::refusal::{ONE_TRANSACTION, Refusal, Result};
use crate::pool::Work;
use crate::wire::Statement;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The protocol counts parameters in 16 bits.
const MAX_PARAMS: usize = 65_535;
/// Each costs the server and us some memory however short it is.
const MAX_STATEMENTS: usize = 1000;

/// What the client wants done, and in which form it wants the results.
#[derive(Debug)]
pub struct Asked {
    /// For the server.
    pub work: Work,
    /// The form of each statement's result.
    pub shapes: Vec<Shape>,
    /// Whether the answer is a list.
    pub is_batch: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBody<'a> {
    query: Option<String>,
    #[serde(borrow)]
    params: Option<Vec<&'a RawValue>>,
    #[serde(rename = "arrayMode")]
    array_mode: Option<bool>,
    #[serde(borrow)]
    queries: Option<Vec<RawQuery<'a>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawQuery<'a> {
    query: String,
    #[serde(borrow, default)]
    params: Vec<&'a RawValue>,
    #[serde(rename = "arrayMode")]
    array_mode: Option<bool>,
}

/// Reads a body.
pub fn parse(bytes: &[u8], options: &Options) -> Result<Asked> {
    let raw: RawBody<'_> = serde_json::from_slice(bytes).map_err(|error| {
        Refusal::malformed("the request body is not what /sql takes")
            .detail(error.to_string())
            .hint("Send {\"query\": text, \"params\": list} or {\"queries\": list of such}.")
    })?;
    match raw {
        RawBody { query: Some(query), params, array_mode, queries: None } => {
            let one = RawQuery { query, params: params.unwrap_or_default(), array_mode };
            let (statement, shape) = statement(one, options.shape)?;
            Ok(Asked { work: Work::Single(statement), shapes: vec![shape], is_batch: false })
        }
        RawBody { query: None, params: None, array_mode: None, queries: Some(queries) } => {
            check_count("statements", queries.len(), MAX_STATEMENTS)?;
            let read: Vec<_> =
                queries.into_iter().map(|q| statement(q, options.shape)).collect::<Result<_>>()?;
            let (statements, shapes) = read.into_iter().unzip();
            let begin = options.begin.clone();
            Ok(Asked { work: Work::Batch { begin, statements }, shapes, is_batch: true })
        }
        _ => Err(Refusal::malformed("the request body holds neither one query nor a list of them")
            .hint("Send \"query\" with \"params\", or \"queries\" alone.")),
    }
}

fn check_count(of: &str, count: usize, limit: usize) -> Result<()> {
    if count <= limit {
        return Ok(());
    }
    let message = format!("the request holds too many {of}");
    Err(Refusal::new(StatusCode::BAD_REQUEST, "54000", message)
        .detail(format!("There are {count}; the limit is {limit}."))
        .hint("Send less at once, or send the values as one array."))
}

fn statement(raw: RawQuery<'_>, default: Shape) -> Result<(Statement, Shape)> {
    check_count("parameters in one statement", raw.params.len(), MAX_PARAMS)?;
    if transaction::is_control(&raw.query) {
        return Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "25001",
            "transaction control is not possible over HTTP",
        )
        .hint(ONE_TRANSACTION));
    }
    let params = raw.params.into_iter().map(parameter::to_text).collect::<Result<_>>()?;
    let array_mode = raw.array_mode.unwrap_or(default.array_mode);
    Ok((Statement { query: raw.query, params }, Shape { array_mode, ..default }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { shape: Shape::default(), begin: "BEGIN".into() }
    }

    #[test]
    fn one_query_or_a_list_of_them() {
        let asked = parse(br#"{"query":"SELECT $1","params":[1],"arrayMode":true}"#, &options());
        let asked = asked.unwrap();
        assert!(matches!(asked.work, Work::Single(ref s) if s.params == [Some("1".into())]));
        assert!(asked.shapes[0].array_mode && !asked.is_batch);
        let asked = parse(br#"{"queries":[{"query":"a"},{"query":"b","params":[]}]}"#, &options());
        let asked = asked.unwrap();
        assert!(matches!(asked.work, Work::Batch { ref statements, .. } if statements.len() == 2));
        assert!(asked.is_batch);
    }

    #[test]
    fn more_than_can_be_counted_is_refused() {
        let list = |of: &str, count: usize| vec![of; count].join(",");
        for (count, is_fine) in [(MAX_PARAMS, true), (MAX_PARAMS + 1, false)] {
            let one = format!(r#"{{"query":"a","params":[{}]}}"#, list("1", count));
            assert_eq!(parse(one.as_bytes(), &options()).is_ok(), is_fine);
        }
        let query = r#"{"query":"a"}"#;
        for (count, is_fine) in [(MAX_STATEMENTS, true), (MAX_STATEMENTS + 1, false)] {
            let many = format!(r#"{{"queries":[{}]}}"#, list(query, count));
            let outcome = parse(many.as_bytes(), &options());
            assert_eq!(outcome.is_ok(), is_fine);
            assert!(outcome.err().is_none_or(|refusal| refusal.code() == "54000"));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for body in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"query":1}"#,
            r#"{"query":"a","params":{}}"#,
            r#"{"query":"a","speed":1}"#,
            r#"{"query":"a","query":"b"}"#,
            r#"{"query":"a","queries":[]}"#,
            r#"{"params":[],"queries":[]}"#,
            r#"{"queries":["a"]}"#,
            r#"{"queries":[{"params":[]}]}"#,
            r#"{"queries":[{"query":"a","name":"s0"}]}"#,
            r#"{"query":"a"} {"query":"b"}"#,
            "{\"query\":\"\u{0}\"}",
        ] {
            let refusal = parse(body.as_bytes(), &options()).unwrap_err();
            assert_eq!(refusal.code(), "08P01", "{body}");
        }
        assert_eq!(parse(br#"{"query":"COMMIT"}"#, &options()).unwrap_err().code(), "25001");
    }
}
