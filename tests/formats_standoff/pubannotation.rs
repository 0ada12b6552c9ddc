use glossa_ner::formats::{read, Document, Format, Input, Passage, ReadOptions, Unit};

use super::texts::{document, documents, hard, judged, mention, passage, records, text_of};

const FILE: &str = r#"[
{"divid":2,"project":"p","sourcedb":"PMC","sourceid":"101","target":"http://x/docs/sourcedb/PMC/sourceid/101","text":"\u2028 β-catenin binds left and right atrium","blocks":[{"id":"B1","obj":"title","span":{"begin":2,"end":11}}],"denotations":[{"id":"T1","obj":"Protein","span":{"begin":2,"end":11}},{"id":"E9","obj":"Organ","span":[{"begin":18,"end":22},{"begin":33,"end":39}]}],"attributes":[{"id":"A1","obj":"text","pred":"kind","subj":"B1"},{"id":"A2","obj":0.97,"pred":"score","subj":"T1"},{"id":"A3","obj":"model","pred":"by","subj":"T1"},{"id":"A4","obj":"cellular","pred":"annotator","subj":"T1"},{"id":"A5","obj":"P35222","pred":"identifier","subj":"T1"},{"id":"A6","obj":true,"pred":"negated","subj":"T1"},{"id":"A7","obj":"true","pred":"quoted","subj":"T1"}]},
{"target":"http://x/docs/7","text":"","denotations":[]}
]
"#;

fn same_json(one: &str, other: &str) {
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert_eq!(value(one), value(other));
}

#[test]
fn denotations_are_read_with_attributes_and_written_again() {
    let read = documents(Format::Pubannotation, FILE);
    let first = &read[0];
    assert_eq!((first.id.as_str(), read[1].id.as_str()), ("101-2", "7"));
    assert_eq!(first.info["divid"], "2");
    assert!(!first.info.contains_key("sourceid") && first.info["sourcedb"] == "PMC");
    assert_eq!(first.passages[0].info["kind"], "text");
    let [protein, organ] = &first.mentions[..] else { panic!("two mentions") };
    assert_eq!(
        (protein.text.as_str(), protein.confidence, protein.identifier.as_deref()),
        ("β-catenin", Some(0.97), Some("P35222"))
    );
    assert_eq!((protein.by.who.name(), protein.by.name.as_deref()), ("model", Some("cellular")));
    assert_eq!((protein.info["negated"].as_str(), protein.info["quoted"].as_str()), ("true", "\"true\""));
    assert_eq!((organ.text.as_str(), organ.spans.len()), ("left atrium", 2));
    let (file, warnings) = text_of(Format::Pubannotation, &read);
    assert_eq!(warnings, "");
    same_json(&file, FILE);
    assert_eq!(file.lines().count(), 4, "a line a document");
    assert!(!file.contains('\u{2028}'));
}

#[test]
fn what_is_written_comes_back() {
    let mut all = hard();
    for document in &mut all {
        for (at, mention) in document.mentions.iter_mut().enumerate() {
            mention.id = Some(format!("m-{at}"));
            *mention = judged(mention.clone());
            mention.confidence = Some(0.1 + at as f32 / 7.0);
            for (key, value) in
                [("a", "1.50"), ("b", "7"), ("c", "true"), ("d", "\"quoted\""), ("e", "\"7\""), ("f", "{"), ("g", "")]
            {
                mention.info.insert(key.to_string(), value.to_string());
            }
            mention.result = (at > 0).then(|| "x".to_string());
        }
        document.info.insert("sourcedb".to_string(), "PubMed".to_string());
    }
    all[0].passages = vec![passage(0, 4, Passage::TITLE), passage(5, 10, "")];
    all[0].passages[1].info.insert("section".to_string(), "METHODS".to_string());
    let (file, warnings) = text_of(Format::Pubannotation, &all);
    assert_eq!(warnings, "");
    assert_eq!(documents(Format::Pubannotation, &file), all);
}

#[test]
fn one_object_a_list_and_lines_are_read() {
    let one = "{\n \"sourceid\": \"1\",\n \"text\": \"IL-2\"\n}\n";
    let two = "{\n \"sourceid\": 2,\n \"text\": \"p53\"\n}";
    let texts = |file: &str| {
        documents(Format::Pubannotation, file)
            .into_iter()
            .map(|document| (document.id, document.text))
            .collect::<Vec<_>>()
    };
    let expected = [("1".to_string(), "IL-2".to_string()), ("2".to_string(), "p53".to_string())];
    assert_eq!(texts(one), expected[..1]);
    assert_eq!(texts(&format!("{one}{two}")), expected);
    assert_eq!(texts(&format!(" [ {one} , {two} ] ")), expected);
    let line = |object: &str| object.replace('\n', "");
    assert_eq!(texts(&format!("{}\r\n\r\n{}", line(one), line(two))), expected);
    assert_eq!(texts("{\"text\":\"IL-2\"}"), [("1".to_string(), "IL-2".to_string())]);
    assert_eq!(texts(" [ ] "), []);
    assert_eq!(texts(""), []);
    assert_eq!(text_of(Format::Pubannotation, &[]), ("[]\n".to_string(), String::new()));
}

/// Whether each record has a document, and where it stands.
fn outline(file: &str) -> Vec<(String, Result<String, String>)> {
    let read = records(Format::Pubannotation, "f", file.as_bytes());
    read.into_iter()
        .map(|record| (record.place, record.document.map(|document| document.text).map_err(|error| error.to_string())))
        .collect()
}

