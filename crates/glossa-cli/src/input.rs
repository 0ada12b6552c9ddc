//! Reads texts and records from files and standard input.

use std::io::{self, Read};
use std::path::Path;

use clap::ValueEnum;
use glossa_ner::Error;
use serde_json::Value;

/// How input files are read.
#[derive(Clone, Copy, Default, PartialEq, ValueEnum)]
pub(crate) enum Input {
    /// JSON lines if the first line is a JSON object with a `text`, otherwise text.
    #[default]
    Auto,
    /// Plain text: each file is a document.
    Text,
    /// JSON lines: each line is a document.
    Jsonl,
}

/// A text to annotate.
pub(crate) struct InputDocument {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// Adds the documents of a file, or of standard input for `-`.
pub(crate) fn read_documents(file: &Path, input: Input, documents: &mut Vec<InputDocument>) -> Result<(), Error> {
    let place = if file == Path::new("-") { "stdin".to_string() } else { file.display().to_string() };
    let text = read_text(file)?;
    let lines = match input {
        Input::Text => false,
        Input::Jsonl => true,
        Input::Auto => {
            let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            serde_json::from_str::<Value>(first).is_ok_and(|value| value["text"].is_string())
        }
    };
    if !lines {
        documents.push(InputDocument { id: place, text });
        return Ok(());
    }
    for (line, place) in numbered_lines(&text, &place) {
        let invalid = |reason: String| Error::InputInvalid { input: place.clone(), reason };
        let record: Value = serde_json::from_str(line).map_err(|error| invalid(error.to_string()))?;
        let text = record["text"].as_str().ok_or_else(|| invalid("it has no \"text\"".into()))?.to_string();
        documents.push(InputDocument { id: record_id(&record, &place), text });
    }
    Ok(())
}

/// The `id` of a JSON record as text, or its place in the file if it has none.
pub(crate) fn record_id(record: &Value, place: &str) -> String {
    match &record["id"] {
        Value::String(id) => id.clone(),
        Value::Null => place.to_string(),
        id => id.to_string(),
    }
}

/// The lines that are not blank, each with its place `file:line`.
pub(crate) fn numbered_lines<'a>(text: &'a str, place: &'a str) -> impl Iterator<Item = (&'a str, String)> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(move |(i, line)| (line, format!("{place}:{}", i + 1)))
}

/// A file's text, or that of standard input for `-`.
pub(crate) fn read_text(file: &Path) -> Result<String, Error> {
    let place = file.display().to_string();
    let mut bytes = Vec::new();
    let done = if file == Path::new("-") {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::FileMissing { file: place }),
        Err(error) => Err(Error::FileUnreadable { file: place, reason: error.to_string() }),
        Ok(_) => String::from_utf8(bytes)
            .map_err(|error| Error::InputInvalid { input: place, reason: format!("it is not UTF-8: {error}") }),
    }
}
