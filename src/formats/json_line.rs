//! JSON lines: a JSON object a line, in the formats that are made of them.

mod unique;

use std::io::{self, Write};

use serde::de::IgnoredAny;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use self::unique::UniqueFields;
use super::document::Info;
use super::input::{invalid, Input, Lines};
use super::json_text::on_one_line;
use super::{ReadOptions, Record, Records};
use crate::Error;

/// The fields that a text is taken from if none is named: the first that there is.
pub(super) const TEXT_FIELDS: [&str; 5] = ["text", "abstract", "body", "content", "sentence"];
/// The fields that an id is taken from if none is named: likewise.
pub(super) const ID_FIELDS: [&str; 4] = ["id", "pmid", "_id", "doc_id"];

/// Lines before the first object, after which a file is not taken for JSON lines.
const LINES_BEFORE: usize = 100;

/// Writes a value as a line.
pub(super) fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    writeln!(out, "{}", on_one_line(value)?)
}

/// A JSON object whose keys are all different, with its place for errors. What is taken from it is no longer in it.
#[derive(Debug)]
pub(crate) struct Object {
    fields: Map<String, Value>,
    pub(super) place: String,
}

impl Object {
    /// Reads a line. `place` is its file and line.
    ///
    /// # Errors
    /// `input_invalid`.
    pub(crate) fn parse(line: &str, place: &str) -> Result<Self, Error> {
        match serde_json::from_str(line) {
            Ok(UniqueFields(fields)) => Ok(Object { fields, place: place.to_string() }),
            Err(error) => {
                // Its line is always 1.
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                let reason = if error.is_data() {
                    message.to_string()
                } else {
                    let half = "; escapes such as \\ud83d are half a character, and stand in pairs";
                    let hint = if message.contains("hex escape") { half } else { "" };
                    format!("it is not valid JSON: {message} at column {}{hint}", error.column())
                };
                Err(invalid(place, reason))
            }
        }
    }

    /// An error of this object.
    pub(crate) fn invalid(&self, reason: impl Into<String>) -> Error {
        invalid(&self.place, reason)
    }

    /// Whether it has a field that is not null.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|value| !value.is_null())
    }

    /// Takes a field out; `None` if there is none, or null.
    pub(crate) fn take(&mut self, field: &str) -> Option<Value> {
        self.fields.remove(field).filter(|value| !value.is_null())
    }

    /// Takes the text.
    ///
    /// # Errors
    /// `input_invalid` if there is none, or it is not a string.
    pub(crate) fn text(&mut self, options: &ReadOptions) -> Result<String, Error> {
        let usual = || TEXT_FIELDS.into_iter().find(|field| self.has(field)).unwrap_or(TEXT_FIELDS[0]);
        let field = options.text_field.as_deref().unwrap_or_else(usual).to_string();
        match self.fields.remove(&field) {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.invalid(format!("its {field:?} is {}, not a string", kind(&other)))),
            None if self.has("error") => Err(self.invalid("it is an error record: this document was not annotated")),
            None => {
                let keys: Vec<&str> = self.fields.keys().take(20).map(String::as_str).collect();
                let has = if keys.is_empty() { "nothing".into() } else { format!("only {}", keys.join(", ")) };
                Err(self.invalid(format!("it has no {field:?}, {has}")))
            }
        }
    }

    /// Takes the id as text, or the object's place if it has none.
    ///
    /// # Errors
    /// `input_invalid` if it is neither a string nor a number.
    pub(crate) fn id(&mut self, options: &ReadOptions) -> Result<String, Error> {
        let is_id = |value: &Value| value.is_string() || value.is_number();
        let has = |field: &&str| self.fields.get(*field).is_some_and(is_id);
        let usual = || ID_FIELDS.into_iter().find(has).unwrap_or(ID_FIELDS[0]);
        let field = options.id_field.as_deref().unwrap_or_else(usual).to_string();
        match self.take(&field) {
            None => Ok(self.place.clone()),
            Some(Value::String(id)) => Ok(id),
            Some(Value::Number(id)) => Ok(id.to_string()),
            Some(other) => Err(self.invalid(format!("its {field:?} is {}, not a string or number", kind(&other)))),
        }
    }

    /// All that is left, as [`to_info`] has it.
    pub(super) fn into_info(self) -> Info {
        to_info(self.fields)
    }
}

/// Fields as information: strings as they are, other values as JSON, without those that are null.
pub(super) fn to_info(fields: Map<String, Value>) -> Info {
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    fields.into_iter().filter(|(_, value)| !value.is_null()).map(|(key, value)| (key, text(value))).collect()
}

