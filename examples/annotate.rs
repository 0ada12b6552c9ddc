//! Annotates a text and prints its entities, one a line: `annotate MODEL_FOLDER TEXT`.
//!
//! ```sh
//! cargo run --release --example annotate -- www/models/cellular "IL-2 gene expression requires NF-kappa B."
//! ```

use std::process::ExitCode;

use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Error, Options};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, text] = arguments.as_slice() else {
        eprintln!("usage: annotate MODEL_FOLDER TEXT");
        return ExitCode::from(2);
    };
    match annotate(model, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The code is stable and meant for programs; the message is for people.
            eprintln!("annotate: {} ({})", error, error.code());
            ExitCode::FAILURE
        }
    }
}

fn annotate(model: &str, text: &str) -> Result<(), Error> {
    let annotator = Annotator::load(&Folder::open(model)?, &Options::default())?;
    let options = AnnotateOptions { threshold: Some(0.5), ..AnnotateOptions::default() };
    for chunk in annotator.annotate(text, &options)?.chunks {
        // Offsets are UTF-16 code units, the end exclusive, as JavaScript counts them.
        let confidence = chunk.confidence.map_or("-".into(), |confidence| format!("{confidence:.2}"));
        println!("{}..{}\t{}\t{confidence}\t{}", chunk.begin, chunk.end, chunk.entity, chunk.text);
    }
    Ok(())
}
