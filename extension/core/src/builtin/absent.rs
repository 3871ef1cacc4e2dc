//! What PostgreSQL says of things that do not exist, in its own words: a tenant hears the same of
//! things that it cannot see.

use crate::catalog::class;
use crate::{Error, SqlState};

/// The error for a name outside of schemas, as the functions that look it up raise it.
pub fn no_such(of: u32, name: &str) -> Error {
    let (code, kind) = match of {
        class::NAMESPACE => (SqlState::UndefinedSchema, "schema"),
        class::DATABASE => (SqlState::UndefinedTenant, "database"),
        class::FOREIGN_SERVER => (SqlState::UndefinedObject, "server"),
        class::FOREIGN_DATA_WRAPPER => (SqlState::UndefinedObject, "foreign-data wrapper"),
        class::TABLESPACE => (SqlState::UndefinedObject, "tablespace"),
        class::LANGUAGE => (SqlState::UndefinedObject, "language"),
        _ => (SqlState::UndefinedObject, "role"),
    };
    Error::new(code, format!("{kind} \"{name}\" does not exist"))
}

/// A name that a dot follows in a text: the schema that it may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Qualifier {
    /// As PostgreSQL folds it.
    pub name: String,
    start: usize,
    end: usize,
}

/// Every name in a text that a dot follows.
pub fn qualifiers(text: &str) -> Vec<Qualifier> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((name, start, end)) = next_name(text, at) {
        at = end;
        if text[end..].trim_start().starts_with('.') {
            found.push(Qualifier { name, start, end });
        }
    }
    found
}

/// A text in which schemas that exist were replaced by some that do not, so that PostgreSQL says of
/// it what it says of absent ones.
#[derive(Clone, Debug)]
pub struct Absent {
    /// The text with the schemas replaced.
    pub text: String,
    /// Of each its stand-in, how the text spelled it, and how PostgreSQL folds that.
    replaced: Vec<(String, String, String)>,
}

impl Absent {
    /// Replaces these schemas in the text.
    pub fn new(text: &str, hidden: &[Qualifier]) -> Self {
        let (mut changed, mut replaced, mut at) = (String::new(), Vec::new(), 0);
        for (number, schema) in hidden.iter().enumerate() {
            // In capitals: folded or not tells whether a message shows the text or the name.
            let stand_in = format!("TENANCY_ABSENT_{number}");
            changed.push_str(&text[at..schema.start]);
            changed.push_str(&stand_in);
            let spelled = text[schema.start..schema.end].to_owned();
            replaced.push((stand_in, spelled, schema.name.clone()));
            at = schema.end;
        }
        changed.push_str(&text[at..]);
        Self { text: changed, replaced }
    }

    /// A message about the changed text, as it reads about the text.
    pub fn restore(&self, message: &str) -> String {
        self.replaced.iter().fold(message.to_owned(), |message, (stand_in, spelled, name)| {
            message.replace(stand_in, spelled).replace(&stand_in.to_lowercase(), name)
        })
    }
}

/// The next name from a position on, folded, with where it starts and ends.
fn next_name(text: &str, from: usize) -> Option<(String, usize, usize)> {
    let starts = |c: char| c == '"' || c == '_' || c.is_alphabetic();
    let start = from + text[from..].find(starts)?;
    let rest = &text[start..];
    if let Some(quoted) = rest.strip_prefix('"') {
        let (name, length) = quoted_name(quoted);
        return Some((name, start, start + 1 + length));
    }
    let part = |c: char| c == '_' || c == '$' || c.is_alphanumeric();
    let length = rest.find(|c| !part(c)).unwrap_or(rest.len());
    Some((rest[..length].to_lowercase(), start, start + length))
}

/// What is before the closing quote, in which a doubled quote stands for one, and its length with
/// the closing quote.
fn quoted_name(text: &str) -> (String, usize) {
    let mut name = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter != '"' {
            name.push(letter);
        } else if letters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return (name, at + 1);
        }
    }
    (name, text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        qualifiers(text).into_iter().map(|found| found.name).collect()
    }

    #[test]
    fn the_words_are_those_of_postgresql() {
        let error = no_such(class::AUTHID, "x");
        assert_eq!(error.code.code(), "42704");
        assert_eq!(error.message, "role \"x\" does not exist");
        assert_eq!(no_such(class::NAMESPACE, "x").code.code(), "3F000");
        assert_eq!(no_such(class::DATABASE, "x").code.code(), "3D000");
    }

    #[test]
    fn qualifiers_are_found_folded_and_unquoted() {
        assert_eq!(names("Acme.items"), ["acme"]);
        assert_eq!(names("\"A\"\"b\" . x"), ["A\"b"]);
        assert_eq!(names("f(globex.t[], integer)"), ["globex"]);
        assert!(names("items").is_empty());
        assert!(names("\"never closed").is_empty());
    }

    #[test]
    fn a_message_about_a_replaced_schema_reads_as_about_the_text() {
        let text = "Globex.f(\"a\".t)";
        let absent = Absent::new(text, &qualifiers(text));
        assert_eq!(absent.text, "TENANCY_ABSENT_0.f(TENANCY_ABSENT_1.t)");
        let folded = "schema \"tenancy_absent_0\" does not exist";
        assert_eq!(absent.restore(folded), "schema \"globex\" does not exist");
        let whole = format!("function \"{}\" does not exist", absent.text);
        assert_eq!(absent.restore(&whole), format!("function \"{text}\" does not exist"));
    }
}
