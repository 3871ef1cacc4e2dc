//! Where free text - a function's body, a trigger's argument, a comment - names a schema. No parser
//! knows what such text means, so it is looked at as text: the name counts where it qualifies
//! (`shop.item`, in a string too), where it is a whole string, and in a search path.

use std::ops::Range;

/// A place that names the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// Where, with the quotes of a quoted name.
    pub place: Range<usize>,
    /// Whether the name is a whole string: a value, which no quotes belong around.
    pub is_value: bool,
}

impl Mention {
    /// Whether the dot behind it is a full stop: in prose, nothing is named.
    pub fn ends_sentence(&self, text: &str) -> bool {
        let rest = text[self.place.end..].strip_prefix('.');
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    }
}

/// The schema whose mentions are looked for.
pub struct Schema<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it holds something of a name; what else follows the dot makes the word an alias of
    /// the same name.
    pub holds: &'a dyn Fn(&str) -> bool,
}

impl Schema<'_> {
    /// The places in `text` that name the schema, in order.
    pub fn mentions(&self, text: &str) -> Vec<Mention> {
        // Bytes above ASCII stay as they are, so that offsets hold.
        let folded = text.to_ascii_lowercase();
        let needle = self.name.to_ascii_lowercase();
        if needle.is_empty() {
            return Vec::new();
        }
        folded
            .match_indices(&needle)
            .filter_map(|(start, _)| self.mention(text, start..start + needle.len()))
            .collect()
    }

    /// Whether a deparsed statement has the name where no dot follows: a table or an alias of the
    /// schema's name, so that with a dot it may be that as well.
    pub fn stands_alone(&self, statement: &str) -> bool {
        let strings = literals(statement);
        let folded = statement.to_ascii_lowercase();
        let words = folded.match_indices(self.name).filter(|(at, word)| {
            let (before, after) = (&statement[..*at], &statement[at + word.len()..]);
            !before.chars().next_back().is_some_and(continues)
                && !after.chars().next().is_some_and(continues)
                && !after.trim_start_matches('"').starts_with('.')
                && !strings.iter().any(|string| string.contains(at))
        });
        words.count() > 0
    }

    /// Whether what a deparsed statement names at a place can be nothing but a table.
    pub fn is_table(&self, statement: &str, mention: &Mention) -> bool {
        let before = &statement[..mention.place.start];
        let before = before.trim_end_matches(|c: char| c == '(' || c.is_whitespace());
        let word = before.rsplit(|c: char| c == '(' || c.is_whitespace()).next();
        word.is_some_and(|word| ["FROM", "JOIN", "ONLY", "INTO", "UPDATE", "USING"].contains(&word))
    }

    /// The place with its quotes when what was found names the schema.
    fn mention(&self, text: &str, found: Range<usize>) -> Option<Mention> {
        let before = text[..found.start].chars().next_back();
        let after = text[found.end..].chars().next();
        let place = if before == Some('"') && after == Some('"') {
            (&text[found.clone()] == self.name).then(|| found.start - 1..found.end + 1)?
        } else {
            let folds = self.name.bytes().all(|b| !b.is_ascii_uppercase());
            (folds && !before.is_some_and(continues) && !after.is_some_and(continues))
                .then_some(found)?
        };
        let is_value = is_whole_string(text, &place) && self.is_exact(text, &place);
        (is_value || self.is_qualifier(text, &place) || is_in_a_path(text, &place))
            .then_some(Mention { place, is_value })
    }

    /// A string is a name as it stands, unless it is cast to one; `'Shop'` may be the title of a page.
    fn is_exact(&self, text: &str, place: &Range<usize>) -> bool {
        &text[place.clone()] == self.name || text[place.end..].starts_with("'::reg")
    }

    /// Whether a dot follows, and behind it something that the schema holds, or nothing yet.
    fn is_qualifier(&self, text: &str, place: &Range<usize>) -> bool {
        let Some(rest) = text[place.end..].trim_start().strip_prefix('.') else { return false };
        !text[..place.start].ends_with('.')
            && next_name(rest.trim_start()).is_none_or(|name| (self.holds)(&name))
    }
}

/// The identifier that a text begins with.
fn next_name(text: &str) -> Option<String> {
    if let Some(quoted) = text.strip_prefix('"') {
        return quoted.split('"').next().map(str::to_owned);
    }
    let word: String = text.chars().take_while(|c| continues(*c)).collect();
    (!word.is_empty()).then(|| word.to_lowercase())
}

/// `text` with another name in the places of mentions.
pub fn rebind(text: &str, mentions: &[Mention], name: &str, value: &str) -> String {
    let mut bound = String::with_capacity(text.len());
    let mut end = 0;
    for mention in mentions {
        bound.push_str(&text[end..mention.place.start]);
        bound.push_str(if mention.is_value { value } else { name });
        end = mention.place.end;
    }
    bound.push_str(&text[end..]);
    bound
}

