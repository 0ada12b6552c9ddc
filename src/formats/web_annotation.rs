//! W3C Web Annotation as JSON-LD: <https://www.w3.org/TR/annotation-model/>.
//!
//! The file is an `AnnotationCollection` whose one page has all annotations. A mention is an annotation that tags its place with
//! its entity, and names its identifier. The place is said twice: by a `TextPositionSelector`, whose offsets count code points, as
//! the model has it, and by a `TextQuoteSelector`, which finds the place in a copy of the text that is a little different. A
//! mention in pieces has a target for each. The model refers to texts and does not hold them: the source of a target is the
//! document's id, an address relative to the file if it is none by itself.

use std::io::{self, Write};

use serde_json::{json, Value};

use super::document::{By, Document, Mention, Who};
use super::json_line::short_number;
use super::losses::{self, Holds};
use super::text_index::{Place, TextIndex};
use super::warnings::Warnings;
use super::writer::WriteFormat;

/// The vocabulary, and the one property that it lacks, by ITS 2.0 of the W3C.
const CONTEXT: &str =
    r#"["http://www.w3.org/ns/anno.jsonld",{"confidence":"http://www.w3.org/2005/11/its/rdf#taConfidence"}]"#;
/// How many characters of the text before and behind a mention are quoted.
const QUOTED: usize = 32;

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
    annotations: usize,
}

impl Writer {
    fn start(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.documents += 1;
        if self.documents > 1 {
            return Ok(());
        }
        let page = r##""first":{"id":"#page-1","type":"AnnotationPage","startIndex":0,"items":["##;
        write!(out, "{{\"@context\":{CONTEXT},\"id\":\"#annotations\",\"type\":\"AnnotationCollection\",\n{page}")
    }
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let holds = Holds { confidence: true, by: true, time: true, identifier: true, ..Holds::default() };
        losses::count(document, holds, warnings);
        warnings.add("texts, which Web Annotation refers to by the ids of their documents and does not hold", 1);
        self.start(out)?;
        let index = TextIndex::new(&document.text);
        let source = address(&document.id);
        for (i, mention) in document.mentions.iter().enumerate() {
            let Some(places) = losses::places(&index, mention, warnings) else { continue };
            let comma = if self.annotations == 0 { "" } else { "," };
            self.annotations += 1;
            let targets: Vec<Value> =
                places.iter().map(|place| target(&source, document.text.as_str(), place)).collect();
            // The number of the document tells those of the same id apart.
            let id = format!("#annotation-{}-{}", self.documents, i + 1);
            write!(out, "{comma}\n{}", annotation(id, mention, targets))?;
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.start(out)?;
        writeln!(out, "\n]}},\"total\":{}}}", self.annotations)
    }
}

fn annotation(id: String, mention: &Mention, targets: Vec<Value>) -> Value {
    let Mention { entity, confidence, identifier, by, time, .. } = mention;
    let mut tag = json!({"type": "TextualBody", "purpose": "tagging", "value": entity, "format": "text/plain"});
    if let Some(confidence) = confidence {
        tag["confidence"] = short_number(*confidence);
    }
    let mut bodies = vec![tag];
    bodies.extend(identifier.as_ref().map(|identifier| match is_address(identifier) {
        true => json!({"type": "SpecificResource", "purpose": "identifying", "source": identifier}),
        false => json!({"type": "TextualBody", "purpose": "identifying", "value": identifier, "format": "text/plain"}),
    }));
    let target = if targets.len() == 1 { targets.into_iter().collect::<Value>()[0].take() } else { json!(targets) };
    let mut annotation =
        json!({"id": id, "type": "Annotation", "motivation": "tagging", "body": bodies, "target": target});
    if let Some(creator) = creator(by) {
        annotation["creator"] = creator;
    }
    if let Some(time) = time {
        annotation["created"] = json!(time);
    }
    annotation
}

/// Who decided, as an agent; `None` if that is whoever made the file, and without a name.
fn creator(By { who, name }: &By) -> Option<Value> {
    let mut agent = match who {
        Who::Model => json!({"type": "Software"}),
        Who::Person => json!({"type": "Person"}),
        Who::File => json!({}),
    };
    if let Some(name) = name {
        agent["name"] = json!(name);
    }
    agent.as_object().is_some_and(|agent| !agent.is_empty()).then_some(agent)
}

fn target(source: &str, text: &str, (begin, end): &(Place, Place)) -> Value {
    let before = &text[..begin.byte];
    let prefix = before.char_indices().rev().take(QUOTED).last().map_or("", |(at, _)| &before[at..]);
    let behind = &text[end.byte..];
    let suffix = behind.char_indices().nth(QUOTED).map_or(behind, |(at, _)| &behind[..at]);
    let exact = &text[begin.byte..end.byte];
    json!({
        "source": source,
        "selector": [
            {"type": "TextPositionSelector", "start": begin.code_point, "end": end.code_point},
            {"type": "TextQuoteSelector", "exact": exact, "prefix": prefix, "suffix": suffix},
        ],
    })
}

/// Whether a name is an address by itself (RFC 3987): a scheme and what it says, without characters that must be escaped.
fn is_address(name: &str) -> bool {
    let Some((scheme, rest)) = name.split_once(':') else { return false };
    let is_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let is_escaped = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(is_scheme)
        && !rest.is_empty()
        && !rest.contains(is_escaped)
}

/// A document's id as an address. Names such as `12345` and `a b.txt` become relative ones.
fn address(id: &str) -> String {
    if is_address(id) {
        return id.to_string();
    }
    let mut address = String::new();
    for c in id.chars() {
        if c.is_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '/') {
            address.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| address.push_str(&format!("%{byte:02X}")));
        }
    }
    // An empty one would be the file itself.
    if address.is_empty() {
        "document".to_string()
    } else {
        address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_addresses() {
        for (id, expected) in [
            ("12345", "12345"),
            ("texts/a b.txt", "texts/a%20b.txt"),
            ("f.jsonl:3 x", "f.jsonl%3A3%20x"),
            ("https://example.org/1?a=b", "https://example.org/1?a=b"),
            ("β#1", "β%231"),
            ("", "document"),
        ] {
            assert_eq!(address(id), expected);
        }
        assert!(is_address("MESH:D003924") && !is_address("9606") && !is_address("a b:c") && !is_address("MESH:"));
    }
}
