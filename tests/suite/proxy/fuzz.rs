//! Random messages, said to PostgreSQL itself and through the gateway: both give the same answers, and
//! whatever was said, a client of another tenant gets its own rows on the same server connection. The
//! same seed gives the same conversation. By environment:
//!
//! - `TENANCY_SEED`: the first conversation's; those behind it count up from there (default 1)
//! - `TENANCY_SECONDS`: go on until that many seconds have passed, and at least `FEWEST` times
//!
//! Where a COPY fails, something fails in a transaction that had failed already, or names of statements
//! change in one go with an error, answers differ in known ways; then only the other client is looked at.

use super::site::{BODY, Site, code, rows};
use crate::random_walk::chance::Chance;
use std::time::{Duration, Instant};
use tenancy_tests::wire::{Reply, Request, Wire};

const FEWEST: u64 = 60;
const PATIENCE: Duration = Duration::from_secs(20);
const END: &str = "the end";

const NAMES: [&str; 4] = ["", "a", "b", "tenancy_1"];
const PORTALS: [&str; 2] = ["", "p"];
const TEXTS: [&str; 16] = [
    "SELECT 1",
    "SELECT body FROM note WHERE id = 1",
    "SELECT generate_series(1, 3)",
    "SELECT repeat('x', 20000)",
    "SELECT 1/0",
    "SELEKT",
    "",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "COMMIT AND CHAIN",
    "SAVEPOINT s",
    "COPY note (body) FROM STDIN",
    "COPY note (body) FROM STDIN (FREEZE)",
    "COPY note (id) FROM STDIN",
    "COPY (SELECT generate_series(1, 3)) TO STDOUT",
];
const QUERIES: [&str; 4] = [
    "SELECT 1; SELECT 2",
    "COPY note (body) FROM STDIN; COPY note (body) FROM STDIN",
    "BEGIN; SELECT 1",
    "SELECT 1; SELECT 1/0; SELECT 2",
];
/// version(), which cannot fail: a call that fails between transactions leaves the rest of its pipeline
/// between tenants, where nothing runs.
const VERSION: &str = "\0\0\0\x59\0\0\0\0\0\0";

/// What is said, in words that a person can repeat.
struct Talk {
    bytes: Request,
    words: Vec<String>,
}

impl Talk {
    fn choose(chance: &mut Chance) -> Talk {
        let mut talk = Talk { bytes: Request::new(), words: Vec::new() };
        for _ in 0..=chance.below(14) {
            talk.say(chance);
        }
        for (tag, body) in [
            (b'c', &b""[..]),
            (b'S', b""),
            (b'c', b""),
            (b'S', b""),
            (b'Q', b"ROLLBACK\0"),
            (b'Q', b"SELECT 'the end'\0"),
        ] {
            talk.push(tag, body);
        }
        talk
    }

    fn push(&mut self, tag: u8, body: &[u8]) {
        self.words.push(format!("{}{:?}", char::from(tag), String::from_utf8_lossy(body)));
        self.bytes = std::mem::take(&mut self.bytes).raw(tag, body);
    }

    fn say(&mut self, chance: &mut Chance) {
        let (name, portal) = (chance.pick(&NAMES), chance.pick(&PORTALS));
        let text = chance.pick(&TEXTS);
        let kind = if chance.once_in(2) { ('S', name) } else { ('P', portal) };
        let (tag, body) = match chance.below(17) {
            0 => (b'Q', format!("{}\0", chance.pick(&QUERIES))),
            1 | 2 => (b'Q', format!("{text}\0")),
            3 | 4 => (b'P', format!("{name}\0{text}\0\0\0")),
            5..=7 => (b'B', format!("{portal}\0{name}\0\0\0\0\0\0\0")),
            8 => (b'D', format!("{}{}\0", kind.0, kind.1)),
            9 => (b'C', format!("{}{}\0", kind.0, kind.1)),
            10 | 11 => (b'E', format!("{portal}\0\0\0\0{}", chance.pick(&['\0', '\x01']))),
            12 => (b'S', String::new()),
            13 => (b'H', String::new()),
            14 => (b'd', chance.pick(&["x\n", "no number\t\t\n", "half"]).to_owned()),
            15 => (chance.pick(b"cf"), "\0".to_owned()),
            _ => (b'F', VERSION.to_owned()),
        };
        let body = if tag == b'c' { "" } else { &body };
        self.push(tag, body.as_bytes());
    }
}

