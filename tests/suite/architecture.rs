//! The shape of the code base, held by reading its sources: who may import whom, where `unsafe`
//! may stand, what every file starts with. Needs no server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tenancy_tests::cluster::root_dir;

/// A file longer than this wants splitting.
const LONGEST_FILE: usize = 400;

/// Modules of a crate and which others each may import.
type Arrows = &'static [(&'static str, &'static [&'static str])];

const EXTENSION: Arrows = &[
    ("ffi", &[]),
    ("settings", &["ffi"]),
    ("shared", &["ffi"]),
    ("sql", &["ffi"]),
    ("clone", &["ffi", "sql"]),
    ("store", &["clone", "ffi", "settings", "shared", "sql"]),
    ("session", &["ffi", "settings", "shared", "store"]),
    ("catalog", &["ffi", "session", "settings"]),
    ("hooks", &["catalog", "ffi", "session", "settings", "shared"]),
    ("api", &["catalog", "clone", "ffi", "session", "settings", "shared", "store"]),
];

const SIDECAR: Arrows = &[
    ("archive", &[]),
    ("wire", &[]),
    ("auth", &[]),
    ("config", &[]),
    ("control", &[]),
    ("resolve", &[]),
    ("shutdown", &[]),
    ("tls", &[]),
    ("pool", &["wire"]),
    // What can end the process, whichever part it comes from.
    ("fleet", &["archive", "pool", "shutdown", "wire"]),
    ("error", &["config", "control", "fleet", "pool", "tls"]),
    ("telemetry", &["config"]),
    ("admission", &["auth", "control", "resolve"]),
    ("http", &["admission", "pool", "resolve", "wire"]),
    ("proxy", &["admission", "auth", "pool", "resolve", "tls", "wire"]),
    ("admin", &["http", "proxy"]),
    (
        "server",
        &[
            "admin",
            "admission",
            "config",
            "control",
            "error",
            "http",
            "pool",
            "proxy",
            "resolve",
            "shutdown",
            "telemetry",
            "tls",
        ],
    ),
    ("cli", &["config", "error", "fleet", "server", "telemetry"]),
];

#[test]
fn modules_of_the_extension_import_only_along_the_arrows() {
    assert_arrows("extension/src", EXTENSION);
}

#[test]
fn modules_of_the_sidecar_import_only_along_the_arrows() {
    assert_arrows("sidecar/src", SIDECAR);
}

#[test]
fn unsafe_code_stands_only_in_ffi() {
    // The compiler forbids it to the other crates.
    let offenders = sources().filter(|(path, text)| {
        path.starts_with("extension/src")
            && !path.starts_with("extension/src/ffi")
            && has_word(&code(text), "unsafe")
    });
    for root in ["extension/core/src/lib.rs", "sidecar/src/lib.rs", "tests/src/lib.rs"] {
        let text = fs::read_to_string(root_dir().join(root)).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{root} does not forbid unsafe code");
    }
    assert_none("unsafe code outside of extension/src/ffi", offenders);
}

#[test]
fn nothing_is_unwrapped_outside_of_tests() {
    let offenders = sources()
        .filter(|(path, _)| path.iter().all(|part| part != "tests" && part != "tests.rs"))
        .filter(|(_, text)| without_unit_tests(&code(text)).contains(".unwrap()"));
    assert_none("unwrap() outside of tests", offenders);
}

#[test]
fn every_file_says_first_what_it_does() {
    let offenders = sources().filter(|(_, text)| !text.starts_with("//! "));
    assert_none("files that do not start with //!", offenders);
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let offenders = sources().filter(|(_, text)| text.lines().count() > LONGEST_FILE);
    assert_none("files that want splitting", offenders);
}

#[test]
fn imports_are_found_in_every_way_to_write_them() {
    let text = "use crate::wire::Frame;\nuse crate::{\n    pool::{Slot, slot},\n    resolve,\n};\n\
                // crate::comment\nlet x = crate::http::run();\nuse super::super::control::Client;\n\
                use super::sibling;";
    let found = imports(text, 2);
    assert_eq!(
        found,
        BTreeSet::from(["control", "http", "pool", "resolve", "wire"].map(String::from))
    );
}

