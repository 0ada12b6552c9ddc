//! A model that takes too long or too much memory to load is given up, with a coded error.

use crate::common::{repository, tiny_path, TemporaryFolder};
use crate::program::glossa;

const TEXT: &str = "IL-2 gene expression.";

/// What the program prints to its error output; it must fail as when nothing can be done.
fn refused(model: &str, flags: &[&str]) -> String {
    let output = glossa(&[&["annotate", "--model", model], flags].concat(), TEXT);
    assert_eq!(output.status.code(), Some(1), "{flags:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn a_limit_that_is_passed_between_two_steps_is_told() {
    let given_up = "glossa: load_limit: loading the model is given up: it takes more than";
    assert_eq!(refused(&tiny_path(), &["--load-timeout", "0.000001"]), format!("{given_up} 0.000001 s\n"));
    let large = repository("www/models/cellular").display().to_string();
    assert_eq!(refused(&large, &["--load-memory", "1"]), format!("{given_up} 1 MB of memory\n"));
}

#[test]
fn limits_can_be_lifted_and_must_be_numbers() {
    let output = glossa(&["annotate", "--model", &tiny_path(), "--load-timeout", "0", "--load-memory", "0"], TEXT);
    assert!(output.status.success());
    for value in ["-1", "NaN", "1e300"] {
        let said = refused(&tiny_path(), &[&format!("--load-timeout={value}")]);
        assert!(said.starts_with("glossa: option_invalid: option load-timeout: "), "{said}");
    }
}

/// A pipe that nobody writes to stands for a step that never ends.
#[cfg(unix)]
#[test]
fn a_step_that_never_ends_is_given_up() {
    let folder = TemporaryFolder::new("never");
    for name in ["manifest.json", "vocab.txt"] {
        folder.write(name, std::fs::read(repository("tests/models/tiny").join(name)).expect("a file"));
    }
    let made = std::process::Command::new("mkfifo").arg(folder.0.join("model.onnx")).status();
    assert!(made.expect("mkfifo").success());
    let said = refused(&folder.0.display().to_string(), &["--load-timeout", "0.3"]);
    assert_eq!(said, "glossa: load_limit: loading the model is given up: it takes more than 0.3 s\n");
}