/// The line, from 1, of a place in a text.
pub fn line(text: &str, place: &Range<usize>) -> usize {
    1 + text[..place.start].matches('\n').count()
}

/// The strings in a statement as PostgreSQL deparses it: without comments and dollar quotes.
pub fn literals(statement: &str) -> Vec<Range<usize>> {
    let (mut found, mut start, mut escapes) = (Vec::new(), None, false);
    let mut bytes = statement.bytes().enumerate().peekable();
    let mut in_name = false;
    while let Some((at, byte)) = bytes.next() {
        match (byte, start) {
            (b'\\', Some(_)) if escapes => drop(bytes.next()),
            // A doubled quote is one in the string.
            (b'\'', Some(begin)) if bytes.next_if(|(_, next)| *next == b'\'').is_none() => {
                found.push(begin..at + 1);
                start = None;
            }
            (b'"', None) => in_name = !in_name,
            (b'\'', None) if !in_name => {
                start = Some(at);
                escapes = statement[..at].ends_with('E');
            }
            _ => {}
        }
    }
    found
}

/// Whether a character belongs to the word beside it.
fn continues(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn is_whole_string(text: &str, place: &Range<usize>) -> bool {
    text[..place.start].ends_with('\'') && text[place.end..].starts_with('\'')
}

/// Whether the statement around the place speaks of search_path before it.
fn is_in_a_path(text: &str, place: &Range<usize>) -> bool {
    let statement = text[..place.start].rsplit(';').next().unwrap_or_default();
    statement.to_ascii_lowercase().contains("search_path")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mentions(text: &str, name: &str) -> Vec<Mention> {
        let holds = |name: &str| ["item", "seq", "f", "a"].contains(&name);
        Schema { name, holds: &holds }.mentions(text)
    }

    #[test]
    fn the_name_counts_where_it_leads_to_the_schema() {
        for (text, bound) in [
            ("SELECT * FROM shop.item", "SELECT * FROM @.item"),
            ("SELECT SHOP . item", "SELECT @ . item"),
            ("SELECT \"shop\".item", "SELECT @.item"),
            ("nextval('shop.seq')", "nextval('@.seq')"),
            (
                "set_config('search_path', 'shop, public', f)",
                "set_config('search_path', '@, public', f)",
            ),
            (
                "SET search_path TO public, shop; SELECT shop",
                "SET search_path TO public, @; SELECT shop",
            ),
            ("format('%I.item', 'shop')", "format('%I.item', 'value')"),
            ("'SHOP'::regnamespace", "'value'::regnamespace"),
            ("'shop.' || relation", "'@.' || relation"),
        ] {
            assert_eq!(rebind(text, &mentions(text, "shop"), "@", "value"), bound);
        }
    }

    #[test]
    fn other_words_and_names_are_left_alone() {
        for text in [
            "the shop is closed",
            "SELECT myshop.item, shop2.item, shop_.item",
            "SELECT a.shop.b",
            "SELECT \"Shop\".item",
            "SELECT shop FROM t",
            "SELECT shop.id FROM item shop",
            "title := 'Shop'",
        ] {
            assert!(mentions(text, "shop").is_empty(), "{text}");
        }
    }

    #[test]
    fn a_full_stop_is_no_qualifier() {
        let text = "A shop.item of a shop. Item of the Shop.";
        let ends: Vec<_> = mentions(text, "shop").iter().map(|m| m.ends_sentence(text)).collect();
        assert_eq!(ends, [false, true, true]);
    }

    #[test]
    fn a_name_that_needs_quotes_counts_in_quotes_alone() {
        let text = "\"My Shop\".a, My Shop.a";
        assert_eq!(rebind(text, &mentions(text, "My Shop"), "@", "@"), "@.a, My Shop.a");
    }

    #[test]
    fn a_name_that_stands_alone_may_be_a_table() {
        let schema = Schema { name: "shop", holds: &|_| true };
        assert!(!schema.stands_alone("SELECT item.id, 'shop' FROM shop.item, myshop"));
        for text in
            ["SELECT shop.id FROM shop", "SELECT shop.id FROM item shop", "SELECT 1 AS \"shop\""]
        {
            assert!(schema.stands_alone(text), "{text}");
        }
        let text =
            "SELECT shop.item FROM ((shop.item i JOIN shop ON true) JOIN ONLY shop.item ON true)";
        let tables: Vec<_> =
            schema.mentions(text).iter().map(|m| schema.is_table(text, m)).collect();
        assert_eq!(tables, [false, true, true]);
    }

    #[test]
    fn a_place_has_a_line() {
        let text = "BEGIN\n  PERFORM shop.f();\nEND";
        assert_eq!(line(text, &mentions(text, "shop")[0].place), 2);
    }

    #[test]
    fn strings_are_found_whatever_stands_in_them() {
        let text = r#"f("it's", 'a''b', E'c\'d', '')"#;
        let found: Vec<_> = literals(text).into_iter().map(|at| &text[at]).collect();
        assert_eq!(found, ["'a''b'", r"'c\'d'", "''"]);
    }
}
