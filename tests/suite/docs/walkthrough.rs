//! "Your first fleet migration", played as a reader plays it: every file written, every command run in
//! one shell, and what it prints compared with the page.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use tenancy_tests::cluster::{checked, root_dir, target_dir};
use tenancy_tests::login::unique;

const PAGE: &str = "docs/first-fleet-migration.md";
/// Stands before what a command prints.
const MARK: char = '\u{1}';

/// A part of the page that does something.
enum Step<'a> {
    /// A file with this text.
    File(&'a str, String),
    /// A command, and what it prints.
    Command(&'a str, Vec<&'a str>),
}

/// The files and the commands in their order. A file's path stands right before its block.
fn steps(page: &str) -> Vec<Step<'_>> {
    let (mut steps, mut before) = (Vec::new(), "");
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let block = lines.by_ref().take_while(|line| *line != "```");
        match line {
            "```console" => commands(block, &mut steps),
            "```sql" => {
                let path = before.strip_suffix("`:").and_then(|text| text.rsplit('`').next());
                let text = block.map(|line| format!("{line}\n")).collect();
                steps.push(Step::File(path.unwrap(), text));
            }
            "```sh" => block.for_each(drop),
            "" => {}
            text => before = text,
        }
    }
    steps
}

fn commands<'a>(block: impl Iterator<Item = &'a str>, steps: &mut Vec<Step<'a>>) {
    for line in block {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step::Command(command, Vec::new())),
            (None, Some(Step::Command(_, said))) => said.push(line),
            (None, _) => panic!("{line}: no command before it"),
        }
    }
}

/// A script that does all of it. A command finds the status of the one before it in `$?`.
fn script(steps: &[Step<'_>]) -> String {
    let step = |step: &Step<'_>| match step {
        Step::File(path, text) => {
            format!("mkdir -p $(dirname {path}); cat >{path} <<'FILE'\n{text}FILE\n")
        }
        Step::Command(command, _) => {
            format!("printf '{MARK}'; (exit $status)\n{command}\nstatus=$?\n")
        }
    };
    format!("exec 2>&1; status=0\n{}", steps.iter().map(step).collect::<String>())
}

/// Without the times, which are others each time.
fn timeless(line: &str) -> String {
    match line.split_once(" migrated in ") {
        Some((count, rest)) => {
            format!("{count} migrated,{}", rest.split_once(',').map_or("", |(_, rest)| rest))
        }
        None => line.to_owned(),
    }
}

/// The example shop, and a folder to work in.
struct Shop {
    folder: std::path::PathBuf,
}

impl Shop {
    fn up() -> Shop {
        let folder = std::env::temp_dir().join(unique("walk"));
        fs::create_dir(&folder).unwrap();
        let owner = std::process::id().to_string();
        let mut up = Command::new(root_dir().join("scripts/up.sh"));
        checked(up.args(["--owner", &owner, "--env"]).arg(folder.join("env")));
        Shop { folder }
    }

    fn play(&self, script: &str) -> String {
        let tenancy = target_dir().join("debug");
        let start = format!(
            "set -a; . {}; set +a; PATH={}:$PGBIN:$PATH; cd {}\n",
            self.folder.join("env").display(),
            tenancy.display(),
            self.folder.display()
        );
        let mut bash = Command::new("bash");
        let output = bash.args(["-c", &(start + script)]).stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let down = root_dir().join("scripts/down.sh");
        let _ = Command::new(down).arg(self.folder.join("env")).output();
        let _ = fs::remove_dir_all(Path::new(&self.folder));
    }
}

#[test]
fn every_command_of_the_page_prints_what_the_page_says() {
    let page = fs::read_to_string(root_dir().join(PAGE)).unwrap();
    let steps = steps(&page);
    let output = Shop::up().play(&script(&steps));
    let mut printed = output.split(MARK).skip(1);
    let mut count = 0;
    for step in &steps {
        let Step::Command(command, said) = step else { continue };
        let lines = |text: &mut dyn Iterator<Item = &str>| text.map(timeless).collect::<Vec<_>>();
        let seen = lines(&mut printed.next().unwrap().lines());
        assert_eq!(seen, lines(&mut said.iter().copied()), "{command}");
        count += 1;
    }
    assert!(count > 20, "the page has lost its commands");
}
