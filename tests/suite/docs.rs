//! The pages, held to the truth. That on what a tenant can and cannot do: each of its lines names the
//! test that shows it, and the test is there, for which no server is needed.

mod walkthrough;

use std::fs;
use std::path::PathBuf;

use tenancy_tests::cluster::root_dir;

const PAGE: &str = "docs/inside-a-tenant.md";

/// What stands between the backticks of a table row's last cell: `module::file::test`.
fn named_tests(page: &str) -> Vec<(usize, Vec<&str>)> {
    let rows = page.lines().enumerate().filter(|(_, line)| line.starts_with("| "));
    let rows = rows.filter(|(_, line)| !line.starts_with("| what"));
    rows.map(|(number, line)| {
        let cell = line.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        (number + 1, cell.split('`').skip(1).step_by(2).collect())
    })
    .collect()
}

fn exists(test: &str) -> bool {
    let Some((module, name)) = test.rsplit_once("::") else { return false };
    let file: PathBuf = root_dir().join("tests/suite").join(module.replace("::", "/"));
    let source = fs::read_to_string(file.with_extension("rs")).unwrap_or_default();
    source.contains(&format!("fn {name}("))
}

#[test]
fn every_line_of_the_page_is_backed_by_a_test() {
    let page = fs::read_to_string(root_dir().join(PAGE)).unwrap();
    let rows = named_tests(&page);
    assert!(rows.len() > 20, "the page has lost its tables");
    for (number, tests) in rows {
        assert!(!tests.is_empty(), "{PAGE}:{number} names no test");
        for test in tests {
            assert!(exists(test), "{PAGE}:{number} names {test}, which does not exist");
        }
    }
}
