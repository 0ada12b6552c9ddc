use serde_json::{json, Value};

use super::*;

fn parsed(written: &str) -> Value {
    serde_json::from_str(written).expect("JSON")
}

/// The text from one code point to another.
fn code_points(text: &str, begin: &Value, end: &Value) -> String {
    let at = |value: &Value| usize::try_from(value.as_u64().expect("an offset")).expect("an offset");
    text.chars().skip(at(begin)).take(at(end) - at(begin)).collect()
}

#[test]
fn web_annotations_have_positions_and_quotes() {
    let samples = samples();
    let collection = parsed(&write(Format::WebAnnotation, &samples));
    let items = collection["first"]["items"].as_array().expect("a list");
    let mentions: Vec<(&Document, &Mention)> =
        samples.iter().flat_map(|sample| sample.mentions.iter().map(move |mention| (sample, mention))).collect();
    assert_eq!((items.len(), collection["total"].as_u64()), (mentions.len(), Some(mentions.len() as u64)));
    let mut ids = std::collections::HashSet::new();
    for (item, (sample, mention)) in items.iter().zip(mentions) {
        assert!(ids.insert(item["id"].as_str().expect("an id")));
        assert_eq!(item["body"][0]["value"], mention.entity);
        let targets = item["target"].as_array().cloned().unwrap_or_else(|| vec![item["target"].clone()]);
        let mut texts = Vec::new();
        for target in &targets {
            let [position, quote] = [&target["selector"][0], &target["selector"][1]];
            let there = code_points(&sample.text, &position["start"], &position["end"]);
            assert_eq!(quote["exact"], there);
            let whole = ["prefix", "exact", "suffix"].map(|part| quote[part].as_str().expect("a text"));
            assert!(sample.text.contains(&whole.concat()));
            assert!(whole[0].chars().count() <= 32 && whole[2].chars().count() <= 32);
            texts.push(there);
        }
        assert_eq!(texts.join(" "), mention.text);
    }
}

#[test]
fn web_annotations_say_who_and_when() {
    let collection = parsed(&write(Format::WebAnnotation, &[full_sample()]));
    assert_eq!(
        collection["first"]["items"][0],
        json!({
            "id": "#annotation-1-1",
            "type": "Annotation",
            "motivation": "tagging",
            "creator": {"type": "Software", "name": "cellular"},
            "created": "2026-11-27T03:00:00Z",
            "body": [
                {"type": "TextualBody", "purpose": "tagging", "value": "protein", "format": "text/plain", "confidence": 0.98},
                {"type": "SpecificResource", "purpose": "identifying", "source": "NCBIGene:3558"},
            ],
            "target": {
                "source": "full",
                "selector": [
                    {"type": "TextPositionSelector", "start": 8, "end": 12},
                    {"type": "TextQuoteSelector", "exact": "IL-2", "prefix": "Title β\n", "suffix": " binds."},
                ],
            },
        })
    );
    assert_eq!(collection["first"]["items"][1]["creator"], json!({"type": "Person", "name": "Ada"}));
    assert_eq!(collection["@context"][0], "http://www.w3.org/ns/anno.jsonld");
    let empty = parsed(&write(Format::WebAnnotation, &[]));
    assert_eq!((&empty["first"]["items"], &empty["total"]), (&json!([]), &json!(0)));
}

#[test]
fn tasks_of_label_studio_tell_models_from_persons() {
    let tasks = parsed(&write(Format::LabelStudio, &[full_sample()]));
    let task = &tasks[0];
    assert_eq!(task["data"], json!({"id": "full", "text": "Title β\nIL-2 binds."}));
    assert_eq!(
        task["predictions"],
        json!([{"model_version": "cellular", "result": [{
            "id": "r1", "from_name": "label", "to_name": "text", "type": "labels", "score": 0.98,
            "value": {"start": 8, "end": 12, "text": "IL-2", "labels": ["protein"]},
            "meta": {"text": ["identifier: NCBIGene:3558", "time: 2026-11-27T03:00:00Z"]},
        }]}])
    );
    // A person without a name, and Ada.
    let annotations = task["annotations"].as_array().expect("a list");
    assert_eq!(annotations.len(), 2);
    assert_eq!(annotations[1]["result"][0]["meta"], json!({"text": ["by: Ada"]}));
    assert_eq!(parsed(&write(Format::LabelStudio, &[])), json!([]));
    let samples = samples();
    let tasks = parsed(&write(Format::LabelStudio, &samples));
    for (task, sample) in tasks.as_array().expect("a list").iter().zip(&samples) {
        let units: Vec<u16> = sample.text.encode_utf16().collect();
        for regions in [&task["annotations"], &task["predictions"]] {
            for region in
                regions.as_array().expect("a list").iter().flat_map(|set| set["result"].as_array().expect("a list"))
            {
                let at = |key: &str| region["value"][key].as_u64().expect("an offset") as usize;
                let there = String::from_utf16(&units[at("start")..at("end")]).expect("whole characters");
                assert_eq!(region["value"]["text"], there);
            }
        }
    }
    assert!(warnings(Format::LabelStudio, &samples).contains("texts with characters beyond the BMP"));
}

