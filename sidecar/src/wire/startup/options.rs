//! What a client wants to be set from the start, by parameters and by PGOPTIONS.

use crate::wire::Parameter;

/// The settings among the parameters, those of `options` first, and last the one that tells in which
/// encoding the rest is.
pub fn settings(parameters: &[Parameter]) -> Result<Vec<(String, String)>, String> {
    let mut settings = {
        let given = parameters.iter().find(|p| p.name == "options");
        options(given.map_or("", |p| p.value.as_str()))?
    };
    for Parameter { name, value } in parameters {
        let own = matches!(name.as_str(), "user" | "database" | "replication" | "options");
        if !own && !name.starts_with("_pq_.") {
            settings.push((name.clone(), value.clone()));
        }
    }
    settings.sort_by_key(|(name, _)| name.eq_ignore_ascii_case("client_encoding"));
    Ok(settings)
}

/// `-c name=value` and `--name=value`, with a backslash before what is meant as it is.
fn options(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut words = words(text).into_iter();
    let mut settings = Vec::new();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--").or_else(|| word.strip_prefix("-c")) {
            Some("") => words.next(),
            Some(setting) => Some(setting.to_owned()),
            None => None,
        };
        let pair = setting.as_deref().and_then(|setting| setting.split_once('='));
        let (name, value) =
            pair.ok_or_else(|| format!("options \"{text}\" are not of the form -c name=value"))?;
        // As the server has it: a dash stands for an underscore.
        settings.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(settings)
}

fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, words.last_mut()) {
            (' ' | '\t' | '\n', _) => words.push(String::new()),
            ('\\', Some(word)) => word.extend(letters.next()),
            (letter, Some(word)) => word.push(letter),
            (_, None) => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(parameters: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let named = |(name, value): &(&str, &str)| Parameter {
            name: (*name).to_owned(),
            value: (*value).to_owned(),
        };
        settings(&parameters.iter().map(named).collect::<Vec<_>>())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn parameters_are_settings_but_for_the_start_s_own() {
        let given = [
            ("user", "acme"),
            ("client_encoding", "LATIN1"),
            ("database", "app"),
            ("_pq_.x", "1"),
            ("options", "-c a=1 -cb=2 --c-d=x\\ y"),
            ("TimeZone", "UTC"),
        ];
        let expected = [
            pair("a", "1"),
            pair("b", "2"),
            pair("c_d", "x y"),
            pair("TimeZone", "UTC"),
            pair("client_encoding", "LATIN1"),
        ];
        assert_eq!(set(&given).unwrap(), expected);
    }

    #[test]
    fn other_options_of_the_server_are_not_taken() {
        for options in ["-d 5", "-c", "-c x", "--x", "x=1", "-P"] {
            assert!(set(&[("options", options)]).is_err(), "{options}");
        }
    }
}
