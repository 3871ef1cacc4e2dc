//! The words of the console, those of PgBouncer where it has the same thing. Knows nothing of what
//! they do.

use crate::admission::Refusal;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Shows something.
    Show(Subject),
    /// Holds a tenant's transactions back, or everybody's.
    Pause(Option<String>),
    /// Lets them go.
    Resume(Option<String>),
    /// Ends a tenant's clients.
    Kill(String),
    /// Reads the configuration anew.
    Reload,
    /// Ends the process.
    Shutdown {
        /// Only when all clients have left by themselves.
        when_deserted: bool,
    },
}

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The commands.
    Help,
    /// Clients and server connections by tenant.
    Pools,
    /// Clients.
    Clients,
    /// Server connections.
    Servers,
    /// Threads and their server connections.
    Threads,
    /// Tenants, their limits and what they have used.
    Tenants,
    /// What tenants have used.
    Stats,
    /// What all tenants have used together.
    Totals,
    /// Numbers of things.
    Lists,
    /// The configuration.
    Config,
    /// The version.
    Version,
}

const SUBJECTS: [(&str, Subject); 11] = [
    ("HELP", Subject::Help),
    ("POOLS", Subject::Pools),
    ("CLIENTS", Subject::Clients),
    ("SERVERS", Subject::Servers),
    ("THREADS", Subject::Threads),
    ("TENANTS", Subject::Tenants),
    ("STATS", Subject::Stats),
    ("TOTALS", Subject::Totals),
    ("LISTS", Subject::Lists),
    ("CONFIG", Subject::Config),
    ("VERSION", Subject::Version),
];

/// The commands, for people.
pub const USAGE: &str = "\n\tSHOW HELP|POOLS|CLIENTS|SERVERS|THREADS|TENANTS\n\tSHOW STATS|TOTALS|LISTS|CONFIG|VERSION\n\tPAUSE [<tenant>]\n\tRESUME [<tenant>]\n\tKILL <tenant>\n\tRELOAD\n\tSHUTDOWN [WAIT_FOR_CLIENTS]";

/// Reads what an operator wrote: commands, one after the other.
pub fn parse(text: &str) -> Result<Vec<Command>, Refusal> {
    let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| command(part).ok_or_else(|| unknown(part))).collect()
}

fn command(text: &str) -> Option<Command> {
    let mut words = text.split_whitespace();
    let verb = words.next()?.to_ascii_uppercase();
    let argument = words.next();
    if words.next().is_some() {
        return None;
    }
    match (verb.as_str(), argument) {
        ("SHOW", Some(subject)) => subject_of(subject).map(Command::Show),
        ("PAUSE", None) => Some(Command::Pause(None)),
        ("PAUSE", Some(tenant)) => name(tenant).map(|tenant| Command::Pause(Some(tenant))),
        ("RESUME", None) => Some(Command::Resume(None)),
        ("RESUME", Some(tenant)) => name(tenant).map(|tenant| Command::Resume(Some(tenant))),
        ("KILL", Some(tenant)) => name(tenant).map(Command::Kill),
        ("RELOAD", None) => Some(Command::Reload),
        ("SHUTDOWN", None) => Some(Command::Shutdown { when_deserted: false }),
        ("SHUTDOWN", Some(how)) if how.eq_ignore_ascii_case("WAIT_FOR_CLIENTS") => {
            Some(Command::Shutdown { when_deserted: true })
        }
        _ => None,
    }
}

fn subject_of(word: &str) -> Option<Subject> {
    let found = SUBJECTS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, subject)| *subject)
}

/// A tenant's name, as it is or in quotes; names are in lower case.
fn name(word: &str) -> Option<String> {
    let quoted = |quote| word.strip_prefix(quote)?.strip_suffix(quote);
    match quoted('"').or_else(|| quoted('\'')) {
        Some(inside) => Some(inside.to_owned()),
        None => Some(word.to_ascii_lowercase()),
    }
    .filter(|name| !name.is_empty())
}

/// The first word is enough to say what was not understood; the rest is not ours to repeat.
fn unknown(text: &str) -> Refusal {
    let word: String =
        text.split_whitespace().next().unwrap_or_default().chars().take(32).collect();
    Refusal::new("42601", format!("invalid command, starting at \"{word}\""))
        .hint("SHOW HELP lists the commands.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_however_they_are_written() {
        for (text, command) in [
            ("SHOW POOLS", Command::Show(Subject::Pools)),
            (" show\n pools ; ", Command::Show(Subject::Pools)),
            ("pause", Command::Pause(None)),
            ("PAUSE Acme;", Command::Pause(Some("acme".into()))),
            ("resume \"acme\"", Command::Resume(Some("acme".into()))),
            ("KILL 'acme'", Command::Kill("acme".into())),
            ("Reload", Command::Reload),
            ("shutdown", Command::Shutdown { when_deserted: false }),
            ("SHUTDOWN wait_for_clients", Command::Shutdown { when_deserted: true }),
        ] {
            assert_eq!(parse(text), Ok(vec![command]), "{text}");
        }
        assert_eq!(parse(" ; "), Ok(vec![]));
        assert_eq!(parse("SHOW HELP; RELOAD").unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_command_is_refused_and_does_nothing() {
        for text in [
            "SHOW",
            "SHOW PASSWORDS",
            "SHOW POOLS NOW",
            "KILL",
            "PAUSE a b",
            "SHUTDOWN NOW",
            "SELECT 1",
            "RELOAD; SELECT 1",
            "PAUSE \"\"",
        ] {
            let refusal = parse(text).unwrap_err();
            assert_eq!((refusal.code, refusal.hint.is_some()), ("42601", true), "{text}");
        }
    }

    #[test]
    fn the_usage_names_every_subject() {
        for (name, _) in SUBJECTS {
            assert!(USAGE.contains(name), "{name}");
        }
    }
}
