//! JSON lines of Glossa: `{"id", "text", "chunks": [{"begin", "end", "text", "entity", …}], "offsetUnit": "utf-16"}`.
//!
//! They hold all of a [`Document`]: what is read from what was written equals it. A field that says nothing is left out. Chunks
//! that are as `glossa annotate` finds them have `begin`, `end`, `text`, `entity`, `confidence`, `result` and `tokens`; beyond these,
//! `spans` if the mention is in pieces, `id`, `identifier`, `by`, `time` and `info`. A document may have `truncatedFrom`,
//! `precision`, `passages` and `info`.
//!
//! Read are also records of others: the text is the first of the fields [`text`, `abstract`, `body`, `content`, `sentence`] that
//! there is, the id the first of [`id`, `pmid`, `_id`, `doc_id`], or those that the options name. Mentions may come as
//! `"entities": [[begin, end, entity], …]`, which count code points. Fields of other names are information.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::{By, Document, Info, Mention, Passage, Span};
use super::input::Input;
use super::json_line::{self, kind, shown, to_info, Object};
use super::placing::{place, Unplaced};
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::{Failed, WriteFormat};
use super::{ReadOptions, Record, Records};
use crate::{ChunkToken, Error};

/// The unit of all offsets, as the lines say it.
const OFFSET_UNIT: &str = "utf-16";

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    json_line::records(input, options, record)
}

fn record(mut object: Object, id: String, options: &ReadOptions) -> Result<Record, Error> {
    let mut document = Document { id, text: object.text(options)?, ..Document::default() };
    let mut problems = Vec::new();
    let mut warnings = Warnings::default();
    let index = TextIndex::new(&document.text);
    let unit = match object.take("offsetUnit") {
        None => None,
        Some(name) => match Unit::ALL.into_iter().find(|unit| name == unit.name()) {
            Some(unit) => Some(unit),
            None => {
                let reason = format!("its \"offsetUnit\" is {}, not utf-16, code-point or byte", shown(&name));
                return Err(object.invalid(reason));
            }
        },
    };
    let mentions = match object.take("entities") {
        Some(entities) => {
            if let Some(Value::Array(chunks)) = object.take("chunks") {
                warnings.add("chunks beside \"entities\", which are not read", chunks.len());
            }
            let entity = |value| unplaced_entity(value, &object.place, &mut warnings);
            let unplaced = list(&object, "entities", entities, &mut problems, entity);
            place(&index, 0, unplaced, Unit::CodePoint, options.unit)
        }
        None => {
            let chunks = object.take("chunks").unwrap_or(Value::Array(Vec::new()));
            let unplaced = list(&object, "chunks", chunks, &mut problems, |chunk| unplaced_chunk(chunk, &object.place));
            let unit = options.unit.or(unit);
            let (mut mentions, mut wrong) = place(&index, 0, unplaced, Unit::Utf16, unit);
            for mention in &mut mentions {
                let placed = place_tokens(&index, unit.unwrap_or(Unit::Utf16), mention);
                wrong.extend(placed.err().map(|reason| object.invalid(reason)));
            }
            (mentions, wrong)
        }
    };
    problems.extend(mentions.1);
    let passages = object.take("passages").unwrap_or(Value::Array(Vec::new()));
    for passage in list(&object, "passages", passages, &mut problems, passage) {
        let last = document.passages.last().map_or(0, |last: &Passage| last.end);
        if passage.begin < last || index.slice(Unit::Utf16, passage.begin, passage.end).is_none() {
            let (begin, end) = (passage.begin, passage.end);
            let reason =
                format!("its passage from {begin} to {end} is no place in its text, or not behind the one before");
            problems.push(object.invalid(reason));
        } else {
            document.passages.push(passage);
        }
    }
    document.mentions = mentions.0;
    document.truncated_from = match object.take("truncatedFrom") {
        None => None,
        Some(from) => match offset(&from) {
            Some(from) => Some(from),
            None => return Err(object.invalid(format!("its \"truncatedFrom\" is {}, not an offset", kind(&from)))),
        },
    };
    document.precision = match object.take("precision") {
        None => None,
        Some(Value::String(precision)) => Some(precision),
        Some(other) => return Err(object.invalid(format!("its \"precision\" is {}, not a string", kind(&other)))),
    };
    let info = object.take("info");
    let place = object.place.clone();
    document.info = object.into_info();
    document.info.extend(info.map(info_of).unwrap_or_default());
    Ok(Record { problems, warnings, ..Record::new(place, document) })
}

