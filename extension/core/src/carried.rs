//! The settings that a client carries from one server connection to the next, as text: what the
//! gateway hands to `switch()`, and what the server tells back. Pure ASCII, so that no
//! `client_encoding` changes it on its way.
//!
//! Knows neither which settings there are nor who may set them: the server decides that, as for SET.

use crate::{Error, Result, SqlState};

/// The most settings that a client carries.
pub const MAX_SETTINGS: usize = 64;
/// The most bytes that they take as text.
pub const MAX_BYTES: usize = 8192;
/// Told in place of a text that would break one of the bounds.
pub const TOO_MANY: &str = "!";

/// One setting: name and value as the server has them, in its own encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name. Upper and lower case are the same to the server.
    pub name: Vec<u8>,
    /// Its value, as SET takes it as a string.
    pub value: Vec<u8>,
}

/// Writes settings as text: lines `name=value`, separated by `\n`, none for none. `\\` stands for a
/// backslash, `\n` for the end of a line, `\xNN` for every other byte that is not printable ASCII,
/// and for `=` in a name. `None` beyond `MAX_SETTINGS` or `MAX_BYTES`.
pub fn encode<N, V>(settings: impl IntoIterator<Item = (N, V)>) -> Option<String>
where
    N: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    let mut text = String::new();
    for (count, (name, value)) in settings.into_iter().enumerate() {
        if count > 0 {
            text.push('\n');
        }
        name.as_ref().iter().for_each(|byte| escape(*byte, b"=", &mut text));
        text.push('=');
        value.as_ref().iter().for_each(|byte| escape(*byte, b"", &mut text));
        if count >= MAX_SETTINGS || text.len() > MAX_BYTES {
            return None;
        }
    }
    Some(text)
}

/// Whether a setting that the client has set goes with it. Not what belongs to the transaction, to
/// the session's place or to one moment: `role`, `session_authorization`, `seed`, `transaction_...`,
/// and settings of ours.
pub fn goes_along(name: &[u8]) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    let starts = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|n| n.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    let stays = ["role", "session_authorization", "seed"].into_iter().any(is)
        || ["transaction_", "tenancy."].into_iter().any(starts);
    !stays
}

fn escape(byte: u8, reserved: &[u8], text: &mut String) {
    match byte {
        b'\\' => text.push_str("\\\\"),
        b'\n' => text.push_str("\\n"),
        b' '..=b'~' if !reserved.contains(&byte) => text.push(char::from(byte)),
        _ => {
            text.push_str("\\x");
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
            }
        }
    }
}

/// Reads what `encode` wrote; 22023 for anything else: more than the bounds, a line without a name
/// or `=`, an unknown escape, a byte that has to be escaped and is not, a NUL.
pub fn parse(text: &str) -> Result<Vec<Setting>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.len() > MAX_BYTES {
        return Err(malformed(format!("They have {} bytes of {MAX_BYTES}.", text.len())));
    }
    let count = text.split('\n').count();
    if count > MAX_SETTINGS {
        return Err(malformed(format!("They are {count} of {MAX_SETTINGS}.")));
    }
    // A line may hold what nobody else is to read: it is told by its number.
    let line = |(at, line)| {
        parse_line(line).ok_or_else(|| malformed(format!("Line {} is malformed.", at + 1)))
    };
    text.split('\n').enumerate().map(line).collect()
}

