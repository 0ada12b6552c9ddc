//! `bind-wasm INPUT.wasm OUT_DIR`: writes `glossa_bg.wasm` and the JavaScript bindings `glossa.js` for a browser.
//!
//! It does what `wasm-bindgen --target web` does, but compiles in a third of the time, since the command line of
//! wasm-bindgen-cli brings a web server and an HTTP client.

use std::{env, error::Error, path::Path, path::PathBuf, process::ExitCode};

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [input, out_dir] = arguments.as_slice() else {
        eprintln!("usage: bind-wasm INPUT.wasm OUT_DIR");
        return ExitCode::from(2);
    };
    match bind(input, out_dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bind-wasm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bind(input: &Path, out_dir: &Path) -> Result<(), Box<dyn Error>> {
    Bindgen::new().web(true)?.typescript(false).out_name("glossa").input_path(input).generate(out_dir)?;
    Ok(())
}
