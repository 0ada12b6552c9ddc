//! The program `glossa`.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(glossa_ner::command_line::run_from(std::env::args_os()))
}

/// There are neither files nor threads for it.
#[cfg(target_arch = "wasm32")]
fn main() {}