/// The values of a list, without those that are wrong.
fn list<T>(
    object: &Object,
    field: &str,
    values: Value,
    problems: &mut Vec<Error>,
    mut read: impl FnMut(Value) -> Result<T, String>,
) -> Vec<T> {
    let Value::Array(values) = values else {
        problems.push(object.invalid(format!("its {field:?} are {}, not an array", kind(&values))));
        return Vec::new();
    };
    let mut list = Vec::new();
    for value in values {
        match read(value) {
            Ok(value) => list.push(value),
            Err(reason) => problems.push(object.invalid(reason)),
        }
    }
    list
}

fn offset(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|at| usize::try_from(at).ok())
}

/// `[begin, end, entity]`.
fn unplaced_entity(value: Value, place: &str, warnings: &mut Warnings) -> Result<Unplaced, String> {
    let (Some(begin), Some(end), Some(entity)) = (offset(&value[0]), offset(&value[1]), value[2].as_str()) else {
        return Err(format!("{} is not a valid [begin, end, entity] in code points", shown(&value)));
    };
    let further = value.as_array().map_or(0, |values| values.len().saturating_sub(3));
    warnings.add("values behind [begin, end, entity], which are not read", further);
    let mention = Mention { entity: entity.to_string(), ..Mention::default() };
    Ok(Unplaced { place: place.to_string(), spans: vec![(begin, end)], text: None, mention })
}

/// `{"begin", "end", "entity", …}`.
fn unplaced_chunk(value: Value, place: &str) -> Result<Unplaced, String> {
    let (Some(begin), Some(end), Some(_)) = (offset(&value["begin"]), offset(&value["end"]), value["entity"].as_str())
    else {
        return Err(format!("{} is not a chunk with begin, end and entity", shown(&value)));
    };
    let wrong = |field: &str| format!("{} has a {field:?} that is none", shown(&value));
    let spans = match &value["spans"] {
        Value::Null => vec![(begin, end)],
        Value::Array(spans) => {
            let span = |span: &Value| Some((offset(&span["begin"])?, offset(&span["end"])?));
            spans.iter().map(span).collect::<Option<Vec<_>>>().ok_or_else(|| wrong("spans"))?
        }
        _ => return Err(wrong("spans")),
    };
    let text = |field: &str| match &value[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong(field)),
    };
    let confidence = match &value["confidence"] {
        Value::Null => None,
        confidence => Some(confidence.as_f64().ok_or_else(|| wrong("confidence"))? as f32),
    };
    let by = match &value["by"] {
        Value::Null => By::default(),
        by => By::deserialize(by).map_err(|_| wrong("by"))?,
    };
    // What others call so is information.
    let tokens: Option<Vec<ChunkToken>> = Vec::deserialize(&value["tokens"]).ok();
    let tokens_known = tokens.is_some().then_some("tokens");
    let mut mention = Mention {
        entity: text("entity")?.unwrap_or_default(),
        confidence,
        result: text("result")?,
        tokens: tokens.unwrap_or_default(),
        id: text("id")?,
        identifier: text("identifier")?,
        by,
        time: text("time")?,
        ..Mention::default()
    };
    let text = text("text")?;
    let Value::Object(mut fields) = value else { return Err("a chunk is no object".to_string()) };
    let info = fields.remove("info");
    let known = ["begin", "end", "text", "entity", "confidence", "result", "spans", "id", "identifier", "by", "time"];
    known.into_iter().chain(tokens_known).for_each(|field| drop(fields.remove(field)));
    mention.info = to_info(fields);
    mention.info.extend(info.map(info_of).unwrap_or_default());
    // Without a text, an empty place is as good as another.
    let text = text.or_else(|| (begin == end).then(String::new));
    Ok(Unplaced { place: place.to_string(), spans, text, mention })
}

