//! A parameter's JSON as PostgreSQL's text: what node-postgres does on the client's side, for
//! clients that leave it to us. Numbers and objects keep the very text they came in.

use crate::http::refusal::{Refusal, Result};
use serde_json::value::RawValue;

/// Nested deeper than any PostgreSQL array can be (MAXDIM is 6).
const MAX_DEPTH: usize = 16;

/// Null is NULL, a list is an array literal, anything else its text.
pub fn to_text(value: &RawValue) -> Result<Option<String>> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'n') => Ok(None),
        Some(b'"') => string(text).map(Some),
        Some(b'[') => {
            let mut literal = String::with_capacity(text.len());
            array(text, &mut literal, 0)?;
            Ok(Some(literal))
        }
        _ => Ok(Some(text.to_owned())),
    }
}

fn string(text: &str) -> Result<String> {
    serde_json::from_str(text).map_err(|_| Refusal::malformed("a parameter is not valid text"))
}

fn array(text: &str, out: &mut String, depth: usize) -> Result<()> {
    if depth > MAX_DEPTH {
        return Err(Refusal::malformed("a parameter is nested too deep for an array"));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|_| Refusal::malformed("a parameter is not a valid list"))?;
    out.push('{');
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let item = item.get();
        match item.as_bytes().first() {
            Some(b'n') => out.push_str("NULL"),
            Some(b'[') => array(item, out, depth + 1)?,
            Some(b'"') => quote(&string(item)?, out),
            Some(b'{') => quote(item, out),
            _ => out.push_str(item),
        }
    }
    out.push('}');
    Ok(())
}

/// Quotes an element (manual, "Array Input and Output Syntax").
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_postgresql_text() {
        for (json, text) in [
            ("null", None),
            ("true", Some("true")),
            ("12345678901234567890.10", Some("12345678901234567890.10")),
            (r#""""#, Some("")),
            (r#""null""#, Some("null")),
            (r#""a\"\u00e9\n""#, Some("a\"é\n")),
            (r#"{"b": 1, "a": [2]}"#, Some(r#"{"b": 1, "a": [2]}"#)),
            ("[]", Some("{}")),
            ("[1,null,[true,false]]", Some("{1,NULL,{true,false}}")),
            (
                r#"["a","NULL","",null,"q\"\\,{}\n"]"#,
                Some("{\"a\",\"NULL\",\"\",NULL,\"q\\\"\\\\,{}\n\"}"),
            ),
            (r#"[{"a":"b"}]"#, Some(r#"{"{\"a\":\"b\"}"}"#)),
        ] {
            let raw = RawValue::from_string(json.to_owned()).unwrap();
            assert_eq!(to_text(&raw).unwrap().as_deref(), text, "{json}");
        }
    }

    #[test]
    fn a_list_without_end_in_depth_is_refused() {
        let json = format!("{}{}", "[".repeat(50), "]".repeat(50));
        assert!(to_text(&RawValue::from_string(json).unwrap()).is_err());
    }
}
