//! SQL text cut into tokens, as far as finding the words around a name needs it. Never fails: what
//! PostgreSQL would refuse ends somewhere too.

/// A token, without what it is worth to nobody here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A keyword or a name without quotes, in lower case.
    Word(Vec<u8>),
    /// A name in quotes, as it is meant.
    Quoted(Vec<u8>),
    /// A string, whatever its form.
    Literal,
    /// Any other character. Numbers and operators are several of them.
    Sign(u8),
}

/// Longest name in bytes (NAMEDATALEN - 1).
const LONGEST_NAME: usize = 63;

impl Token {
    /// The name that this token is, cut off where PostgreSQL cuts it off.
    pub fn name(&self) -> Option<Vec<u8>> {
        match self {
            Self::Word(name) | Self::Quoted(name) => {
                Some(name[..name.len().min(LONGEST_NAME)].to_vec())
            }
            Self::Literal | Self::Sign(_) => None,
        }
    }
}

/// Cuts text into tokens. Comments and white space are none.
pub fn tokens(text: &[u8]) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        at += match byte {
            b'-' if rest.starts_with(b"--") => line_comment(rest),
            b'/' if rest.starts_with(b"/*") => block_comment(rest),
            b'\'' => {
                let prefix = take_prefix(&text[..at], &mut found);
                string(rest, prefix, &mut found)
            }
            b'"' => quoted(rest, &mut found),
            b'$' => dollar_quoted(rest, &mut found),
            _ if starts_word(byte) => word(rest, &mut found),
            _ => {
                if !byte.is_ascii_whitespace() {
                    found.push(Token::Sign(byte));
                }
                1
            }
        };
    }
    found
}

fn starts_word(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn word(text: &[u8], found: &mut Vec<Token>) -> usize {
    let inside = |byte: &u8| starts_word(*byte) || byte.is_ascii_digit() || *byte == b'$';
    let length = text.iter().take_while(|byte| inside(byte)).count();
    found.push(Token::Word(text[..length].to_ascii_lowercase()));
    length
}

fn line_comment(text: &[u8]) -> usize {
    text.iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count()
}

/// Comments nest.
fn block_comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < text.len() {
        if text[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if text[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// Takes the letter right before a string, as in E'...', for part of it; returns the letter.
fn take_prefix(before: &[u8], found: &mut Vec<Token>) -> u8 {
    match (before.last(), found.last()) {
        (Some(letter), Some(Token::Word(word))) if *word == [letter.to_ascii_lowercase()] => {
            found.pop();
            letter.to_ascii_lowercase()
        }
        _ => 0,
    }
}

fn string(text: &[u8], prefix: u8, found: &mut Vec<Token>) -> usize {
    found.push(Token::Literal);
    let escapes = prefix == b'e';
    let mut at = 1;
    while at < text.len() {
        match text[at] {
            b'\\' if escapes => at += 2,
            b'\'' if text.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn quoted(text: &[u8], found: &mut Vec<Token>) -> usize {
    let mut name = Vec::new();
    let mut at = 1;
    while at < text.len() {
        if text[at] == b'"' {
            if text.get(at + 1) != Some(&b'"') {
                at += 1;
                break;
            }
            at += 1;
        }
        name.push(text[at]);
        at += 1;
    }
    found.push(Token::Quoted(name));
    at
}

/// `$tag$ ... $tag$`; any other dollar is a sign, as that of a parameter.
fn dollar_quoted(text: &[u8], found: &mut Vec<Token>) -> usize {
    let inside = |byte: &u8| starts_word(*byte) || byte.is_ascii_digit();
    let tag = 1 + text[1..].iter().take_while(|byte| inside(byte)).count();
    let is_tag = text.get(tag) == Some(&b'$') && !text[1].is_ascii_digit();
    if !is_tag {
        found.push(Token::Sign(b'$'));
        return 1;
    }
    found.push(Token::Literal);
    let (tag, body) = text.split_at(tag + 1);
    let end = body.windows(tag.len()).position(|window| window == tag);
    end.map_or(text.len(), |end| 2 * tag.len() + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Token {
        Token::Word(text.as_bytes().to_vec())
    }

    #[test]
    fn words_names_strings_and_signs_are_told_apart() {
        let expected = vec![
            word("select"),
            Token::Quoted(b"A \"b\"".to_vec()),
            Token::Sign(b'.'),
            word("c$1"),
            Token::Sign(b','),
            Token::Literal,
        ];
        assert_eq!(tokens(b"SELECT \"A \"\"b\"\"\".C$1, 'it''s'"), expected);
    }

    #[test]
    fn strings_of_every_form_are_one_token() {
        for text in ["'a'", "'a''b'", "e'a\\'b'", "E'\\\\'", "x'0f'", "$$a'b$$", "$t$a$$b$t$"] {
            assert_eq!(tokens(text.as_bytes()), [Token::Literal], "{text}");
        }
        assert_eq!(tokens(b"$1").len(), 2);
    }

    #[test]
    fn comments_are_nothing_and_nest() {
        let text = b"a -- b\n/* c /* d */ e */ f/**/g -- h";
        assert_eq!(tokens(text), [word("a"), word("f"), word("g")]);
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in ["'a", "\"a", "$$a", "/* a", "-- a", "e'a\\", "$t$", "\"a\"\""] {
            assert!(tokens(text.as_bytes()).len() <= 1, "{text}");
        }
    }
}