/// All answers up to the end of the conversation, or of the connection.
async fn answers(wire: &mut Wire, bytes: Request, said: &mut Vec<String>) -> bool {
    wire.send(bytes).await;
    let mut ends = false;
    while let Some(reply) = wire.next().await {
        match &reply {
            Reply::Parameter(..) | Reply::Notice(_) => continue,
            Reply::Row(row) => ends |= row.first().is_some_and(|v| v.as_deref() == Some(END)),
            _ => {}
        }
        said.push(match &reply {
            Reply::Error(error) => format!("E{}", error.code),
            other => format!("{other:?}"),
        });
        if ends && matches!(reply, Reply::Ready(_)) {
            return true;
        }
    }
    false
}

struct Pair<'a> {
    site: &'a Site,
    direct: Wire,
    through: Wire,
    other: Wire,
}

impl<'a> Pair<'a> {
    async fn new(site: &'a Site) -> Pair<'a> {
        let (direct, through, other) =
            (Self::direct(site).await, site.wire("acme").await, site.wire("globex").await);
        Pair { site, direct, through, other }
    }

    async fn direct(site: &Site) -> Wire {
        let mut wire = Wire::connect(&site.tenants.application).await;
        wire.query("SELECT tenancy.enter('acme')").await.unwrap();
        wire
    }

    /// One conversation; whether its answers were compared.
    async fn talk(&mut self, seed: u64) -> Result<bool, String> {
        let Talk { bytes, words } = Talk::choose(&mut Chance::new(seed));
        let wrong =
            |what: String| Err(format!("{what}\nTENANCY_SEED={seed}\n{}", words.join("\n")));
        let copy = bytes.clone();
        let (mut expected, mut heard) = (Vec::new(), Vec::new());
        let talk = answers(&mut self.direct, bytes, &mut expected);
        let Ok(lives) = tokio::time::timeout(PATIENCE, talk).await else {
            return wrong(format!("PostgreSQL itself says no more than {expected:?}"));
        };
        let talk = answers(&mut self.through, copy, &mut heard);
        let well = tokio::time::timeout(PATIENCE, talk).await == Ok(true);
        let failed = |code: &str| expected.iter().any(|said| said.starts_with(code));
        // Behind an error names are what they were, but what was said in one go with it is under way.
        let named = |word: &String| word.starts_with("C\"S") || word.starts_with("P\"");
        let renamed = words.iter().any(|word| named(word) && !word.starts_with("P\"\\0"));
        let differs = failed("E25P02") || failed("E") && (renamed || failed("Other('G')"));
        let strict = lives && !differs;
        if strict && !(well && heard == expected) {
            return wrong(format!("expected {expected:?}\nheard {heard:?}"));
        }
        if !lives {
            self.direct = Self::direct(self.site).await;
        }
        if !well || !strict {
            // What they have prepared may be no longer the same.
            self.through.send(Request::new().terminate()).await;
            self.through = self.site.wire("acme").await;
            self.direct = Self::direct(self.site).await;
        }
        let asked = tokio::time::timeout(PATIENCE, self.other.ask(Request::new().query(BODY)));
        match asked.await {
            Ok(replies) if code(&replies).is_none() && rows(&replies) == ["globex"] => Ok(strict),
            Ok(replies) => wrong(format!("the other tenant's client heard {replies:?}")),
            Err(_) => wrong("the other tenant's client hears nothing".to_owned()),
        }
    }
}

#[tokio::test]
async fn random_messages_get_the_servers_own_answers_and_disturb_nobody() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let (seed, seconds) = (number("TENANCY_SEED").unwrap_or(1), number("TENANCY_SECONDS"));
    let site = Site::narrow().await;
    let mut pair = Pair::new(&site).await;
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(0));
    let (mut talks, mut compared) = (0, 0);
    while talks < FEWEST || Instant::now() < until {
        match pair.talk(seed + talks).await {
            Ok(strict) => compared += u64::from(strict),
            Err(wrong) => panic!("{wrong}"),
        }
        talks += 1;
    }
    println!("{talks} conversations from seed {seed} on, {compared} compared");
}
