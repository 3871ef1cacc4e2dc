//! Hostnames as routing keys: one canonical spelling for each, and nothing that is not one.

use crate::{Error, Result, SqlState};
use std::fmt;

const MAX_BYTES: usize = 253;
const MAX_LABEL: usize = 63;
/// An international name takes up to four bytes for a character; more than this is not looked at.
const MAX_INPUT: usize = 4 * MAX_BYTES;

/// A hostname in lower case, as A-labels, without a trailing dot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hostname(String);

impl Hostname {
    /// Normalises case, one trailing dot and international names (to A-labels). IP addresses,
    /// ports, paths, user names, wildcards, empty labels and overlong names are 22023.
    pub fn parse(text: &str) -> Result<Self> {
        let shape = |why| Err(invalid(text, why));
        let host = text.strip_suffix('.').unwrap_or(text);
        if host.is_empty() {
            return shape("The hostname is empty.");
        }
        if host.len() > MAX_INPUT {
            return shape("The hostname is longer than 253 bytes.");
        }
        if host
            .bytes()
            .any(|b| b.is_ascii() && !(b.is_ascii_alphanumeric() || b == b'-' || b == b'.'))
        {
            return shape(
                "A hostname holds letters, digits, \"-\" and \".\" only: no port, path, user or wildcard.",
            );
        }
        let Ok(ascii) = idna::domain_to_ascii_strict(host) else {
            return shape("It is not a valid international domain name.");
        };
        match flaw(&ascii) {
            Some(why) => shape(why),
            None => Ok(Self(ascii)),
        }
    }

    /// The same for the authority of an HTTP Host header: a `:port` at the end is cut off.
    pub fn from_authority(text: &str) -> Result<Self> {
        match text.rsplit_once(':') {
            Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
                Self::parse(host)
            }
            _ => Self::parse(text),
        }
    }

    /// The canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The single label in front of `base`, or `None` when this is no direct subdomain of it.
    pub fn strip_base(&self, base: &Hostname) -> Option<&str> {
        let label = self.0.strip_suffix(&base.0)?.strip_suffix('.')?;
        (!label.is_empty() && !label.contains('.')).then_some(label)
    }
}

/// What is wrong with a name that IDNA has already mapped.
fn flaw(host: &str) -> Option<&'static str> {
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= MAX_LABEL
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    if host.len() > MAX_BYTES {
        Some("The hostname is longer than 253 bytes.")
    } else if !host.split('.').all(label) {
        Some("A label is empty, longer than 63 bytes, or starts or ends with \"-\".")
    } else if looks_numeric(host) {
        Some("An IP address is not a hostname.")
    } else {
        None
    }
}

/// Whether the last label is a number: the WHATWG URL standard then reads the whole as an IPv4
/// address (`127.1`, `2130706433`, `0x7f.1`), and no top-level domain is one.
fn looks_numeric(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or(host);
    let hex = last.strip_prefix("0x").is_some_and(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || last.bytes().all(|b| b.is_ascii_digit())
        || host.split('.').all(|l| l.starts_with("0x") || l.bytes().all(|b| b.is_ascii_digit()))
}

fn invalid(text: &str, why: &str) -> Error {
    let shown: String = text.chars().take(80).collect();
    Error::new(SqlState::InvalidParameterValue, format!("invalid hostname {shown:?}"))
        .detail(why)
        .hint("Use a name such as \"shop.example.com\", without scheme, port or path.")
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_host() {
        for (given, canonical) in [
            ("acme.example.com", "acme.example.com"),
            ("ACME.Example.COM.", "acme.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("localhost", "localhost"),
            ("\u{ff41}cme\u{3002}example", "acme.example"),
            ("ac\u{ad}me.example", "acme.example"),
            ("\u{430}cme.example", "xn--cme-5cd.example"),
            ("1a.example.com", "1a.example.com"),
        ] {
            assert_eq!(Hostname::parse(given).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn what_is_not_a_hostname_is_refused_with_22023() {
        let label = format!("{}.example.com", "a".repeat(64));
        let long = vec!["a".repeat(60); 5].join(".");
        for given in [
            "",
            ".",
            "..",
            "a..b",
            ".a",
            "a.b..",
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "::1",
            "a.com:443",
            "a.com/x",
            "https://a.com",
            "u@a.com",
            "*.a.com",
            "%.a.com",
            "_x_.a.com",
            "a b.com",
            "'x'.a.com",
            "a\\b.com",
            "-a.com",
            "a-.com",
            "a.com\0",
            "a.com\n",
            "xn--a.com",
            "xn--",
            "xn--acme-.com",
            "\u{ff11}27.0.0.1",
            "1.2.3.4.",
            "0x7f000001",
            "a\u{ff3f}b.com",
            "a.com\u{3002}\u{3002}",
            "a\u{2028}.com",
            "a\u{202e}.com",
            "\u{0}",
            "a.com\t",
            "a%2ecom",
            "a.com#x",
            "a.com?x",
            "a,b.com",
            &"\u{fc}".repeat(1_000_000),
            &label,
            &long,
        ] {
            let error = Hostname::parse(given).unwrap_err();
            assert_eq!(error.code, SqlState::InvalidParameterValue, "{given:?}");
        }
    }

    #[test]
    fn only_an_authority_may_carry_a_port() {
        assert_eq!(Hostname::from_authority("a.com:8080").unwrap().as_str(), "a.com");
        for given in ["a.com:", "a.com:x", "[::1]:80", "127.0.0.1:80", "u@a.com:80", "a.com:80:90"]
        {
            assert!(Hostname::from_authority(given).is_err(), "{given:?}");
        }
    }

    #[test]
    fn a_base_domain_gives_exactly_one_label() {
        let base = Hostname::parse("shop.example").unwrap();
        let label = |h: &str| Hostname::parse(h).unwrap().strip_base(&base).map(str::to_owned);
        assert_eq!(label("acme.shop.example"), Some("acme".into()));
        assert_eq!(label("shop.example"), None);
        assert_eq!(label("a.b.shop.example"), None);
        assert_eq!(label("acmeshop.example"), None);
    }
}