/// A number as short as it is: as a `f64` it would have digits that say nothing.
pub(super) fn short_number(value: f32) -> Value {
    value.to_string().parse::<f64>().ok().and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

/// What a JSON value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The beginning of a value as JSON, for errors.
pub(super) fn shown(value: &Value) -> String {
    let json = value.to_string();
    match json.char_indices().nth(100) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json,
    }
}

/// The objects of a file of JSON lines, one at a time, blank lines passed over. What is no object is an error in its place. A
/// file without any, or that is one JSON value over several lines, is an error of the file.
pub(super) struct Objects<'r> {
    lines: Lines<'r>,
    /// Lines that have been read to see what the file is.
    ahead: std::vec::IntoIter<(usize, Result<String, Error>)>,
    looked: bool,
    ended: bool,
}

impl<'r> Objects<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        Objects { lines: input.into_lines(), ahead: Vec::new().into_iter(), looked: false, ended: false }
    }

    fn next_line(&mut self) -> Option<(usize, Result<String, Error>)> {
        let is_blank = |line: &Result<String, Error>| line.as_ref().is_ok_and(|line| line.trim().is_empty());
        self.ahead.by_ref().chain(&mut self.lines).find(|(_, line)| !is_blank(line))
    }

    /// Reads up to the first object; why the file has none is the error.
    fn look(&mut self) -> Result<(), Error> {
        let Some((number, first)) = self.next_line() else { return Ok(()) };
        let one_value = "it is one JSON value; JSON lines are an object {\"id\", \"text\"} a line";
        let mut ahead = vec![(number, first)];
        if let Some(line) = ahead[0].1.as_ref().ok().filter(|line| is_incomplete(line)) {
            // Perhaps a value over several lines.
            let mut text = line.clone();
            for (number, line) in self.lines.by_ref() {
                text.push('\n');
                text.push_str(line.as_deref().unwrap_or_default());
                ahead.push((number, line));
            }
            if ahead.len() > 1 && serde_json::from_str::<IgnoredAny>(&text).is_ok() {
                return Err(invalid(self.lines.name(), one_value));
            }
        }
        let is_object =
            |line: &Result<String, Error>| line.as_ref().is_ok_and(|line| line.trim_start().starts_with('{'));
        while ahead.len() < LINES_BEFORE && !ahead.iter().any(|(_, line)| is_object(line)) {
            match self.next_line() {
                Some(line) => ahead.push(line),
                None => break,
            }
        }
        if ahead.iter().any(|(_, line)| is_object(line)) {
            self.ahead = ahead.into_iter();
            return Ok(());
        }
        let what = match &ahead[0].1 {
            Err(error) => return Err(error.clone()),
            Ok(line) if line.trim_start().starts_with(['[']) && serde_json::from_str::<IgnoredAny>(line).is_ok() => {
                one_value
            }
            Ok(_) => "no line of it is a JSON object; to read it as plain text, choose the format text",
        };
        Err(invalid(self.lines.name(), what))
    }
}

/// The records of a file of JSON lines: `record` makes one of an object and its id.
pub(super) fn records<'r>(
    input: Input<'r>,
    options: &ReadOptions,
    record: fn(Object, String, &ReadOptions) -> Result<Record, Error>,
) -> Records<'r> {
    let options = options.clone();
    Box::new(Objects::new(input).map(move |(place, object)| {
        let read = object.and_then(|mut object| Ok((object.id(&options)?, object)));
        let (id, object) = match read {
            Ok(read) => read,
            Err(error) => return Record::failed(place, error),
        };
        let named = Some(id.clone()).filter(|id| *id != place);
        record(object, id, &options).unwrap_or_else(|error| Record { id: named, ..Record::failed(place, error) })
    }))
}

/// Whether a line is the beginning of JSON that goes on.
fn is_incomplete(line: &str) -> bool {
    line.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<IgnoredAny>(line).is_err_and(|error| error.is_eof())
}