/// Finds the places of a mention's tokens, which are still as the file has them. If one is none, the mention has no tokens.
fn place_tokens(index: &TextIndex<'_>, unit: Unit, mention: &mut Mention) -> Result<(), String> {
    let mut tokens = std::mem::take(&mut mention.tokens);
    for ChunkToken { begin, end, .. } in &mut tokens {
        if index.slice(unit, *begin, *end).is_none() {
            return Err(format!("its token from {begin} to {end} is no place in its text, in {}", unit.words()));
        }
        for offset in [begin, end] {
            *offset = index.at(unit, *offset).map_or(*offset, |place| place.utf16);
        }
    }
    mention.tokens = tokens;
    Ok(())
}

fn passage(value: Value) -> Result<Passage, String> {
    let (Some(begin), Some(end)) = (offset(&value["begin"]), offset(&value["end"])) else {
        return Err(format!("{} is not a passage with begin and end", shown(&value)));
    };
    let kind = value["kind"].as_str().unwrap_or_default().to_string();
    let offset = value["offset"].as_u64();
    let Value::Object(mut fields) = value else { return Err("a passage is no object".to_string()) };
    let info = fields.remove("info");
    ["begin", "end", "kind", "offset"].iter().for_each(|field| drop(fields.remove(*field)));
    let mut all = to_info(fields);
    all.extend(info.map(info_of).unwrap_or_default());
    Ok(Passage { begin, end, kind, offset, info: all })
}

/// The values of the field `info`; one that is no object is itself a value.
fn info_of(value: Value) -> Info {
    match value {
        Value::Object(fields) => to_info(fields),
        other => to_info(std::iter::once(("info".to_string(), other)).collect()),
    }
}

pub(super) struct Writer;

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, _: &mut Warnings) -> io::Result<()> {
        let Document { id, text, passages, mentions, info, truncated_from, precision } = document;
        json_line::write(
            out,
            &Line {
                id,
                text,
                chunks: mentions.iter().map(Chunk::of).collect(),
                offset_unit: OFFSET_UNIT,
                truncated_from: *truncated_from,
                precision: precision.as_deref(),
                passages: passages.iter().map(Part::of).collect(),
                info,
            },
        )
    }

    fn failure(
        &mut self,
        out: &mut dyn Write,
        Failed { id, text, error }: Failed<'_>,
        _: &mut Warnings,
    ) -> io::Result<()> {
        let reason = FailureReason { code: error.code(), message: &error.to_string() };
        json_line::write(out, &Failure { id, text, error: reason })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'d> {
    id: &'d str,
    text: &'d str,
    chunks: Vec<Chunk<'d>>,
    offset_unit: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated_from: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    precision: Option<&'d str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    passages: Vec<Part<'d>>,
    #[serde(skip_serializing_if = "Info::is_empty")]
    info: &'d Info,
}

#[derive(Serialize)]
struct Chunk<'d> {
    begin: usize,
    end: usize,
    text: &'d str,
    entity: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'d str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tokens: &'d [ChunkToken],
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<&'d [Span]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'d By>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'d str>,
    #[serde(skip_serializing_if = "Info::is_empty")]
    info: &'d Info,
}

impl<'d> Chunk<'d> {
    fn of(mention: &'d Mention) -> Self {
        Chunk {
            begin: mention.begin(),
            end: mention.end(),
            text: &mention.text,
            entity: &mention.entity,
            confidence: mention.confidence,
            result: mention.result.as_deref(),
            tokens: &mention.tokens,
            spans: Some(&mention.spans[..]).filter(|spans| spans.len() != 1),
            id: mention.id.as_deref(),
            identifier: mention.identifier.as_deref(),
            by: Some(&mention.by).filter(|by| **by != By::default()),
            time: mention.time.as_deref(),
            info: &mention.info,
        }
    }
}

#[derive(Serialize)]
struct Part<'d> {
    begin: usize,
    end: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    kind: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Info::is_empty")]
    info: &'d Info,
}

impl<'d> Part<'d> {
    fn of(passage: &'d Passage) -> Self {
        let Passage { begin, end, kind, offset, info } = passage;
        Part { begin: *begin, end: *end, kind, offset: *offset, info }
    }
}

/// A document that failed.
#[derive(Serialize)]
struct Failure<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    error: FailureReason<'a>,
}

#[derive(Serialize)]
struct FailureReason<'a> {
    code: &'a str,
    message: &'a str,
}
