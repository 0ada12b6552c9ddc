//! Runs a case and compares what it finds with what onnxruntime finds.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::Path;

use glossa_ner::model::Folder;
use glossa_ner::{AnnotateOptions, Annotator, Chunk, Options};
use serde::{Deserialize, Serialize};
use serde_json::{json, Map, Value};

use crate::case::{Case, ExpectedChunk, Run};
use crate::common::TemporaryFolder;

/// Largest difference between two confidences that are called equal.
const TOLERANCE: f32 = 3e-4;
/// Largest difference that other rounding explains where a graph computes in fp16.
const COARSE: f32 = 0.03;
/// The same for int8, whose activations are quantised by other rules: in a model of 32 dimensions a step is large. A softmax
/// that is applied twice makes a difference of 0.4.
const COARSE_INT8: f32 = 0.15;
/// Which share of the chunks of a quantised model may be others: near ties fall to the other side.
const OTHERS: f64 = 0.05;

/// An outcome that may be recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// The same chunks, with confidences within 3e-4.
    Equal,
    /// The same chunks, with confidences within 0.03; of int8, within 0.15.
    SameChunks,
    /// Of a file with weights of 8 bits: at least 95 of 100 chunks are the same.
    NearTies,
    /// Refused when the model was loaded.
    Refused { code: String, message: String },
}

/// Runs it. An error says what is wrong: other chunks, a panic, an error that came only with the text.
pub fn verdict(case: &Case, run: &Run) -> Result<Verdict, String> {
    let folder = TemporaryFolder::new(&format!("{}-{}", case.name, run.name.replace('/', "_")));
    case.unpack(run, &folder.0);
    let tried = catch_unwind(AssertUnwindSafe(|| compare(case, run, &folder.0)));
    tried.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", text.unwrap_or("without a message")))
    })
}

fn compare(case: &Case, run: &Run, folder: &Path) -> Result<Verdict, String> {
    let (options, annotate) = options(&run.args)?;
    // A zip alone in the folder is the model.
    let names: Vec<_> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    let path = match names.as_slice() {
        [file] if file.extension().is_some_and(|extension| extension == "zip") => file,
        _ => folder,
    };
    let annotator = match Folder::open(path).and_then(|folder| Annotator::load(&folder, &options)) {
        Ok(annotator) => annotator,
        Err(error) => {
            let message = error.to_string().replace(&folder.display().to_string(), "MODEL");
            return Ok(Verdict::Refused { code: error.code().to_string(), message });
        }
    };
    let documents = case.documents(run);
    let expected = case.expected(run).ok_or("it runs, and should be refused")?;
    assert_eq!(documents.len(), expected.len(), "documents of {}", run.name);
    let (mut furthest, mut differing, mut all, mut words) = (0.0f32, 0, 0, None);
    for (i, (document, expected)) in documents.iter().zip(expected).enumerate() {
        let found = annotator.annotate(document, &annotate);
        let found = found.map_err(|error| format!("document {i}: {}: {error}", error.code()))?.chunks;
        all += expected.len();
        match distance(&found, expected) {
            Ok(distance) => furthest = furthest.max(distance),
            Err(difference) => {
                differing += difference.missed.max(difference.more);
                words.get_or_insert(format!("document {i}: {}", difference.words));
            }
        }
    }
    if let Some(words) = words {
        let near = run.is_eight_bits() && differing as f64 <= OTHERS * all as f64;
        return if near { Ok(Verdict::NearTies) } else { Err(words) };
    }
    let coarse = if run.is_eight_bits() { COARSE_INT8 } else { COARSE };
    match furthest {
        _ if furthest <= TOLERANCE => Ok(Verdict::Equal),
        _ if furthest <= coarse => Ok(Verdict::SameChunks),
        _ => Err(format!("the same chunks, but a confidence is {furthest} off")),
    }
}

/// How the chunks of a document differ from those expected.
struct Difference {
    missed: usize,
    more: usize,
    words: String,
}

/// The largest difference between confidences, or how the chunks differ.
fn distance(found: &[Chunk], expected: &[ExpectedChunk]) -> Result<f32, Difference> {
    let found_keys: Vec<_> = found.iter().map(|c| (c.begin, c.end, c.text.as_str(), c.entity.as_str())).collect();
    let keys: Vec<_> = expected.iter().map(|c| (c.0, c.1, c.2.as_str(), c.3.as_str())).collect();
    if found_keys != keys {
        let missed: Vec<_> = keys.iter().filter(|key| !found_keys.contains(key)).collect();
        let more: Vec<_> = found_keys.iter().filter(|key| !keys.contains(key)).collect();
        let (some, count) = (|of: &[&(usize, usize, &str, &str)]| format!("{:?}", of.first()), keys.len());
        let words = format!(
            "of {count} chunks it misses {} ({}) and finds {} others ({})",
            missed.len(),
            some(&missed),
            more.len(),
            some(&more)
        );
        return Err(Difference { missed: missed.len(), more: more.len(), words });
    }
    let confidence = |chunk: &Chunk| chunk.confidence.unwrap_or(f32::NAN);
    // NaN is no distance at all, so it must not be lost in `max`.
    let distances = found.iter().zip(expected).map(|(chunk, expected)| (confidence(chunk) - expected.4).abs());
    Ok(distances.fold(0.0, |a, b| if b.is_nan() { f32::INFINITY } else { a.max(b) }))
}

/// The options that flags of `glossa annotate` stand for.
fn options(args: &[String]) -> Result<(Options, AnnotateOptions), String> {
    let (mut load, mut annotate) = (Map::new(), Map::new());
    for pair in args.chunks(2) {
        let [flag, text] = pair else { return Err(format!("{pair:?} is no flag and value")) };
        if flag == "--model" {
            continue;
        }
        let name = camel_case(flag.trim_start_matches("--"));
        let value: Value = serde_json::from_str(text).unwrap_or_else(|_| text.clone().into());
        // A flag that is repeated stands for a list, whose option's name is the plural.
        let plural = name.strip_suffix('y').map_or_else(|| format!("{name}s"), |stem| format!("{stem}ies"));
        let old = load.get(&plural).or(annotate.get(&plural)).and_then(Value::as_array);
        let list: Vec<Value> = old.into_iter().flatten().cloned().chain([text.clone().into()]).collect();
        if takes::<Options>(&name, &value) {
            load.insert(name, value);
        } else if takes::<AnnotateOptions>(&name, &value) {
            annotate.insert(name, value);
        } else if takes::<Options>(&plural, &list.clone().into()) {
            load.insert(plural, list.into());
        } else if takes::<AnnotateOptions>(&plural, &list.clone().into()) {
            annotate.insert(plural, list.into());
        } else {
            return Err(format!("no option takes {flag} {text}"));
        }
    }
    let wrong = |error: serde_json::Error| error.to_string();
    Ok((serde_json::from_value(load.into()).map_err(wrong)?, serde_json::from_value(annotate.into()).map_err(wrong)?))
}

fn takes<T: for<'d> Deserialize<'d>>(name: &str, value: &Value) -> bool {
    serde_json::from_value::<T>(json!({ name: value })).is_ok()
}

fn camel_case(kebab: &str) -> String {
    let mut words = kebab.split('-');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}
