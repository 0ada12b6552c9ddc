//! JSON lines of doccano, as its projects of sequence labelling import and export them: <https://doccano.github.io/doccano/>.
//! Offsets count code points.
//!
//! The labels of a text are `"label": [[begin, end, entity], …]` (`labels` in older files, or any key), or, in projects with
//! relations, `"entities": [{"id", "label", "start_offset", "end_offset"}, …]` beside `"relations"`. Held are text, id, places,
//! entities, the ids of the second form, and what else a line has, such as `Comments` and relations, which comes out as it came in;
//! numbers in fields of other names come out as strings.

use std::io::{self, Write};

use serde_json::{json, Map, Value};

use super::document::{Document, Mention};
use super::input::Input;
use super::json_line::{self, kind, shown, Object};
use super::losses::{self, Holds};
use super::placing::{place, Unplaced};
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::{WriteFormat, WriteOptions};
use super::{ReadOptions, Record, Records};
use crate::Error;

/// The keys of lists of labels, in the exports of all versions.
const LABEL_FIELDS: [&str; 4] = ["label", "labels", "entities", "annotations"];
/// The key of relations, which tells one form from the other.
const RELATIONS: &str = "relations";

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    json_line::records(input, options, record)
}

fn record(mut object: Object, id: String, options: &ReadOptions) -> Result<Record, Error> {
    let text = object.text(options)?;
    let (mut unplaced, mut problems) = (Vec::new(), Vec::new());
    let mut warnings = Warnings::default();
    for field in LABEL_FIELDS {
        let labels = match object.take(field) {
            None => continue,
            Some(Value::Array(labels)) => labels,
            Some(Value::String(_)) => {
                warnings.add("labels of whole texts, which are not read", 1);
                continue;
            }
            Some(other) => {
                problems.push(object.invalid(format!("its {field:?} is {}, not an array", kind(&other))));
                continue;
            }
        };
        for label in labels {
            if label.is_string() {
                warnings.add("labels of whole texts, which are not read", 1);
                continue;
            }
            match mention(&label, &object.place) {
                Some(mention) => unplaced.push(mention),
                None => problems.push(object.invalid(format!(
                    "{} is neither [begin, end, label] nor an object with label, start_offset and end_offset",
                    shown(&label)
                ))),
            }
        }
    }
    let (mentions, wrong) = place(&TextIndex::new(&text), 0, unplaced, Unit::CodePoint, options.unit);
    problems.extend(wrong);
    let place = object.place.clone();
    let info = object.into_info();
    if let Some(Ok(Value::Array(relations))) = info.get(RELATIONS).map(|relations| serde_json::from_str(relations)) {
        warnings.add("relations, which are kept as they are but not read", relations.len());
    }
    let document = Document { id, text, mentions, info, ..Document::default() };
    Ok(Record { problems, warnings, ..Record::new(place, document) })
}

/// `[begin, end, label]`, or `{"id", "label", "start_offset", "end_offset"}`.
fn mention(label: &Value, place: &str) -> Option<Unplaced> {
    let offset = |value: &Value| value.as_u64().and_then(|at| usize::try_from(at).ok());
    let (begin, end, entity) = match label {
        Value::Array(label) if label.len() >= 3 => (&label[0], &label[1], &label[2]),
        Value::Object(_) => (&label["start_offset"], &label["end_offset"], &label["label"]),
        _ => return None,
    };
    let id = match &label["id"] {
        Value::Number(id) => Some(id.to_string()),
        Value::String(id) => Some(id.clone()),
        _ => None,
    };
    let mention = Mention { entity: entity.as_str()?.to_string(), id, ..Mention::default() };
    Some(Unplaced { place: place.to_string(), spans: vec![(offset(begin)?, offset(end)?)], text: None, mention })
}

pub(super) struct Writer {
    label_field: String,
}

impl Writer {
    pub(super) fn new(options: &WriteOptions) -> Self {
        Writer { label_field: options.label_field.clone().unwrap_or_else(|| LABEL_FIELDS[0].to_string()) }
    }
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        losses::count(document, Holds { info: true, ..Holds::default() }, warnings);
        let index = TextIndex::new(&document.text);
        let pieces = losses::pieces(&index, document, warnings);
        let mut line: Map<String, Value> = Map::new();
        for (key, value) in &document.info {
            line.insert(key.clone(), field(value));
        }
        let mut insert = |line: &mut Map<String, Value>, key: &str, value| {
            let other = line.insert(key.to_string(), value);
            warnings.add("fields named as doccano names its own, which are left out", usize::from(other.is_some()));
        };
        let number = document.id.parse::<u64>().ok().filter(|id| id.to_string() == document.id);
        insert(&mut line, "id", number.map_or_else(|| document.id.clone().into(), Value::from));
        insert(&mut line, "text", document.text.clone().into());
        if line.get(RELATIONS).is_some_and(Value::is_array) {
            let number = |mention: &Mention| mention.id.as_ref().and_then(|id| id.parse::<u64>().ok());
            let mut unused =
                pieces.iter().filter_map(|(mention, ..)| number(mention)).max().map_or(1, |id| id.saturating_add(1));
            let entities = pieces.iter().enumerate().map(|(i, (mention, begin, end))| {
                // Of a mention in pieces, the first has its id.
                let is_first = i == 0 || !std::ptr::eq(pieces[i - 1].0, *mention);
                let id = number(mention).filter(|_| is_first).unwrap_or_else(|| {
                    unused = unused.saturating_add(1);
                    unused - 1
                });
                let (begin, end) = (begin.code_point, end.code_point);
                json!({"id": id, "label": mention.entity, "start_offset": begin, "end_offset": end})
            });
            insert(&mut line, "entities", entities.collect());
        } else {
            let labels =
                pieces.iter().map(|(mention, begin, end)| json!([begin.code_point, end.code_point, mention.entity]));
            insert(&mut line, &self.label_field, labels.collect());
        }
        json_line::write(out, &line)
    }
}

/// A field as it was read: arrays and objects are kept as their JSON.
fn field(value: &str) -> Value {
    let json = value.starts_with(['[', '{']).then(|| serde_json::from_str(value).ok()).flatten();
    json.unwrap_or_else(|| value.into())
}
