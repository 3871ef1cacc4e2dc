//! Casts of arrays in deparsed expressions. PostgreSQL prints `status IN ('a', 'b')` on a varchar
//! column as `(ARRAY['a'::character varying, ...])::text[]`, but reads a cast of ARRAY[] as one of
//! each element: what was stored, printed and read again is another expression. With the array's own
//! type written behind it, the same one comes out.

use super::mentions::literals;

const VARCHAR: &str = "::character varying";

/// The expression with the type of each such array written out.
pub fn keep(text: &str) -> String {
    if !text.contains("]::text[]") && !text.contains("])::text[]") {
        return text.to_owned();
    }
    let strings = literals(text);
    let is_string = |at: usize| strings.iter().any(|s| s.contains(&at));
    let mut kept = String::with_capacity(text.len() + VARCHAR.len());
    let mut written = 0;
    for (start, _) in text.match_indices("ARRAY[").filter(|(at, _)| !is_string(*at)) {
        let open = start + "ARRAY".len();
        let Some(close) = closing(text, open, &is_string) else { continue };
        let rest = &text[close + 1..];
        let is_cast = rest.strip_prefix(')').unwrap_or(rest).starts_with("::text[]");
        if is_cast && elements(text, open, close, &is_string).all(|e| e.ends_with(VARCHAR)) {
            kept.push_str(&text[written..=close]);
            kept.push_str(VARCHAR);
            kept.push_str("[]");
            written = close + 1;
        }
    }
    kept.push_str(&text[written..]);
    kept
}

/// The bracket that closes the one at `open`.
fn closing(text: &str, open: usize, is_string: &dyn Fn(usize) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().skip(open).filter(|(at, _)| !is_string(*at)) {
        match byte {
            b'[' | b'(' => depth += 1,
            b']' | b')' if depth == 1 => return (byte == b']').then_some(at),
            b']' | b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What stands between the commas of a list in brackets.
fn elements<'a>(
    text: &'a str,
    open: usize,
    close: usize,
    is_string: &dyn Fn(usize) -> bool,
) -> impl Iterator<Item = &'a str> {
    let mut depth = 0_usize;
    let mut cuts = vec![open];
    for at in (open + 1..close).filter(|at| !is_string(*at)) {
        match text.as_bytes()[at] {
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => cuts.push(at),
            _ => {}
        }
    }
    cuts.push(close);
    let pieces: Vec<_> = cuts.windows(2).map(|cut| text[cut[0] + 1..cut[1]].trim()).collect();
    pieces.into_iter()
}

#[cfg(test)]
mod tests {
    use super::keep;

    #[test]
    fn an_array_of_varchar_keeps_its_type_under_a_cast() {
        for (text, kept) in [
            (
                "(x = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[]))",
                "(x = ANY ((ARRAY['a'::character varying, 'b,]'::character varying]::character varying[])::text[]))",
            ),
            (
                "x = ANY (ARRAY[f(y, z)::character varying]::text[])",
                "x = ANY (ARRAY[f(y, z)::character varying]::character varying[]::text[])",
            ),
        ] {
            assert_eq!(keep(text), kept);
        }
    }

    #[test]
    fn other_arrays_stay_as_they_are() {
        for text in [
            "x = ANY (ARRAY[('a'::character varying)::text])",
            "(ARRAY['a'::text])::text[]",
            "'(ARRAY[''a''::character varying])::text[]'",
            "(ARRAY['a'::character varying, b])::text[]",
        ] {
            assert_eq!(keep(text), text);
        }
    }
}
