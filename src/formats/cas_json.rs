//! UIMA CAS JSON 0.4: <https://github.com/apache/uima-uimaj-io-jsoncas>. A document is a file, with its own type system. Offsets
//! count UTF-16 code units.
//!
//! A mention is a `NamedEntity` of DKPro Core, which INCEpTION and others know (`value`, `identifier`), with the features `score`,
//! `by`, `byName` and `time`. The document's id is in DKPro's `DocumentMetaData`, its passages are `Div`s with their kind.

use serde_json::{json, Map, Value};

use super::document::{Document, Mention};
use super::json_line::short_number;
use super::losses::{self, Holds};
use super::text_index::TextIndex;
use super::warnings::Warnings;
use super::writer::WrittenFile;

const NAMED_ENTITY: &str = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity";
const META_DATA: &str = "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.DocumentMetaData";
const DIV: &str = "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Div";
/// The id of the text's feature structure.
const SOFA: usize = 1;

pub(super) fn files(document: &Document, warnings: &mut Warnings) -> Vec<WrittenFile> {
    let holds = Holds { passages: true, confidence: true, by: true, time: true, identifier: true, ..Holds::default() };
    losses::count(document, holds, warnings);
    let index = TextIndex::new(&document.text);
    let mut structures = vec![json!({
        "%ID": SOFA,
        "%TYPE": "uima.cas.Sofa",
        "sofaNum": 1,
        "sofaID": "_InitialView",
        "mimeType": "text/plain",
        "sofaString": document.text,
    })];
    let mut add = |kind: &str, begin: usize, end: usize, features: Map<String, Value>| {
        let mut structure =
            json!({"%ID": structures.len() + 1, "%TYPE": kind, "@sofa": SOFA, "begin": begin, "end": end});
        if let Value::Object(fields) = &mut structure {
            fields.extend(features);
        }
        structures.push(structure);
    };
    let strings = |features: &[(&str, Option<&str>)]| -> Map<String, Value> {
        features.iter().filter_map(|(name, value)| Some((name.to_string(), json!((*value)?)))).collect()
    };
    let meta = [
        ("language", Some("x-unspecified")),
        ("documentId", Some(&document.id)),
        ("documentTitle", Some(&document.id)),
    ];
    add(META_DATA, 0, index.end().utf16, strings(&meta));
    for passage in &document.passages {
        add(DIV, passage.begin, passage.end, strings(&[("divType", Some(&passage.kind))]));
    }
    for (mention, begin, end) in losses::pieces(&index, document, warnings) {
        let Mention { entity, identifier, by, time, confidence, .. } = mention;
        let mut features = strings(&[
            ("value", Some(entity)),
            ("identifier", identifier.as_deref()),
            ("by", Some(by.who.name())),
            ("byName", by.name.as_deref()),
            ("time", time.as_deref()),
        ]);
        if let Some(confidence) = confidence {
            features.insert("score".into(), short_number(*confidence));
        }
        add(NAMED_ENTITY, begin.utf16, end.utf16, features);
    }
    let members: Vec<usize> = (SOFA + 1..=structures.len()).collect();
    let views = json!({"_InitialView": {"%SOFA": SOFA, "%MEMBERS": members}});
    let (types, structures) = (types(), Value::Array(structures));
    // In this order a reader knows the types before it needs them.
    let cas = format!("{{\"%TYPES\":{types},\n\"%FEATURE_STRUCTURES\":{structures},\n\"%VIEWS\":{views}}}\n");
    vec![WrittenFile { extension: "cas.json", content: cas.into_bytes() }]
}

/// The types that are used beside UIMA's own.
fn types() -> Value {
    let kind = |name: &str, super_type: &str, features: &[(&str, &str)]| {
        let mut declared = json!({"%NAME": name, "%SUPER_TYPE": super_type});
        for (feature, range) in features {
            declared[*feature] = json!({"%NAME": feature, "%RANGE": range});
        }
        declared
    };
    let string = "uima.cas.String";
    let mention = [
        ("value", string),
        ("identifier", string),
        ("score", "uima.cas.Double"),
        ("by", string),
        ("byName", string),
        ("time", string),
    ];
    let meta = [("documentId", string), ("documentTitle", string)];
    json!({
        META_DATA: kind(META_DATA, "uima.tcas.DocumentAnnotation", &meta),
        DIV: kind(DIV, "uima.tcas.Annotation", &[("divType", string)]),
        NAMED_ENTITY: kind(NAMED_ENTITY, "uima.tcas.Annotation", &mention),
    })
}
