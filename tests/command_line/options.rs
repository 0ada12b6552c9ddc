//! What `glossa options` prints is what the page and the documentation have.

use crate::common::repository;
use crate::program::glossa;

/// `UPDATE=1` writes the files.
#[test]
fn the_page_and_the_documentation_have_the_current_list() {
    for (file, flags) in
        [("www/glossa/options.schema.json", &["options"] as &[&str]), ("docs/options.md", &["options", "--markdown"])]
    {
        let printed = String::from_utf8(glossa(flags, "").stdout).expect("UTF-8");
        let path = repository(file);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &printed).expect("a file");
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == printed, "{file} is stale: run UPDATE=1 cargo test --release --test command_line options");
    }
}