#[test]
fn cas_files_have_types_text_and_mentions() {
    let mut warnings = Warnings::default();
    let files = glossa_ner::formats::files(Format::CasJson, &full_sample(), &mut warnings);
    assert_eq!((files.len(), files[0].extension), (1, "cas.json"));
    let cas: Value = serde_json::from_slice(&files[0].content).expect("JSON");
    let structures = cas["%FEATURE_STRUCTURES"].as_array().expect("a list");
    assert_eq!(structures[0]["sofaString"], full_sample().text);
    assert_eq!((&structures[1]["documentId"], &structures[1]["end"]), (&json!("full"), &json!(19)));
    let divs: Vec<&Value> =
        structures.iter().map(|structure| &structure["divType"]).filter(|kind| !kind.is_null()).collect();
    assert_eq!(divs, [&json!("title"), &json!("")]);
    assert_eq!(
        structures[4],
        json!({
            "%ID": 5, "%TYPE": "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity", "@sofa": 1, "begin": 8, "end": 12,
            "value": "protein", "identifier": "NCBIGene:3558", "score": 0.98, "by": "model", "byName": "cellular",
            "time": "2026-11-27T03:00:00Z",
        })
    );
    assert_eq!(cas["%VIEWS"]["_InitialView"], json!({"%SOFA": 1, "%MEMBERS": [2, 3, 4, 5, 6, 7]}));
    for structure in structures {
        for key in structure.as_object().expect("an object").keys() {
            let known = key.starts_with(['%', '@'])
                || ["begin", "end", "language"].contains(&key.as_str())
                || key.starts_with("sofa")
                || key == "mimeType";
            assert!(known || !cas["%TYPES"][structure["%TYPE"].as_str().expect("a type")][key].is_null(), "{key}");
        }
    }
    assert_eq!(
        warnings.to_string(),
        "documents that the model read in part, which is not said: 1; further fields of documents and passages, which are left \
         out: 2; further fields of mentions, which are left out: 1; results of Spark NLP, which are left out: 1"
    );
}

#[test]
fn spacy_has_tokens_for_its_entities() {
    for (sample, line) in samples().iter().zip(write(Format::Spacy, &samples()).lines()) {
        let line = parsed(line);
        let tokens = line["tokens"].as_array().expect("a list");
        let place =
            |value: &Value| (value["start"].as_u64().expect("an offset"), value["end"].as_u64().expect("an offset"));
        // All of the text but blanks behind tokens.
        let letters: Vec<char> = sample.text.chars().collect();
        let mut at = 0;
        for token in tokens {
            let (start, end) = place(token);
            assert!(start < end && (start == at || start == at + 1), "{token} of {}", sample.id);
            if start > at {
                assert_eq!(letters[usize::try_from(at).expect("an offset")], ' ');
            }
            at = end;
        }
        let begins: std::collections::HashSet<u64> = tokens.iter().map(|token| place(token).0).collect();
        let ends: std::collections::HashSet<u64> = tokens.iter().map(|token| place(token).1).collect();
        let mut last = 0;
        for entity in line["ents"].as_array().expect("a list") {
            let (start, end) = place(entity);
            assert!(begins.contains(&start) && ends.contains(&end) && start >= last, "{entity} of {}", sample.id);
            last = end;
        }
    }
    let nested = parsed(&write(Format::Spacy, &nested_samples()[..1]));
    assert_eq!(nested["ents"].as_array().map(Vec::len), Some(1));
    assert_eq!(nested["spans"]["sc"].as_array().map(Vec::len), Some(5));
    let told = "overlapping mentions, which are in the span group sc and not among the entities: 4";
    assert_eq!(warnings(Format::Spacy, &nested_samples()[..1]), told);
    let mut blank = document("b", "a  b \n c", &[(&["  b \n"], "x"), (&[" \n"], "y")]);
    blank.mentions[1].identifier = Some("X:1".into());
    let line = parsed(&write(Format::Spacy, &[blank.clone()]));
    assert_eq!(line["ents"], json!([{"start": 3, "end": 4, "label": "x"}]));
    assert_eq!(
        warnings(Format::Spacy, &[blank]),
        "mentions that begin or end with white space, which is cut off: 1; mentions without a letter, which are left out: 1"
    );
}

#[test]
fn mentions_that_are_at_no_place_are_told() {
    let mut document = document("d", "\u{1F9EC}", &[]);
    let at = |begin, end| Mention { spans: vec![Span { begin, end }], entity: "x".into(), ..Mention::default() };
    document.mentions = vec![at(0, 2), at(1, 2), at(0, 9), at(2, 0)];
    for format in
        [Format::Doccano, Format::Spacy, Format::LabelStudio, Format::WebAnnotation, Format::CasJson, Format::Html]
    {
        let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("written");
        writer.document(&document).expect("memory");
        let told = writer.finish().expect("memory").1.to_string();
        assert!(
            told.contains("mentions without a place in the text, which are left out: 3"),
            "{}: {told}",
            format.name()
        );
    }
}
