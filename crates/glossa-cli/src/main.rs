//! The program `glossa`.

fn main() -> std::process::ExitCode {
    glossa_cli::run()
}
