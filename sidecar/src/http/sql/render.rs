//! Results as JSON in the form that Neon's driver reads. Written straight from the server's
//! messages; values stay PostgreSQL's text, or become JSON where nothing is lost by it.

use super::array;
use super::options::Shape;
use super::output::Output;
use crate::http::refusal::{Refusal, Result};
use crate::wire::{Field, StatementResult};
use axum::http::StatusCode;
use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::DataRowBody;
use serde_json::json;
use serde_json::value::RawValue;
use tokio_postgres::types::{Kind, Type};

/// The whole answer: one result, or `{"results": [...]}`.
pub fn answer(
    results: &[StatementResult],
    shapes: &[Shape],
    is_batch: bool,
    limit: usize,
) -> Result<Vec<u8>> {
    if results.len() != shapes.len() {
        return Err(Refusal::unavailable());
    }
    let mut out = Output::new(limit);
    if is_batch {
        out.extend_from_slice(b"{\"results\":[");
    }
    for (i, (one, shape)) in results.iter().zip(shapes).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        result(one, *shape, &mut out)?;
    }
    if is_batch {
        out.extend_from_slice(b"]}");
    }
    checked(&out)?;
    Ok(out.into_bytes())
}

fn result(result: &StatementResult, shape: Shape, out: &mut Output) -> Result<()> {
    let (command, count) = tag(&result.tag);
    let fields: Vec<_> = result.fields.iter().map(field).collect();
    let head = json!({
        "command": command, "rowCount": count, "fields": fields, "rowAsArray": shape.array_mode,
    });
    let head = head.to_string();
    out.extend_from_slice(&head.as_bytes()[..head.len() - 1]);
    out.extend_from_slice(b",\"rows\":[");
    for (i, one) in result.rows.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        row(one, &result.fields, shape, out)?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

/// Names are repeated in each row, and escapes are longer than what they stand for: an answer can
/// be many times as long as what the server sent.
fn checked(out: &Output) -> Result<()> {
    match out.overflow() {
        None => Ok(()),
        Some(limit) => Err(Refusal::too_large(limit).detail(format!(
            "The limit is {limit} bytes. The statements themselves have taken effect."
        ))),
    }
}

fn field(field: &Field) -> serde_json::Value {
    json!({
        "name": field.name, "tableID": field.table_id, "columnID": field.column_id,
        "dataTypeID": field.type_id, "dataTypeSize": field.type_size,
        "dataTypeModifier": field.type_modifier, "format": "text",
    })
}

/// `INSERT 0 3` is command INSERT with 3 rows: INSERT alone has an OID in between.
fn tag(tag: &str) -> (&str, Option<i64>) {
    let mut words = tag.split(' ');
    let command = words.next().unwrap_or_default();
    let count = if command == "INSERT" { words.nth(1) } else { words.next() };
    (command, count.and_then(|count| count.parse().ok()))
}

fn row(row: &DataRowBody, fields: &[Field], shape: Shape, out: &mut Output) -> Result<()> {
    let (open, close) = if shape.array_mode { (b'[', b']') } else { (b'{', b'}') };
    out.push(open);
    checked(out)?;
    let mut ranges = row.ranges();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        if !shape.array_mode {
            string(&field.name, out);
            out.push(b':');
        }
        let range = ranges.next().ok().flatten().ok_or_else(Refusal::unavailable)?;
        match range.and_then(|range| row.buffer().get(range)) {
            None => out.extend_from_slice(b"null"),
            Some(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|_| not_text(&field.name))?;
                value(text, field.type_id, shape.raw_text, out);
                checked(out)?;
            }
        }
    }
    out.push(close);
    Ok(())
}

fn not_text(column: &str) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "22021",
        format!("column \"{column}\" holds text that is not UTF-8"),
    )
    .hint("Leave client_encoding as it is, and keep binary data in bytea.")
}

fn value(text: &str, type_id: u32, raw_text: bool, out: &mut Output) {
    if raw_text {
        return string(text, out);
    }
    let before = out.len();
    let done = Type::from_oid(type_id).and_then(|type_| match type_.kind() {
        // Boxes are set apart by semicolons, for they hold commas.
        Kind::Array(element) if type_ != Type::BOX_ARRAY => {
            array::write(text, out, &mut |item, out| scalar(item, element, out))
        }
        _ => scalar(text, &type_, out),
    });
    if done.is_none() {
        out.truncate(before);
        string(text, out);
    }
}

/// Writes a value of a built-in type; `None` if it cannot be anything but text. 64-bit and
/// arbitrary-precision numbers stay text: JavaScript would round them.
fn scalar(text: &str, type_: &Type, out: &mut Output) -> Option<()> {
    match *type_ {
        Type::BOOL => out.extend_from_slice(if text == "t" { b"true" } else { b"false" }),
        Type::INT2 | Type::INT4 => {
            text.parse::<i32>().ok()?;
            out.extend_from_slice(text.as_bytes());
        }
        Type::FLOAT4 | Type::FLOAT8 => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => out.extend_from_slice(text.as_bytes()),
            _ => string(text, out), // NaN and infinities have no place in JSON
        },
        Type::JSON | Type::JSONB => {
            let json: &RawValue = serde_json::from_str(text).ok()?;
            out.extend_from_slice(json.get().as_bytes());
        }
        _ => string(text, out),
    }
    Some(())
}

fn string(text: &str, out: &mut Output) {
    // A str is always a JSON string; what does not fit is seen by whoever checks the output.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests;
