//! docs/security.md: its numbers are the code's, and the tests that it names exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every file of the repository's tests and sources.
fn sources(folder: &Path, found: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !["target", "node_modules", "pkg", "corpus", ".git"].iter().any(|name| path.ends_with(name)) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs" || end == "mjs" || end == "py" || end == "sh") {
            found.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

/// A number as the page or a constant writes it: `2^16`, `1 << 16`, `20_000`, `20,000`, `4 << 30`.
fn number(written: &str) -> Option<u128> {
    let plain = written.replace([',', '_'], "");
    let whole = |text: &str| text.trim().parse::<u128>().ok();
    match (plain.split_once('^'), plain.split_once("<<")) {
        (Some((base, power)), _) => whole(base)?.checked_pow(whole(power)?.try_into().ok()?),
        (_, Some((base, shift))) => Some(whole(base)? << whole(shift)?),
        _ => whole(&plain),
    }
}

#[test]
fn limits_are_those_of_the_code() {
    let page = read("docs/security.md");
    let mut compared = 0;
    for row in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, _, limit, place, ..] = cells.as_slice() else { continue };
        let quoted: Vec<&str> = place.split('`').collect();
        let [_, name, " in ", file, ..] = quoted.as_slice() else { continue };
        let source = read(file);
        let declared = source.lines().find_map(|line| line.split_once(&format!("const {name}: ")));
        let value = declared.and_then(|(_, rest)| rest.split_once("= ")?.1.strip_suffix(';'));
        let value = value.unwrap_or_else(|| panic!("{file} has no {name}"));
        assert!(number(limit).is_some() && number(limit) == number(value), "{name}: {limit} and {value}");
        compared += 1;
    }
    assert!(compared > 15, "{compared} limits");
}

#[test]
fn tests_that_the_pages_name_exist() {
    let mut all = String::new();
    for folder in ["src", "tests", "crates", "fuzz", "scripts"] {
        if root().join(folder).is_dir() {
            sources(&root().join(folder), &mut all);
        }
    }
    let mut named = 0;
    for page in ["docs/security.md", "docs/reliability.md"] {
        let Ok(page) = fs::read_to_string(root().join(page)) else { continue };
        let mut at_tests = None;
        for line in page.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if !line.starts_with('|') {
                at_tests = None;
            } else if at_tests.is_none() {
                at_tests = cells.iter().position(|cell| *cell == "test");
            } else if let Some(cell) = at_tests.and_then(|at| cells.get(at)).filter(|cell| cell.contains('`')) {
                for test in cell.split('`').skip(1).step_by(2) {
                    let command = test.strip_prefix("./build.sh ").map(|name| format!("  {name}) run_{name}"));
                    let exists = match &command {
                        Some(command) => read("build.sh").contains(command),
                        None => root().join(test).is_file() || all.contains(test),
                    };
                    assert!(exists, "no test {test:?}");
                    named += 1;
                }
            }
        }
    }
    assert!(named > 20, "{named} tests");
}