fn parse_line(line: &str) -> Option<Setting> {
    let (name, value) = line.split_once('=')?;
    let setting = Setting { name: unescape(name)?, value: unescape(value)? };
    (!setting.name.is_empty()).then_some(setting)
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next()? {
                b'\\' => b'\\',
                b'n' => b'\n',
                b'x' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
                _ => return None,
            },
            b' '..=b'~' => byte,
            _ => return None,
        });
    }
    // The server's strings end with one.
    (!plain.contains(&0)).then_some(plain)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn malformed(detail: String) -> Error {
    Error::new(SqlState::InvalidParameterValue, "invalid settings of a client")
        .detail(detail)
        .hint(format!(
            "At most {MAX_SETTINGS} lines name=value in {MAX_BYTES} bytes of printable ASCII, with \\\\, \\n and \\xNN for the rest."
        ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(settings: &[(&[u8], &[u8])]) -> String {
        let text = encode(settings.iter().copied()).unwrap();
        assert!(text.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)), "{text:?}");
        let read = parse(&text).unwrap();
        let read: Vec<_> = read.iter().map(|s| (s.name.as_slice(), s.value.as_slice())).collect();
        assert_eq!(read, settings);
        text
    }

    #[test]
    fn no_settings_are_no_text() {
        assert_eq!(there_and_back(&[]), "");
    }

    #[test]
    fn plain_settings_are_lines() {
        let text = there_and_back(&[(b"TimeZone", b"Europe/Vienna"), (b"DateStyle", b"ISO, DMY")]);
        assert_eq!(text, "TimeZone=Europe/Vienna\nDateStyle=ISO, DMY");
    }

    #[test]
    fn whatever_is_not_printable_is_escaped() {
        let text = there_and_back(&[(b"app.x", "a\\b\nc\td=\u{e9}\x7f".as_bytes()), (b"b=c", b"")]);
        assert_eq!(text, "app.x=a\\\\b\\nc\\x09d=\\xc3\\xa9\\x7f\nb\\x3dc=");
    }

    #[test]
    fn every_byte_but_nul_comes_back() {
        let all: Vec<u8> = (1..=255).collect();
        there_and_back(&[(&all, &all)]);
    }

    #[test]
    fn what_is_of_the_place_or_the_moment_stays() {
        for name in ["role", "Session_Authorization", "seed", "transaction_read_only", "Tenancy.x"]
        {
            assert!(!goes_along(name.as_bytes()), "{name}");
        }
        for name in ["TimeZone", "search_path", "app.role", "default_transaction_read_only", "t"] {
            assert!(goes_along(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn malformed_texts_are_refused() {
        let texts = [
            "a",
            "=b",
            "\n",
            "a=b\n",
            "\na=b",
            "a=b\n\nc=d",
            "a=\\",
            "a=\\x",
            "a=\\x1",
            "a=\\xg1",
            "a=\\x1g",
            "a=\\t",
            "a=\\X41",
            "a=\\x+1",
            "a=\t",
            "a=\r",
            "a=\u{e9}",
            "a=\\x00",
            "\\x00=b",
            "a=b\0",
            "a=\x7f",
            "\\=b",
            "!",
        ];
        for text in texts {
            let error = parse(text).expect_err(text);
            assert_eq!(error.code, SqlState::InvalidParameterValue, "{text:?}");
            assert!(error.detail.is_some() && error.hint.is_some());
        }
    }

    #[test]
    fn a_refusal_repeats_nothing_of_the_text() {
        let error = parse("a=1\nsecret").unwrap_err();
        assert_eq!(error.detail.as_deref(), Some("Line 2 is malformed."));
        assert!(!error.message.contains("secret"));
    }

    #[test]
    fn the_number_of_settings_is_bounded() {
        let settings = |count| (0..count).map(|n| (format!("a.b{n}"), "c"));
        let most = encode(settings(MAX_SETTINGS)).unwrap();
        assert_eq!(parse(&most).unwrap().len(), MAX_SETTINGS);
        assert_eq!(encode(settings(MAX_SETTINGS + 1)), None);
        assert!(parse(&format!("{most}\nx=y")).is_err());
    }

    #[test]
    fn the_bytes_are_bounded_as_they_are_written() {
        let most = "x".repeat(MAX_BYTES - 2);
        let text = encode([("a", &most)]).unwrap();
        assert_eq!(text.len(), MAX_BYTES);
        assert_eq!(parse(&text).unwrap()[0].value.len(), MAX_BYTES - 2);
        assert_eq!(encode([("a", format!("{most}x"))]), None);
        assert!(parse(&format!("{text}x")).is_err());
        assert_eq!(encode([("a", "\u{1}".repeat(MAX_BYTES / 4))]), None);
    }
}
