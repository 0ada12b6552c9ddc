//! What comes from Python: texts and options.

use glossa_ner::formats::Unit;
use glossa_ner::Error;
use pyo3::prelude::*;
use pyo3::types::PyString;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::error::{input_invalid, option_invalid, raised};

/// Options from the JSON object of those that are set.
///
/// # Errors
/// `option_invalid`, for the first one that has no valid value.
pub(crate) fn options<T: DeserializeOwned>(json: &str) -> PyResult<T> {
    serde_json::from_str(json).map_err(|error| {
        let set: Map<String, Value> = serde_json::from_str(json).unwrap_or_default();
        let wrong = set.into_iter().find_map(|(name, value)| {
            let alone = Value::Object(Map::from_iter([(name.clone(), value)]));
            serde_json::from_value::<T>(alone).err().map(|error| (name, error.to_string()))
        });
        let (name, reason) = wrong.unwrap_or_else(|| ("options".into(), error.to_string()));
        option_invalid(&name, reason)
    })
}

/// The unit of a name.
///
/// # Errors
/// `option_invalid`.
pub(crate) fn unit(option: &str, name: &str) -> PyResult<Unit> {
    Unit::ALL.into_iter().find(|unit| unit.name() == name).ok_or_else(|| {
        let known: Vec<&str> = Unit::ALL.iter().map(|unit| unit.name()).collect();
        option_invalid(option, format!("{name:?} is none of {}", known.join(", ")))
    })
}

/// The text of a `str`.
///
/// # Errors
/// `input_invalid` for any other object, and for lone surrogates, which no text has.
pub(crate) fn text(object: &Bound<'_, PyAny>) -> Result<String, Error> {
    let Ok(string) = object.cast::<PyString>() else {
        let name = object.get_type().name().map_or_else(|_| "object".into(), |name| name.to_string());
        return Err(input_invalid("text", format!("it is of type {name}, not str")));
    };
    string.to_cow().map(std::borrow::Cow::into_owned).map_err(|error| {
        let start = error.value(object.py()).getattr("start").and_then(|start| start.extract::<usize>());
        let place = start.map_or(String::new(), |start| format!(" at code point {start}"));
        let advice = "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace') mends it";
        input_invalid("text", format!("it has a lone surrogate{place}; {advice}"))
    })
}

/// Refuses a text that is longer than the caller allows.
///
/// # Errors
/// `input_invalid`.
pub(crate) fn check_length(text: &str, most: Option<usize>) -> Result<(), Error> {
    let Some(most) = most else { return Ok(()) };
    // No text has more code points than bytes.
    if text.len() <= most {
        return Ok(());
    }
    let length = text.chars().count();
    if length <= most {
        return Ok(());
    }
    let reason =
        format!("it has {length} code points, more than max_characters, which is {most}: cut it, or raise the limit");
    Err(input_invalid("text", reason))
}

/// Number of threads: as asked for, or as many as the machine gives this process.
///
/// # Errors
/// `option_invalid` for 0.
pub(crate) fn threads(asked: Option<usize>) -> PyResult<usize> {
    match asked {
        Some(0) => Err(option_invalid("threads", "0 is not 1 or more")),
        Some(threads) => Ok(threads),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

/// Checks that options are some that the model takes: with others, every text would fail.
///
/// # Errors
/// `option_invalid`.
pub(crate) fn check(annotator: &glossa_ner::Annotator, options: &glossa_ner::AnnotateOptions) -> PyResult<()> {
    annotator.begin("", options).map(drop).map_err(|error| raised(&error))
}
