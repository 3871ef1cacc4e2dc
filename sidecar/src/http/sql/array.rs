//! An array in PostgreSQL's text format as a JSON array.

use super::output::Output;

/// Writes `text` as a JSON array with `element` for each element that is not NULL; `None` when
/// it is not an array literal (a foreign delimiter, for one). `out` may hold half of it then.
pub fn write(
    text: &str,
    out: &mut Output,
    element: &mut dyn FnMut(&str, &mut Output) -> Option<()>,
) -> Option<()> {
    // A lower bound other than 1 stands in front: [0:2]={...}. JSON has no place for it.
    let literal = match text.strip_prefix('[') {
        Some(rest) => rest.split_once('=')?.1,
        None => text,
    };
    let rest = list(literal, out, element)?;
    rest.is_empty().then_some(())
}

/// Writes the list at the start of `text` and gives what follows it.
fn list<'a>(
    text: &'a str,
    out: &mut Output,
    element: &mut dyn FnMut(&str, &mut Output) -> Option<()>,
) -> Option<&'a str> {
    let mut rest = text.strip_prefix('{')?;
    out.push(b'[');
    if let Some(rest) = rest.strip_prefix('}') {
        out.push(b']');
        return Some(rest);
    }
    loop {
        rest = match rest.as_bytes().first()? {
            b'{' => list(rest, out, element)?,
            b'"' => quoted(&rest[1..], out, element)?,
            _ => bare(rest, out, element)?,
        };
        let separator = *rest.as_bytes().first()?;
        rest = &rest[1..];
        match separator {
            b',' => out.push(b','),
            b'}' => {
                out.push(b']');
                return Some(rest);
            }
            _ => return None,
        }
    }
}

fn quoted<'a>(
    text: &'a str,
    out: &mut Output,
    element: &mut dyn FnMut(&str, &mut Output) -> Option<()>,
) -> Option<&'a str> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    loop {
        match chars.next()? {
            (at, '"') => {
                element(&value, out)?;
                return Some(&text[at + 1..]);
            }
            (_, '\\') => value.push(chars.next()?.1),
            (_, c) => value.push(c),
        }
    }
}

fn bare<'a>(
    text: &'a str,
    out: &mut Output,
    element: &mut dyn FnMut(&str, &mut Output) -> Option<()>,
) -> Option<&'a str> {
    let end = text.find([',', '}'])?;
    match &text[..end] {
        "NULL" => out.extend_from_slice(b"null"),
        value => element(value, out)?,
    }
    Some(&text[end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<String> {
        let mut out = Output::new(1000);
        write(text, &mut out, &mut |value, out| serde_json::to_writer(out, value).ok())?;
        Some(String::from_utf8(out.into_bytes()).unwrap())
    }

    #[test]
    fn array_literals_become_lists() {
        for (literal, expected) in [
            ("{}", "[]"),
            ("{a,b}", r#"["a","b"]"#),
            (r#"{NULL,"NULL",""}"#, r#"[null,"NULL",""]"#),
            (r#"{"a\"b\\c","d,e}"}"#, r#"["a\"b\\c","d,e}"]"#),
            ("{{1,2},{3,4}}", r#"[["1","2"],["3","4"]]"#),
            ("[0:1]={a,é}", r#"["a","é"]"#),
        ] {
            assert_eq!(json(literal).as_deref(), Some(expected), "{literal}");
        }
    }

    #[test]
    fn what_is_no_array_literal_is_left_alone() {
        for text in ["", "a", "{", "{a", "{a}b", "{\"a", "{\"a\"b}", "[0:1]"] {
            assert_eq!(json(text), None, "{text}");
        }
    }
}
