//! Records: the JSON objects of JSON lines.

use std::fmt;

use glossa_ner::Error;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON object whose keys are all different, with its place for errors.
pub(crate) struct Record {
    fields: Map<String, Value>,
    place: String,
}

impl Record {
    /// Reads a line. `place` is its file and line.
    ///
    /// # Errors
    /// `input_invalid`.
    pub(crate) fn parse(line: &str, place: &str) -> Result<Self, Error> {
        match serde_json::from_str(line) {
            Ok(UniqueFields(fields)) => Ok(Record { fields, place: place.to_string() }),
            Err(error) => {
                // Its line is always 1.
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                let reason = if error.is_data() {
                    message.to_string()
                } else {
                    format!("it is not valid JSON: {message} at column {}", error.column())
                };
                Err(Error::InputInvalid { input: place.to_string(), reason })
            }
        }
    }

    /// An error of this record.
    pub(crate) fn invalid(&self, reason: impl Into<String>) -> Error {
        Error::InputInvalid { input: self.place.clone(), reason: reason.into() }
    }

    pub(crate) fn get(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// The `text`.
    ///
    /// # Errors
    /// `input_invalid` if there is none, or it is not a string.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        match self.fields.get("text") {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(self.invalid(format!("its \"text\" is {}, not a string", kind(other)))),
            None if self.get("error").is_some() => {
                Err(self.invalid("it is an error record: this document was not annotated"))
            }
            None => {
                let keys: Vec<&str> = self.fields.keys().map(String::as_str).collect();
                let has = if keys.is_empty() { "nothing".into() } else { format!("only {}", keys.join(", ")) };
                Err(self.invalid(format!("it has no \"text\", {has}")))
            }
        }
    }

    /// The `id` as text, or the record's place if it has none.
    ///
    /// # Errors
    /// `input_invalid` if it is neither a string nor a number.
    pub(crate) fn id(&self) -> Result<String, Error> {
        match self.get("id") {
            None => Ok(self.place.clone()),
            Some(Value::String(id)) => Ok(id.clone()),
            Some(Value::Number(id)) => Ok(id.to_string()),
            Some(other) => Err(self.invalid(format!("its \"id\" is {}, not a string or number", kind(other)))),
        }
    }
}

/// What a JSON value is, in words.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// An object in which a key that stands twice is an error: which of the two counts, nobody can tell.
struct UniqueFields(Map<String, Value>);

impl<'de> Deserialize<'de> for UniqueFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = UniqueFields;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<UniqueFields, A::Error> {
                let mut fields = Map::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if fields.contains_key(&key) {
                        return Err(A::Error::custom(format!("it has {key:?} twice")));
                    }
                    fields.insert(key, value);
                }
                Ok(UniqueFields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_record_is_said() {
        let wrong = |line: &str| {
            let read = Record::parse(line, "f:3").and_then(|record| {
                record.text()?;
                record.id()
            });
            read.expect_err(line).to_string()
        };
        for (line, expected) in [
            (r#"{"id": 1}"#, "f:3: it has no \"text\", only id"),
            ("{}", "f:3: it has no \"text\", nothing"),
            (r#"{"text": null}"#, "f:3: its \"text\" is null, not a string"),
            (r#"{"text": ["a"]}"#, "f:3: its \"text\" is an array, not a string"),
            (r#"{"text": 7}"#, "f:3: its \"text\" is a number, not a string"),
            (r#"{"text": "a", "text": "b"}"#, "f:3: it has \"text\" twice"),
            (r#"{"text": "a", "id": [1]}"#, "f:3: its \"id\" is an array, not a string or number"),
            (r#"{"id": "a", "error": {"code": "x"}}"#, "f:3: it is an error record: this document was not annotated"),
            ("[1]", "f:3: invalid type: sequence, expected a JSON object"),
            ("\"a\"", "f:3: invalid type: string \"a\", expected a JSON object"),
        ] {
            assert_eq!(wrong(line), expected);
        }
        for line in ["{", "{\"text\": \"a\"} x", "IL-2", r#"{"text": "\ud83d x"}"#] {
            let message = wrong(line);
            assert!(message.starts_with("f:3: it is not valid JSON: ") && message.contains(" at column "), "{message}");
        }
    }

    #[test]
    fn ids_are_strings_numbers_or_places() {
        for (line, id) in [
            (r#"{"id": "a", "text": ""}"#, "a"),
            (r#"{"id": 7, "text": ""}"#, "7"),
            (r#"{"id": null, "text": ""}"#, "f:3"),
            (r#"{"text": ""}"#, "f:3"),
        ] {
            assert_eq!(Record::parse(line, "f:3").and_then(|record| record.id()), Ok(id.to_string()));
        }
    }
}
