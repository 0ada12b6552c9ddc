//! From an object to a document.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::values::{info_of, words};
use super::{ANNOTATOR, BY, IDENTIFIER, RESULT, SCORE, TIME};
use crate::formats::document::{By, Document, Info, Mention, Passage, Who};
use crate::formats::input::invalid;
use crate::formats::placing::{place, Unplaced};
use crate::formats::text_index::{TextIndex, Unit};
use crate::formats::warnings::Warnings;
use crate::formats::Record;
use crate::Error;

/// The last part of an address, which names a document where nothing else does.
pub(super) fn end_of_target(target: &str) -> &str {
    target.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

/// The record of an object; `number` names a document without a name.
pub(super) fn record(at: String, value: Result<Value, Error>, number: usize, unit: Option<Unit>) -> Record {
    let value = match value {
        Ok(value) => value,
        Err(error) => return Record::failed(at, error),
    };
    let Value::Object(mut members) = value else {
        let error = invalid(&at, "a document is an object with the member \"text\"");
        return Record::failed(at, error);
    };
    let Some(Value::String(text)) = members.remove("text") else {
        let error = invalid(&at, "the member \"text\" is missing, or no text");
        return Record { id: Some(id_of(&mut members, number)), ..Record::failed(at, error) };
    };
    let mut reader = Reader { at, mentions: Vec::new(), problems: Vec::new(), warnings: Warnings::default() };
    let blocks = reader.take_annotations(&mut members, None);
    for track in reader.list(&mut members, "tracks") {
        if let Value::Object(mut track) = track {
            let project = track.remove("project").as_ref().and_then(Value::as_str).map(str::to_string);
            let ignored = reader.take_annotations(&mut track, project).len();
            reader.warnings.add("blocks of tracks, which are not read", ignored);
        }
    }
    let id = id_of(&mut members, number);
    let Reader { at, mentions, mut problems, mut warnings } = reader;
    let index = TextIndex::new(&text);
    let (mentions, mut misplaced) = place(&index, 0, mentions, Unit::CodePoint, unit);
    problems.append(&mut misplaced);
    let passages = passages(&index, blocks, unit, &mut problems, &mut warnings);
    let info = members.iter().map(|(key, value)| (key.clone(), info_of(value))).collect();
    let document = Document { id, text, passages, mentions, info, ..Document::default() };
    Record { problems, warnings, ..Record::new(at, document) }
}

/// The document's name: `sourceid`, with `divid` behind a `-` if the source is in parts; `id`; or the end of `target`.
fn id_of(members: &mut Map<String, Value>, number: usize) -> String {
    for key in ["sourceid", "id"] {
        if let Some(id) = members.get(key).and_then(words) {
            members.remove(key);
            return match members.get("divid").and_then(words) {
                Some(part) => format!("{id}-{part}"),
                None => id,
            };
        }
    }
    let target = members.get("target").and_then(Value::as_str).map(end_of_target).filter(|end| !end.is_empty());
    target.map_or_else(|| number.to_string(), str::to_string)
}

/// Passages in order; those that begin within another cannot be kept.
fn passages(
    index: &TextIndex<'_>,
    blocks: Vec<Unplaced>,
    unit: Option<Unit>,
    problems: &mut Vec<Error>,
    warnings: &mut Warnings,
) -> Vec<Passage> {
    let (mut blocks, mut misplaced) = place(index, 0, blocks, Unit::CodePoint, unit);
    problems.append(&mut misplaced);
    blocks.sort_by_key(|block| (block.begin(), std::cmp::Reverse(block.end())));
    let mut passages: Vec<Passage> = Vec::new();
    for block in blocks {
        if passages.last().is_some_and(|last| last.end > block.begin()) {
            warnings.add("blocks within others, which are not read", 1);
            continue;
        }
        let (begin, end) = (block.begin(), block.end());
        passages.push(Passage { begin, end, kind: block.entity, offset: None, info: block.info });
    }
    passages
}

struct Reader {
    at: String,
    mentions: Vec<Unplaced>,
    problems: Vec<Error>,
    warnings: Warnings,
}

impl Reader {
    /// A member that is a list, or none.
    fn list(&mut self, members: &mut Map<String, Value>, key: &str) -> Vec<Value> {
        match members.remove(key) {
            Some(Value::Array(list)) => list,
            None | Some(Value::Null) => Vec::new(),
            Some(_) => {
                self.problems.push(invalid(&self.at, format!("the member {key:?} is no list")));
                Vec::new()
            }
        }
    }

    /// Reads denotations with their attributes into `self`, and gives the blocks.
    fn take_annotations(&mut self, members: &mut Map<String, Value>, project: Option<String>) -> Vec<Unplaced> {
        let by = By { who: Who::File, name: project };
        let mut denotations = self.annotations(members, "denotations", &by);
        let mut blocks = self.annotations(members, "blocks", &By::default());
        let mut by_id: HashMap<String, (bool, usize)> = HashMap::new();
        for (is_block, list) in [(false, &denotations), (true, &blocks)] {
            for (at, annotation) in list.iter().enumerate() {
                let Some(id) = annotation.mention.id.clone() else { continue };
                match by_id.entry(id) {
                    Entry::Vacant(free) => _ = free.insert((is_block, at)),
                    Entry::Occupied(used) => {
                        let reason = format!("the id {:?} stands twice; attributes go to the first", used.key());
                        self.problems.push(invalid(&annotation.place, reason));
                    }
                }
            }
        }
        for (number, attribute) in self.list(members, "attributes").into_iter().enumerate() {
            let word = |key: &str| attribute.get(key).and_then(Value::as_str);
            let (Some(of), Some(name), Some(value)) = (word("subj"), word("pred"), attribute.get("obj")) else {
                let reason = "an attribute is an object with \"subj\", \"pred\" and \"obj\"";
                self.problems.push(invalid(&self.place("attributes", number), reason));
                continue;
            };
            let found = match by_id.get(of) {
                Some((true, at)) => &mut blocks[*at].mention,
                Some((false, at)) => &mut denotations[*at].mention,
                None => {
                    self.warnings.add("attributes of what is not read", 1);
                    continue;
                }
            };
            if !set(found, name, value) {
                self.warnings.add("second attributes of a name, which are not read", 1);
            }
        }
        for (key, what) in
            [("relations", "relations, which are not read"), ("modifications", "modifications, which are not read")]
        {
            let count = self.list(members, key).len();
            self.warnings.add(what, count);
        }
        self.mentions.append(&mut denotations);
        blocks
    }

    fn place(&self, key: &str, number: usize) -> String {
        format!("{}, {key}[{number}]", self.at)
    }

    fn annotations(&mut self, members: &mut Map<String, Value>, key: &str, by: &By) -> Vec<Unplaced> {
        let list = self.list(members, key);
        let mut read = Vec::with_capacity(list.len());
        for (number, value) in list.into_iter().enumerate() {
            let place = self.place(key, number);
            let Some(spans) = value.get("span").and_then(spans_of) else {
                let reason = "its \"span\" has no \"begin\" and \"end\", which are offsets of the text";
                self.problems.push(invalid(&place, reason));
                continue;
            };
            let entity = match value.get("obj") {
                Some(Value::String(entity)) => entity.clone(),
                Some(Value::Null) | None => String::new(),
                Some(other) => other.to_string(),
            };
            let id = value.get("id").and_then(Value::as_str).map(str::to_string);
            let mention = Mention { entity, id, by: by.clone(), ..Mention::default() };
            read.push(Unplaced { place, spans, text: None, mention });
        }
        read
    }
}

/// A span, or a list of the spans of a mention in pieces.
fn spans_of(value: &Value) -> Option<Vec<(usize, usize)>> {
    let span = |value: &Value| {
        let offset = |key: &str| value.get(key)?.as_u64().and_then(|offset| usize::try_from(offset).ok());
        Some((offset("begin")?, offset("end")?))
    };
    match value {
        Value::Array(spans) => spans.iter().map(span).collect(),
        value => Some(vec![span(value)?]),
    }
}

/// Gives a mention an attribute; `false` if it has one of that name.
fn set(mention: &mut Mention, name: &str, value: &Value) -> bool {
    let text = value.as_str().map(str::to_string);
    let field = match (name, &text) {
        (ANNOTATOR, Some(_)) => &mut mention.by.name,
        (TIME, Some(_)) => &mut mention.time,
        (IDENTIFIER, Some(_)) => &mut mention.identifier,
        (RESULT, Some(_)) => &mut mention.result,
        (BY, Some(who)) if Who::of_name(who).is_some() => {
            mention.by.who = Who::of_name(who).unwrap_or_default();
            return true;
        }
        (SCORE, None) if value.is_number() && mention.confidence.is_none() => {
            // Through its digits: a number of 32 bits by way of one of 64 is rounded twice.
            mention.confidence = value.to_string().parse().ok();
            return true;
        }
        _ => return add(&mut mention.info, name, value),
    };
    match field {
        Some(_) => false,
        None => {
            *field = text;
            true
        }
    }
}

fn add(info: &mut Info, name: &str, value: &Value) -> bool {
    let is_new = !info.contains_key(name);
    if is_new {
        info.insert(name.to_string(), info_of(value));
    }
    is_new
}
