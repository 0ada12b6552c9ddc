//! Measures a model on annotated records by exact spans: `evaluate MODEL_FOLDER RECORDS.jsonl`.
//!
//! A record is a line `{"text": …, "entities": [[begin, end, entity], …]}`, its offsets in code points, the end exclusive.
//! `glossa eval` reads the same records and reports more: scores by entity and by token, and calibration.
//!
//! ```sh
//! cargo run --release --example evaluate -- www/models/cellular examples/records.jsonl
//! ```

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;

use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Options};
use serde_json::Value;

/// An entity of a text: begin and end in UTF-16 code units, and its name.
type Span = (usize, usize, String);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, records] = arguments.as_slice() else {
        eprintln!("usage: evaluate MODEL_FOLDER RECORDS.jsonl");
        return ExitCode::from(2);
    };
    match evaluate(model, records) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evaluate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn evaluate(model: &str, records: &str) -> Result<(), Box<dyn Error>> {
    let annotator = Annotator::load(&Folder::open(model)?, &Options::default())?;
    let (mut correct, mut predicted, mut marked) = (0, 0, 0);
    for line in std::fs::read_to_string(records)?.lines() {
        let (text, gold) = parse_record(line)?;
        let annotation = annotator.annotate(&text, &AnnotateOptions::default())?;
        let found: HashSet<Span> =
            annotation.chunks.into_iter().map(|chunk| (chunk.begin, chunk.end, chunk.entity)).collect();
        correct += found.intersection(&gold).count();
        predicted += found.len();
        marked += gold.len();
    }
    let ratio = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let (precision, recall) = (ratio(correct, predicted), ratio(correct, marked));
    // Harmonic mean of precision and recall.
    let f1 = ratio(2 * correct, predicted + marked);
    println!("precision {precision:.3}  recall {recall:.3}  F1 {f1:.3}  ({correct} of {marked} entities, {predicted} predicted)");
    Ok(())
}

/// The text of a record, and its entities with their offsets converted to UTF-16.
fn parse_record(line: &str) -> Result<(String, HashSet<Span>), Box<dyn Error>> {
    let record: Value = serde_json::from_str(line)?;
    let text = record["text"].as_str().ok_or("a record has no \"text\"")?;
    // Where each code point begins in UTF-16, and where the text ends.
    let mut offsets = vec![0];
    for c in text.chars() {
        offsets.push(offsets[offsets.len() - 1] + c.len_utf16());
    }
    let entities = record["entities"].as_array().ok_or("a record has no \"entities\"")?;
    let span = |entity: &Value| {
        let offset = |i: usize| offsets.get(usize::try_from(entity[i].as_u64()?).ok()?).copied();
        Some((offset(0)?, offset(1)?, entity[2].as_str()?.to_string()))
    };
    let spans = entities.iter().map(|entity| span(entity).ok_or(format!("{entity} is not [begin, end, entity]")));
    Ok((text.to_string(), spans.collect::<Result<_, _>>()?))
}
