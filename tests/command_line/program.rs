//! Runs the `glossa` binary as a user does.

use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Runs it with these arguments and this input.
pub fn glossa(arguments: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_glossa"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that fails early does not read its input.
    let _ = child.stdin.take().expect("its input").write_all(input.as_ref());
    child.wait_with_output().expect("the program ends")
}