#[test]
fn every_guard_that_can_be_switched_off_has_a_test_that_misses_it() {
    let mut guards = BTreeSet::new();
    for (_, text) in sources().filter(|(path, _)| path.starts_with("extension")) {
        let calls = text.split("mutant::disabled(").skip(1).map(str::trim_start);
        let names = calls.filter_map(|call| call.strip_prefix('"')?.split('"').next());
        guards.extend(names.map(str::to_owned));
    }
    let list = fs::read_to_string(root_dir().join("tests/mutants.txt")).unwrap();
    let known: Vec<_> = list.lines().filter_map(|line| line.split_once(" -> ")).collect();
    let listed: BTreeSet<_> = known.iter().map(|(guard, _)| (*guard).to_owned()).collect();
    assert_eq!(guards, listed, "scripts/mutants.sh --record finds the tests");
    let tests: String = sources()
        .filter_map(|(path, text)| path.starts_with("tests/suite").then_some(text))
        .collect();
    let missing = known.iter().filter(|(_, test)| {
        let name = test.rsplit("::").next().unwrap_or(test);
        !tests.contains(&format!("fn {name}("))
    });
    assert_eq!(missing.collect::<Vec<_>>(), [&("", ""); 0], "tests that are not there");
}

fn assert_arrows(folder: &str, arrows: Arrows) {
    let mut offences = Vec::new();
    for (path, text) in sources().filter(|(path, _)| path.starts_with(folder)) {
        let inside = path.strip_prefix(folder).unwrap();
        let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if matches!(module, "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = arrows.iter().find(|(name, _)| *name == module) else {
            offences.push(format!("{module} has no row in the table of arrows"));
            continue;
        };
        for import in imports(&text, depth(inside)) {
            let known = arrows.iter().any(|(name, _)| *name == import);
            if known && import != module && !allowed.contains(&import.as_str()) {
                offences.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(offences.is_empty(), "{folder}: {offences:#?}");
}

/// How many `super::` lead from a file to the crate's root.
fn depth(inside: &Path) -> usize {
    let levels = inside.iter().count();
    if inside.ends_with("mod.rs") { levels - 1 } else { levels }
}

/// The crate's modules that a file at this depth names, in `use` lines or in place.
fn imports(text: &str, depth: usize) -> BTreeSet<String> {
    let text = code(text);
    let roots = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut found = BTreeSet::new();
    for root in &roots {
        for (at, _) in text.match_indices(root.as_str()) {
            let longer = text[..at].ends_with("super::");
            if !longer {
                found.extend(first_names(&text[at + root.len()..]));
            }
        }
    }
    found
}

/// The first name of a path, or of each path in a braced group.
fn first_names(path: &str) -> Vec<String> {
    let Some(group) = path.strip_prefix('{') else {
        return vec![name_at(path)];
    };
    let mut names = vec![name_at(group.trim_start())];
    let mut nested = 0;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => nested += 1,
            '}' if nested == 0 => break,
            '}' => nested -= 1,
            ',' if nested == 0 => names.push(name_at(group[at + 1..].trim_start())),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn name_at(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

/// Source without comments. Strings may be cut short: no rule here needs what is in them.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Unit tests stand at the end of their file.
fn without_unit_tests(code: &str) -> &str {
    code.split("\n#[cfg(test)]\n").next().unwrap_or_default()
}

fn has_word(code: &str, word: &str) -> bool {
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(at, _)| {
        !code[..at].ends_with(part_of_word) && !code[at + word.len()..].starts_with(part_of_word)
    })
}

fn assert_none(what: &str, offenders: impl Iterator<Item = (PathBuf, String)>) {
    let paths: Vec<_> = offenders.map(|(path, _)| path).collect();
    assert!(paths.is_empty(), "{what}: {paths:#?}");
}

/// Every Rust file of the workspace: its path in the checkout, and its text.
fn sources() -> impl Iterator<Item = (PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["extension", "sidecar", "tests"] {
        collect(&root_dir().join(folder), &mut found);
    }
    found.into_iter().map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(root_dir()).unwrap().to_owned(), text)
    })
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