impl Iterator for Objects<'_> {
    /// The place, and the object there.
    type Item = (String, Result<Object, Error>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        if !self.looked {
            self.looked = true;
            if let Err(error) = self.look() {
                self.ended = true;
                return Some((self.lines.name().to_string(), Err(error)));
            }
        }
        let (number, line) = self.next_line()?;
        let place = self.lines.place(number);
        let object = line.and_then(|line| Object::parse(&line, &place));
        Some((place, object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_record_is_said() {
        let options = ReadOptions::default();
        let wrong = |line: &str| {
            let read = Object::parse(line, "f:3").and_then(|mut object| {
                object.text(&options)?;
                object.id(&options)
            });
            read.expect_err(line).to_string()
        };
        for (line, expected) in [
            (r#"{"id": 1}"#, "f:3: it has no \"text\", only id"),
            ("{}", "f:3: it has no \"text\", nothing"),
            (r#"{"text": null}"#, "f:3: its \"text\" is null, not a string"),
            (r#"{"text": ["a"]}"#, "f:3: its \"text\" is an array, not a string"),
            (r#"{"text": 7}"#, "f:3: its \"text\" is a number, not a string"),
            (r#"{"abstract": 7}"#, "f:3: its \"abstract\" is a number, not a string"),
            (r#"{"text": "a", "text": "b"}"#, "f:3: it has \"text\" twice"),
            (r#"{"text": "a", "chunks": [{"begin": 1, "begin": 2}]}"#, "f:3: it has \"begin\" twice"),
            (r#"{"text": "a", "id": [1]}"#, "f:3: its \"id\" is an array, not a string or number"),
            (r#"{"id": "a", "error": {"code": "x"}}"#, "f:3: it is an error record: this document was not annotated"),
            ("[1]", "f:3: invalid type: sequence, expected a JSON object"),
            ("\"a\"", "f:3: invalid type: string \"a\", expected a JSON object"),
        ] {
            assert_eq!(wrong(line), expected);
        }
        let deep = format!("{{\"text\": {}", "[".repeat(100_000));
        for line in ["{", "{\"text\": \"a\"} x", "IL-2", r#"{"text": "\ud83d x"}"#, &deep] {
            let message = wrong(line);
            assert!(message.starts_with("f:3: it is not valid JSON: ") && message.contains(" at column "), "{message}");
        }
        assert!(wrong(r#"{"text": "\ud83d x"}"#)
            .ends_with("escapes such as \\ud83d are half a character, and stand in pairs"));
    }

    #[test]
    fn ids_are_strings_numbers_or_places() {
        for (line, id) in [
            (r#"{"id": "a", "text": ""}"#, "a"),
            (r#"{"id": 7, "text": ""}"#, "7"),
            (r#"{"id": null, "text": ""}"#, "f:3"),
            (r#"{"text": ""}"#, "f:3"),
            (r#"{"_id": {"$oid": "1"}, "doc_id": "d", "text": ""}"#, "d"),
        ] {
            let id = Ok(id.to_string());
            assert_eq!(Object::parse(line, "f:3").and_then(|mut object| object.id(&ReadOptions::default())), id);
        }
    }

    #[test]
    fn a_file_of_something_else_is_one_error() {
        let read = |file: &str| -> Vec<String> {
            let input = Input::new(file.as_bytes(), "f", None).expect("UTF-8");
            let said =
                |object: Result<Object, Error>| object.map_or_else(|error| error.to_string(), |object| object.place);
            Objects::new(input).map(|(_, object)| said(object)).collect()
        };
        let one_value = "f: it is one JSON value; JSON lines are an object {\"id\", \"text\"} a line";
        for file in ["[{\"text\": \"a\"}]", "{\n  \"text\": \"a\"\n}\n", "[\n{\"text\": \"a\"\n}]"] {
            assert_eq!(read(file), [one_value], "{file}");
        }
        let prose = "f: no line of it is a JSON object; to read it as plain text, choose the format text";
        for file in ["IL-2 binds.\n\nTax, too.", &"IL-2 binds.\n".repeat(1000)] {
            assert_eq!(read(file), [prose]);
        }
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read(" \n\n"), [""; 0]);
        let mixed = read("IL-2\n\n{\"text\": \"a\"}\n{\n{\"text\": \"b\"}");
        assert_eq!((mixed.len(), &mixed[1], &mixed[3]), (4, &"f:3".to_string(), &"f:5".to_string()));
        assert!(mixed[0].starts_with("f:1: it is not valid JSON") && mixed[2].starts_with("f:4: it is not valid JSON"));
        // A file that was cut off.
        let cut = read("{\"text\": \"a\"}\n{\"text\": \"b");
        assert_eq!(cut[0], "f:1");
        assert!(cut[1].starts_with("f:2: it is not valid JSON: EOF"), "{}", cut[1]);
        assert!(read("{\"text\": \"b")[0].starts_with("f:1: it is not valid JSON: EOF"));
    }
}
