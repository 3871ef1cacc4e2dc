//! A public corpus of cross-tenant attacks, when its folder is named by `TENANCY_ATTACK_CORPUS`:
//! none may leak, however connections are pooled and schemas are named. Without the folder these
//! tests say so and do nothing; the attacks that every machine runs are in the other modules.

use std::process::Command;
use std::sync::Mutex;

/// Each run wants both processors.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The classes that PostgreSQL's own privileges hold, without any hook of ours.
const WALL: &str = "^(direct|sequence|routine|trap|xml)";
/// The body of a function is text in a catalog that PostgreSQL shows to everybody.
const BUT_BODIES: &str = "^(direct|sequence|trap|xml|routine-(?!copy-fn-body))";
const HIDE_SOURCES: &str = "SELECT tenancy.hide_sources();";

fn run(pool: &str, schemas: &str, variant: &str, after: &str, arguments: &[&str]) {
    let Ok(folder) = std::env::var("TENANCY_ATTACK_CORPUS") else {
        eprintln!("skipped: TENANCY_ATTACK_CORPUS does not name a folder");
        return;
    };
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/corpus.sh");
    let mut command = Command::new(script);
    command
        .args([&folder, pool, schemas])
        .args(arguments)
        .env("VARIANT", variant)
        .env("AFTER", after);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    eprintln!("{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(matches!(output.status.code(), Some(0 | 77)), "{pool}, {schemas}: {said}");
}

#[test]
fn leave_and_enter_with_readable_schemas() {
    run("leave", "readable", "extension", "", &["-q"]);
}

#[test]
fn leave_and_enter_with_opaque_schemas() {
    run("leave", "opaque", "extension", "", &["-q"]);
}

#[test]
fn switch_with_readable_schemas() {
    run("switch", "readable", "extension", "", &["-q"]);
}

#[test]
fn switch_with_opaque_schemas() {
    run("switch", "opaque", "extension", "", &["-q"]);
}

#[test]
fn the_wall_alone() {
    run("leave", "readable", "extension-without-hooks", "", &["-q", "--only", BUT_BODIES]);
}

#[test]
fn the_wall_alone_with_hidden_sources() {
    run("leave", "readable", "extension-without-hooks", HIDE_SOURCES, &["-q", "--only", WALL]);
}

#[test]
fn switch_with_hidden_sources() {
    run("switch", "opaque", "extension", HIDE_SOURCES, &["-q"]);
}