#[test]
fn bad_documents_are_told_and_the_next_one_is_read_where_that_is_possible() {
    let lines = outline("{\"text\":\"a\"}\n{\"text\":\"b\n{\"text\":\"c\"}\n{\"text\":7}\n[1]\n{\"text\":\"\\ud83d\"}\n{\"text\":\"d\"}");
    let ok: Vec<_> = lines.iter().map(|(place, document)| (place.as_str(), document.is_ok())).collect();
    assert_eq!(
        ok,
        [("f:1", true), ("f:2", false), ("f:3", true), ("f:4", false), ("f:5", false), ("f:6", false), ("f:7", true)]
    );
    assert!(
        lines[1].1.as_ref().expect_err("cut").starts_with("f:2: it is not JSON")
            || lines[1].1.as_ref().expect_err("cut").contains("cut off")
    );
    let first_bad = outline("{\"text\": x}\n{\"text\":\"b\"}\n");
    assert_eq!((first_bad[0].1.is_err(), &first_bad[1]), (true, &("f:2".to_string(), Ok("b".to_string()))));

    for (list, reason) in [
        ("[{\"text\":\"a\"},\n{\"text\":\"b", "the file is cut off: EOF"),
        ("[{\"text\":\"a\"},\n", "the file is cut off: EOF"),
        ("[{\"text\":\"a\"}\n", "the file is cut off: the list has no end"),
        ("[{\"text\":\"a\"}\n{\"text\":\"b\"}]", "a comma or ] is missing"),
        ("[{\"text\":\"a\"}\n] x", "there is something behind the end"),
        ("[{\"text\":\"a\"},\n{\"text\":'b'},{\"text\":\"c\"}]", "it is not JSON"),
    ] {
        let read = outline(list);
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!(read[0], ("f:1".to_string(), Ok("a".to_string())));
        assert!(read[1].1.as_ref().expect_err("bad").starts_with(&format!("f:2: {reason}")), "{read:?}");
    }
    let deep = outline(&"[".repeat(100_000));
    assert_eq!((deep.len(), deep[0].1.is_err()), (1, true));
}

#[test]
fn bad_denotations_are_told_and_the_rest_is_read() {
    let file = r#"{"sourceid":"1","text":"IL-2 and p53","denotations":[{"id":"T1","span":{"begin":0,"end":4},"obj":"P"},
        {"id":"T2","span":{"begin":9,"end":99},"obj":"P"},{"id":"T3","span":{"begin":-1,"end":4},"obj":"P"},
        {"id":"T1","span":{"begin":9,"end":12},"obj":"P"}],"relations":[{}],"modifications":[{},{}],
        "attributes":[{"subj":"T1","pred":"x","obj":1},{"subj":"T1","pred":"x","obj":2},{"subj":"R1","pred":"x","obj":2},{"subj":"T1"}],
        "tracks":[{"project":"other","denotations":[{"span":{"begin":5,"end":8},"obj":"W"}]}]}"#;
    let read = records(Format::Pubannotation, "f", file.as_bytes());
    let document = read[0].document.as_ref().expect("a document");
    let texts: Vec<_> = document.mentions.iter().map(|mention| mention.text.as_str()).collect();
    assert_eq!(texts, ["IL-2", "p53", "and"]);
    assert_eq!(document.mentions[2].by.name.as_deref(), Some("other"));
    let problems: Vec<String> = read[0].problems.iter().map(ToString::to_string).collect();
    for (problem, begin) in problems.iter().zip([
        "f:1, denotations[2]: its \"span\" has no",
        "f:1, denotations[3]: the id \"T1\" stands twice",
        "f:1, attributes[3]: an attribute is",
        "f:1, denotations[1]: 9 to 99 is no place",
    ]) {
        assert!(problem.starts_with(begin), "{problem}");
    }
    assert_eq!(problems.len(), 4);
    assert_eq!(
        read[0].warnings.to_string(),
        "attributes of what is not read: 1; modifications, which are not read: 2; relations, which are not read: 1; second \
         attributes of a name, which are not read: 1"
    );
}

#[test]
fn another_unit_is_taken_when_asked_for() {
    let file = "{\"text\":\"\u{1F9EC} IL-2\",\"denotations\":[{\"span\":{\"begin\":3,\"end\":7},\"obj\":\"P\"}]}";
    let input = Input::new(file.as_bytes(), "f", None).expect("text");
    let options = ReadOptions { unit: Some(Unit::Utf16), ..ReadOptions::default() };
    let read = read(Format::Pubannotation, input, &options).next().expect("a record");
    assert_eq!(read.document.expect("a document").mentions[0].text, "IL-2");
}

#[test]
fn blocks_within_others_and_places_that_are_none_are_counted() {
    let file = r#"{"text":"abcdef","blocks":[{"obj":"sentence","span":{"begin":1,"end":2}},{"obj":"p","span":{"begin":0,"end":4}}]}"#;
    let read = records(Format::Pubannotation, "f", file.as_bytes());
    assert_eq!(read[0].warnings.to_string(), "blocks within others, which are not read: 1");
    assert_eq!(read[0].document.as_ref().expect("a document").passages, [passage(0, 4, "p")]);
    let mut bad = Document { passages: vec![passage(0, 9, "p")], ..document("1", "ab", &[]) };
    bad.mentions.push(mention("ab", &[(0, 1)], "X"));
    bad.mentions[0].spans[0].end = 7;
    let (_, warnings) = text_of(Format::Pubannotation, &[bad]);
    assert_eq!(
        warnings,
        "mentions without a place in the text, which are left out: 1; passages without a place in the text, which are left out: 1"
    );
}
