//! PubAnnotation's JSON: an object a document, or a list of them, or one a line.
//!
//! Offsets count code points of `text`. It holds text, spans and pieces (a list of spans), entities, and as attributes of a
//! denotation all else of a mention: `score`, `by`, `annotator`, `time`, `identifier`, `result` and [`Mention::info`]. Passages
//! are blocks. `sourcedb`, `sourceid`, `divid`, `project`, `target` and other members are [`Document::info`].

mod documents;
mod values;

use std::io::{self, Write};

use serde_json::{json, Map, Value};

use super::document::{numbered, By, Document, Info, Mention, Passage};
use super::input::Input;
use super::json_line::short_number;
use super::json_text;
use super::losses::{self, Holds};
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::{ReadOptions, Records};
use values::{value_of, words};

/// The attributes that have a field of [`Mention`].
const SCORE: &str = "score";
const BY: &str = "by";
const ANNOTATOR: &str = "annotator";
const TIME: &str = "time";
const IDENTIFIER: &str = "identifier";
const RESULT: &str = "result";

pub(super) fn read<'r>(input: Input<'r>, options: &ReadOptions) -> Records<'r> {
    let unit = options.unit;
    let number = std::cell::Cell::new(0);
    Box::new(values::Values::new(input).map(move |(place, value)| {
        number.set(number.get() + 1);
        documents::record(place, value, number.get(), unit)
    }))
}

/// A list with an object on each line.
#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let before = if self.documents == 0 { "[\n" } else { ",\n" };
        self.documents += 1;
        write!(out, "{before}{}", json_text::on_one_line(&object(document, warnings))?)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", if self.documents == 0 { "[]" } else { "\n]" })
    }
}

fn object(document: &Document, warnings: &mut Warnings) -> Value {
    losses::count(document, Holds { passages: true, info: true, ..Holds::MENTIONS }, warnings);
    let index = TextIndex::new(&document.text);
    let mut object = source(document, warnings);
    object.insert("text".to_string(), document.text.clone().into());
    let mut attributes = Attributes::default();
    let (mut blocks, mut denotations) = (Vec::new(), Vec::new());
    for Passage { begin, end, kind, info, .. } in &document.passages {
        match span(&index, *begin, *end) {
            Some(span) => {
                let id = format!("B{}", blocks.len() + 1);
                attributes.add_all(&id, info);
                blocks.push(json!({"id": id, "span": span, "obj": kind}));
            }
            None => warnings.add("passages without a place in the text, which are left out", 1),
        }
    }
    for (mention, id) in document.mentions.iter().zip(ids(&document.mentions, blocks.len())) {
        let spans: Option<Vec<Value>> = mention.spans.iter().map(|at| span(&index, at.begin, at.end)).collect();
        let span = match spans {
            Some(spans) if spans.len() > 1 => Value::Array(spans),
            Some(mut spans) if spans.len() == 1 => spans.remove(0),
            _ => {
                warnings.add(losses::NO_PLACE, 1);
                continue;
            }
        };
        attributes.add_mention(&id, mention);
        denotations.push(json!({"id": id, "span": span, "obj": mention.entity}));
    }
    if !blocks.is_empty() {
        object.insert("blocks".to_string(), blocks.into());
    }
    object.insert("denotations".to_string(), denotations.into());
    if !attributes.0.is_empty() {
        object.insert("attributes".to_string(), attributes.0.into());
    }
    Value::Object(object)
}

/// Members that are not [`Document::info`].
const OWN: [&str; 8] =
    ["text", "denotations", "blocks", "attributes", "relations", "modifications", "tracks", "sourceid"];

/// What the object says of the document beside its text. The id is made of `sourceid` and `divid`, or is the end of `target`.
fn source(document: &Document, warnings: &mut Warnings) -> Map<String, Value> {
    let (own, others): (Vec<_>, Vec<_>) = document.info.iter().partition(|(key, _)| OWN.contains(&key.as_str()));
    warnings.add("values of documents under names that the format has for something else", own.len());
    let mut members: Map<String, Value> =
        others.into_iter().map(|(key, value)| (key.clone(), value_of(value))).collect();
    let id = document.id.as_str();
    let part = members.get("divid").and_then(words).and_then(|part| id.strip_suffix(part.as_str())?.strip_suffix('-'));
    // Where nothing but the target names the document.
    let is_target = document.info.get("target").is_some_and(|target| documents::end_of_target(target) == id);
    let is_named = is_target && !document.info.contains_key("sourcedb");
    if !id.is_empty() && !is_named {
        members.insert("sourceid".to_string(), part.unwrap_or(id).into());
    }
    members
}

fn span(index: &TextIndex<'_>, begin: usize, end: usize) -> Option<Value> {
    let (begin, end) = (index.at(Unit::Utf16, begin)?.code_point, index.at(Unit::Utf16, end)?.code_point);
    (begin < end).then(|| json!({"begin": begin, "end": end}))
}

/// A name for each mention: its own if nothing else has it, and otherwise `T` with the next number. Blocks are `B1` to `Bn`.
fn ids(mentions: &[Mention], blocks: usize) -> Vec<String> {
    numbered(mentions, |id| !id.is_empty(), (1..=blocks).map(|number| format!("B{number}")).collect())
}

/// The attributes of an object.
#[derive(Default)]
struct Attributes(Vec<Value>);

impl Attributes {
    fn add(&mut self, of: &str, name: &str, value: Value) {
        let id = format!("A{}", self.0.len() + 1);
        self.0.push(json!({"id": id, "subj": of, "pred": name, "obj": value}));
    }

    fn add_all(&mut self, of: &str, info: &Info) {
        for (name, value) in info {
            self.add(of, name, value_of(value));
        }
    }

    fn add_mention(&mut self, of: &str, mention: &Mention) {
        let fields = [
            (SCORE, mention.confidence.map(short_number)),
            (BY, (mention.by != By::default()).then(|| mention.by.who.name().into())),
            (ANNOTATOR, mention.by.name.clone().map(Value::from)),
            (TIME, mention.time.clone().map(Value::from)),
            (IDENTIFIER, mention.identifier.clone().map(Value::from)),
            (RESULT, mention.result.clone().map(Value::from)),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                self.add(of, name, value);
            }
        }
        self.add_all(of, &mention.info);
    }
}
