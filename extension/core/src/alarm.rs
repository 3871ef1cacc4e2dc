//! What the alarm says, and how often: which errors it reacts to, the log line, and limits on what
//! a session that is refused in a loop may write.

use crate::{Error, SqlState};

/// Lines that one session may write to the log in a minute.
pub const LINES_PER_MINUTE: u32 = 20;
/// Rows that one tenant may add to the audit trail in a minute.
pub const ROWS_PER_MINUTE: u32 = 60;

/// Whether an error is a guard's refusal: 42501, 28000 (wrong key), or 53400 (a ceiling).
pub fn is_refusal(code: SqlState) -> bool {
    matches!(code.code(), "42501" | "28000" | "53400")
}

/// How often something happened within the running minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct Throttle {
    minute: u64,
    used: u32,
    skipped: u64,
}

impl Throttle {
    /// Whether one more may be written in `minute`: if so, how many were left out before.
    pub fn admit(&mut self, minute: u64) -> Option<u64> {
        if self.minute != minute {
            self.minute = minute;
            self.used = 0;
        }
        if self.used >= LINES_PER_MINUTE {
            self.skipped += 1;
            return None;
        }
        self.used += 1;
        Some(std::mem::take(&mut self.skipped))
    }
}

/// What was refused, in one line: the message, and what only the log may tell.
pub fn subject(error: &Error) -> String {
    match &error.private {
        Some(private) => format!("{}: {private}", error.message),
        None => error.message.clone(),
    }
}

/// The line in the server's log. Everything from outside is quoted and escaped: no name can break
/// the line or forge another.
pub fn line(verb: &str, error: &Error, tenant: Option<&str>, login: &str, skipped: u64) -> String {
    let tenant = tenant.unwrap_or_default();
    let mut line = format!(
        "tenancy: {verb} sqlstate={} tenant={tenant:?} login={login:?} what={:?}",
        error.code.code(),
        subject(error)
    );
    if skipped > 0 {
        line.push_str(&format!(" (and {skipped} more of this session)"));
    }
    line
}

/// As much of a text as fits into so many bytes, cut between characters.
pub fn cut(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_what_guards_raise_and_not_what_a_user_mistyped() {
        assert!(is_refusal(SqlState::InsufficientPrivilege));
        assert!(is_refusal(SqlState::InvalidAuthorization));
        assert!(!is_refusal(SqlState::UndefinedTenant));
        assert!(!is_refusal(SqlState::InvalidParameterValue));
    }

    #[test]
    fn a_loop_writes_so_many_lines_a_minute_and_the_next_says_how_many_are_missing() {
        let mut throttle = Throttle::default();
        let written = (0..1000).filter(|_| throttle.admit(7).is_some()).count();
        assert_eq!(written, LINES_PER_MINUTE as usize);
        assert_eq!(throttle.admit(8), Some(1000 - u64::from(LINES_PER_MINUTE)));
        assert_eq!(throttle.admit(8), Some(0));
    }

    #[test]
    fn nothing_from_outside_breaks_the_line() {
        let error = Error::new(SqlState::InsufficientPrivilege, "no\n\"x\"").private("y\n");
        let line = line("refused", &error, Some("acme"), "app\nLOG: forged", 3);
        assert_eq!(line.lines().count(), 1);
        assert!(
            line.contains("sqlstate=42501 tenant=\"acme\"")
                && line.ends_with("(and 3 more of this session)")
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("", 3), "");
    }
}
