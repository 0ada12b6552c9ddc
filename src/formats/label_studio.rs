//! Tasks of Label Studio, as its import takes them: <https://labelstud.io/guide/tasks>. A task is
//! `{"data": {"text", "id"}, "predictions": […], "annotations": […]}`.
//!
//! A model's mentions are predictions, one for each model, which a person can accept or change there; a person's and those that
//! came with the document are annotations. The control is named `label` and the text `text`, as in
//! `<Labels name="label" toName="text">…</Labels><Text name="text" value="$text"/>`. Offsets count UTF-16 code units, as Label
//! Studio's page does when it draws a region; readers in Python must convert them where a text has characters beyond the BMP.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{json, Value};

use super::document::{Document, Mention, Who};
use super::json_line::short_number;
use super::losses::{self, Holds};
use super::text_index::{Place, TextIndex};
use super::warnings::Warnings;
use super::writer::WriteFormat;

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let holds = Holds { confidence: true, by: true, time: true, identifier: true, ..Holds::default() };
        losses::count(document, holds, warnings);
        let index = TextIndex::new(&document.text);
        if index.end().utf16 != index.end().code_point && !document.mentions.is_empty() {
            warnings.add(
                "texts with characters beyond the BMP, of which offsets count two, as Label Studio's page does",
                1,
            );
        }
        let mut predictions: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let mut annotations: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
        for (i, (mention, begin, end)) in losses::pieces(&index, document, warnings).into_iter().enumerate() {
            let region = region(i, mention, begin, end, &document.text[begin.byte..end.byte]);
            let name = mention.by.name.as_deref().unwrap_or_default();
            match mention.by.who {
                Who::Model => predictions.entry(name).or_default().push(region),
                who => annotations.entry((who.name(), name)).or_default().push(region),
            }
        }
        let predictions: Vec<Value> = predictions
            .into_iter()
            .map(|(name, result)| match name {
                "" => json!({"result": result}),
                name => json!({"model_version": name, "result": result}),
            })
            .collect();
        let annotations: Vec<Value> = annotations.into_values().map(|result| json!({"result": result})).collect();
        let data = json!({"id": document.id, "text": document.text});
        let task = json!({"data": data, "predictions": predictions, "annotations": annotations});
        let before = if self.documents == 0 { "[\n" } else { ",\n" };
        self.documents += 1;
        write!(out, "{before}{task}")
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(if self.documents == 0 { b"[]\n" } else { b"\n]\n" })
    }
}

fn region(i: usize, mention: &Mention, begin: Place, end: Place, text: &str) -> Value {
    let mut region = json!({
        "id": format!("r{}", i + 1),
        "from_name": "label",
        "to_name": "text",
        "type": "labels",
        "value": {"start": begin.utf16, "end": end.utf16, "text": text, "labels": [mention.entity]},
    });
    if let Some(confidence) = mention.confidence {
        region["score"] = short_number(confidence);
    }
    let Mention { identifier, by, time, .. } = mention;
    let name = by.name.as_ref().filter(|_| by.who != Who::Model);
    let said = [("identifier", identifier.as_ref()), ("by", name), ("time", time.as_ref())];
    // Label Studio shows a region's `meta.text`.
    let meta: Vec<String> =
        said.iter().filter_map(|(key, value)| value.map(|value| format!("{key}: {value}"))).collect();
    if !meta.is_empty() {
        region["meta"] = json!({"text": meta});
    }
    region
}
