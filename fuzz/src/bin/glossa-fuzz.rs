//! Runs surfaces outside of libFuzzer.
//!
//! ```sh
//! glossa-fuzz list                      # the surfaces
//! glossa-fuzz run SURFACE [TIMES]       # the tests' executions, or so many times as many
//! glossa-fuzz replay SURFACE FILE...    # on inputs
//! glossa-fuzz seeds SURFACE FOLDER      # writes the inputs that mutation begins with
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use std::{env, fs};

use glossa_fuzz::{run, Surface, SURFACES};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let surface = arguments.get(1).and_then(|name| Surface::named(name));
    match (arguments.as_slice(), surface) {
        (["list"], _) => SURFACES.iter().for_each(|surface| println!("{}", surface.name)),
        (["run", _], Some(surface)) => count(surface, 1),
        (["run", _, times], Some(surface)) => match times.parse() {
            Ok(times) => count(surface, times),
            Err(_) => return usage(),
        },
        (["replay", _, files @ ..], Some(surface)) => {
            for file in files {
                let start = Instant::now();
                run::replay(surface, fs::read(file).unwrap_or_else(|error| panic!("{file}: {error}")));
                println!("{file}: {} ms", start.elapsed().as_millis());
            }
        }
        (["seeds", _, folder], Some(surface)) => {
            fs::create_dir_all(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
            for (number, seed) in surface.seeds().iter().enumerate() {
                let file = Path::new(folder).join(format!("seed-{number:05}"));
                fs::write(&file, seed).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            }
        }
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn count(surface: &'static Surface, times: u64) {
    let start = Instant::now();
    let executions = run::run(surface, 0, times);
    println!("{}: {executions} executions in {:.1} s", surface.name, start.elapsed().as_secs_f64());
}

fn usage() -> ExitCode {
    let names: Vec<&str> = SURFACES.iter().map(|surface| surface.name).collect();
    eprintln!("glossa-fuzz list | run SURFACE [TIMES] | replay SURFACE FILE... | seeds SURFACE FOLDER");
    eprintln!("surfaces: {}", names.join(", "));
    ExitCode::from(2)
}
