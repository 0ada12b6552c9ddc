use super::*;

#[test]
fn lines_are_those_of_an_annotated_document() {
    let text = "x a \"b\", y";
    let mut first = document("d1", text, &[(&["a \"b\","], "DNA")]);
    first.mentions[0].confidence = Some(0.5);
    first.truncated_from = Some(9);
    first.precision = Some("int8".into());
    let mut writer = Writer::new(Format::Jsonl, Vec::new(), &WriteOptions::default()).expect("written");
    writer.document(&first).expect("memory");
    writer.document(&document("d2", "", &[])).expect("memory");
    let error = Error::InputInvalid { input: "f:3".into(), reason: "it has no \"text\"".into() };
    writer.failure("d3", None, &error).expect("memory");
    writer.failure("=d4", Some("t"), &Error::InferenceFailed { reason: "NaN".into() }).expect("memory");
    let (written, warnings) = writer.finish().expect("memory");
    let json = [
        r#"{"id":"d1","text":"x a \"b\", y","chunks":[{"begin":2,"end":8,"text":"a \"b\",","entity":"DNA","confidence":0.5}],"#,
        r#""offsetUnit":"utf-16","truncatedFrom":9,"precision":"int8"}"#,
        "\n",
        r#"{"id":"d2","text":"","chunks":[],"offsetUnit":"utf-16"}"#,
        "\n",
        r#"{"id":"d3","error":{"code":"input_invalid","message":"f:3: it has no \"text\""}}"#,
        "\n",
        r#"{"id":"=d4","text":"t","error":{"code":"inference_failed","message":"the model failed to run: NaN"}}"#,
        "\n",
    ];
    assert_eq!(String::from_utf8(written).expect("UTF-8"), json.concat());
    assert!(warnings.is_empty());
}

#[test]
fn all_of_a_document_comes_back() {
    let samples = samples();
    let written = write(Format::Jsonl, &samples);
    assert_eq!(documents(Format::Jsonl, &written), samples);
    assert!(warnings(Format::Jsonl, &samples).is_empty());
    assert_eq!(write(Format::Jsonl, &documents(Format::Jsonl, &written)), written);
    // An empty chunk, as a tokenizer's piece may be.
    let mut empty = document("e", "ab", &[]);
    empty.mentions = vec![Mention { spans: vec![Span { begin: 1, end: 1 }], entity: "x".into(), ..Mention::default() }];
    let empty = [empty];
    assert_eq!(documents(Format::Jsonl, &write(Format::Jsonl, &empty)), empty);
    assert_eq!(documents(Format::Jsonl, &write(Format::Jsonl, &[])), []);
}

/// A document whose mention has tokens with the scores of their labels.
fn with_tokens() -> Document {
    let mut document = document("d", "\u{1F9EC} IL-2 gene", &[(&["IL-2 gene"], "DNA")]);
    let token = |begin, end, label: &str| {
        let labels =
            vec![LabelScore { label: label.into(), score: 0.5 }, LabelScore { label: "O".into(), score: 0.25 }];
        ChunkToken { begin, end, labels }
    };
    document.mentions[0].tokens = vec![token(3, 7, "B-DNA"), token(8, 12, "I-DNA")];
    document
}

#[test]
fn scores_of_labels_come_back() {
    let samples = [with_tokens()];
    let written = write(Format::Jsonl, &samples);
    let token = r#"{"begin":3,"end":7,"labels":[{"label":"B-DNA","score":0.5},{"label":"O","score":0.25}]}"#;
    assert!(written.contains(&format!(r#""entity":"DNA","tokens":[{token},"#)), "{written}");
    assert_eq!(documents(Format::Jsonl, &written), samples);
    // In another unit.
    let points = r#"{"id":"d","text":"🧬 IL-2","chunks":[{"begin":2,"end":6,"entity":"x","tokens":[{"begin":2,"end":6,"labels":[]}]}],"offsetUnit":"code-point"}"#;
    let [read] = &documents(Format::Jsonl, points)[..] else { panic!("one document") };
    assert_eq!((read.mentions[0].tokens[0].begin, read.mentions[0].tokens[0].end), (3, 7));
    // Beyond the text, they are told, and the mention is read without them.
    let beyond = points.replace(r#""end":6,"labels""#, r#""end":7,"labels""#);
    let record = &records(Format::Jsonl, &beyond, &ReadOptions::default())[0];
    assert_eq!(record.document.as_ref().expect("a document").mentions[0].tokens, []);
    assert_eq!(
        errors(Format::Jsonl, &beyond, &ReadOptions::default()),
        ["f:1: its token from 2 to 7 is no place in its text, in code points"]
    );
    let [mut elsewhere] = samples;
    elsewhere.mentions[0].tokens[1].end = 13;
    assert!(elsewhere.check().is_err_and(|error| error.to_string().contains("a token from 8 to 13")));
    // Fields that others call so are information, as all that is not known.
    let others = r#"{"id":"d","text":"IL-2","chunks":[{"begin":0,"end":4,"entity":"x","tokens":["IL","-","2"]}]}"#;
    let [read] = &documents(Format::Jsonl, others)[..] else { panic!("one document") };
    assert_eq!(read.mentions[0].info, [("tokens".to_string(), r#"["IL","-","2"]"#.to_string())].into());
}

#[test]
fn formats_without_scores_of_labels_say_so() {
    for format in Format::ALL.into_iter().filter(|format| format.can_be_written() && *format != Format::Jsonl) {
        let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("written");
        writer.document(&with_tokens()).expect("memory");
        let told = writer.finish().expect("memory").1.to_string();
        // Plain text has no mentions.
        let expected = "mentions with the scores of their tokens' labels, which are left out: 1";
        assert_eq!(told.contains(expected), format != Format::Text, "{}: {told}", format.name());
    }
}

#[test]
fn a_line_is_one_line_to_any_reader() {
    let line_end = |c: char| matches!(c, '\n'..='\r' | '\u{1C}'..='\u{1E}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    for format in [Format::Jsonl, Format::Doccano, Format::Spacy] {
        let samples = samples();
        let written = write(format, &samples);
        assert_eq!(written.matches(line_end).count(), samples.len(), "{}", format.name());
        for (line, sample) in written.lines().zip(&samples) {
            assert_eq!(serde_json::from_str::<serde_json::Value>(line).expect("JSON")["text"], sample.text);
        }
    }
}

#[test]
fn fields_of_usual_names_are_read() {
    let ids = |file: &str| -> Vec<(String, String)> {
        documents(Format::Jsonl, file).into_iter().map(|document| (document.id, document.text)).collect()
    };
    let pair = |id: &str, text: &str| (id.to_string(), text.to_string());
    assert_eq!(ids(r#"{"pmid":123,"title":"t","abstract":"a"}"#), [pair("123", "a")]);
    assert_eq!(ids(r#"{"_id":"x","body":"b","abstract":null}"#), [pair("x", "b")]);
    assert_eq!(ids("{\"sentence\":\"s\"}\r\n\r\n{\"content\":\"c\"}"), [pair("f:1", "s"), pair("f:3", "c")]);
    let options = ReadOptions { text_field: Some("title".into()), id_field: Some("key".into()), unit: None };
    let record = &records(Format::Jsonl, r#"{"key":1.5,"id":7,"title":"t","text":"x"}"#, &options)[0];
    let document = record.document.as_ref().expect("a document");
    assert_eq!((document.id.as_str(), document.text.as_str()), ("1.5", "t"));
    assert_eq!(document.info, [("id".into(), "7".into()), ("text".into(), "x".into())].into());
    assert_eq!(errors(Format::Jsonl, r#"{"id":7,"text":"x"}"#, &options), ["f:1: it has no \"title\", only id, text"]);
}

#[test]
fn gold_entities_count_code_points() {
    let file = r#"{"id":"a","text":"🧬 TNF-α","entities":[[2,7,"protein"],[0,1,"x",9]],"year":2026}"#;
    let record = &records(Format::Jsonl, file, &ReadOptions::default())[0];
    let read = record.document.clone().expect("a document");
    let expected = document("a", "\u{1F9EC} TNF-α", &[(&["TNF-α"], "protein"), (&["\u{1F9EC}"], "x")]);
    assert_eq!(read.mentions, expected.mentions);
    assert_eq!(read.info, [("year".to_string(), "2026".to_string())].into());
    assert_eq!(record.warnings.to_string(), "values behind [begin, end, entity], which are not read: 1");
    let options = ReadOptions { unit: Some(Unit::Utf16), ..ReadOptions::default() };
    let record = &records(Format::Jsonl, r#"{"text":"🧬 TNF-α","entities":[[3,8,"protein"]]}"#, &options)[0];
    assert_eq!(record.document.as_ref().expect("a document").mentions[0].text, "TNF-α");
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_read() {
    let file = [
        r#"{"id":"a","text":"IL-2 x","chunks":[{"begin":0,"end":4,"entity":"p"},{"begin":0,"end":3,"text":"IL-2","entity":"p"},7]}"#,
        r#"{"id":"b","text":"half \ud83d"}"#,
        r#"{"id":"c","text":"x","text":"y"}"#,
        r#"{"id":"d","error":{"code":"x","message":"y"}}"#,
        r#"{"id":"e","text":"🧬a","entities":[[0,9,"p"],["0",1,"p"]],"passages":[{"begin":1,"end":2},{"begin":0,"end":2}]}"#,
        r#"{"id":"f","text":"x","chunks":{}}"#,
        r#"{"id":"g","text":"x","offsetUnit":"words"}"#,
        r#"{"id":"h","text":"cut o"#,
    ];
    let found = records(Format::Jsonl, &file.join("\n"), &ReadOptions::default());
    let (names, read): (Vec<&str>, Vec<bool>) =
        found.iter().map(|record| (record.name(), record.document.is_ok())).unzip();
    assert_eq!(names, ["a", "f:2", "f:3", "d", "e", "f", "g", "f:8"]);
    assert_eq!(read, [true, false, false, false, true, true, false, false]);
    let errors = errors(Format::Jsonl, &file.join("\n"), &ReadOptions::default());
    for (error, expected) in errors.iter().zip([
        "f:1: 7 is not a chunk with begin, end and entity",
        "f:1: at 0 to 3, in UTF-16 code units, its text is \"IL-\", not \"IL-2\"",
        "f:2: it is not valid JSON: ",
        "f:3: it has \"text\" twice",
        "f:4: it is an error record: this document was not annotated",
        "f:5: [\"0\",1,\"p\"] is not a valid [begin, end, entity] in code points",
        "f:5: 0 to 9 is no place in its text, in code points",
        "f:5: its passage from 1 to 2 is no place in its text, or not behind the one before",
        "f:6: its \"chunks\" are an object, not an array",
        "f:7: its \"offsetUnit\" is \"words\", not utf-16, code-point or byte",
        "f:8: it is not valid JSON: EOF",
    ]) {
        assert!(error.starts_with(expected), "{error:?} {expected:?}");
    }
    assert_eq!(errors.len(), 11, "{errors:#?}");
}

#[test]
fn a_failed_document_that_is_read_says_that_it_failed() {
    let read = documents(Format::Jsonl, r#"{"id":"a","text":"t","error":{"code":"inference_failed","message":"NaN"}}"#);
    assert_eq!(read[0].info["error"], r#"{"code":"inference_failed","message":"NaN"}"#);
}

#[test]
fn doccano_comes_back() {
    let samples = plain_samples();
    let written = write(Format::Doccano, &samples);
    assert_eq!(documents(Format::Doccano, &written), samples);
    assert!(warnings(Format::Doccano, &samples).is_empty());
    let gene = document("7", "\u{1F9EC} IL-2", &[(&["IL-2"], "DNA")]);
    assert_eq!(
        write(Format::Doccano, std::slice::from_ref(&gene)),
        "{\"id\":7,\"label\":[[2,6,\"DNA\"]],\"text\":\"\u{1F9EC} IL-2\"}\n"
    );
    let options = WriteOptions { label_field: Some("labels".into()), ..WriteOptions::default() };
    assert!(write_with(Format::Doccano, &[gene], &options).0.contains(r#""labels":[[2,6,"DNA"]]"#));
}

#[test]
fn files_of_doccano_come_out_as_they_came_in() {
    for file in [
        r#"{"Comments":["sure?"],"id":12,"label":[[0,4,"DNA"],[5,9,"x"]],"meta":{"pmid":"1","year":2026},"text":"IL-2 gene"}"#,
        r#"{"Comments":[],"entities":[{"end_offset":4,"id":3,"label":"DNA","start_offset":0},{"end_offset":9,"id":5,"label":"x","start_offset":5}],"id":1,"relations":[{"from_id":3,"id":1,"to_id":5,"type":"of"}],"text":"IL-2 gene"}"#,
        r#"{"entities":[],"id":2,"relations":[],"text":"β"}"#,
    ] {
        let file = format!("{file}\n");
        assert_eq!(write(Format::Doccano, &documents(Format::Doccano, &file)), file);
    }
    let read = |file: &str| records(Format::Doccano, file, &ReadOptions::default());
    let older = &read(r#"{"text":"IL-2","labels":[[0,4,"DNA"]]}"#)[0];
    assert_eq!(older.document.as_ref().expect("a document").mentions.len(), 1);
    let related = &read(r#"{"text":"a","entities":[],"relations":[{"id":1},{"id":2}]}"#)[0];
    assert_eq!(related.warnings.to_string(), "relations, which are kept as they are but not read: 2");
    let whole = &read(r#"{"text":"a","label":["good","bad"]}"#)[0];
    assert_eq!(whole.warnings.to_string(), "labels of whole texts, which are not read: 2");
    let numbered =
        r#"{"text":"abc","annotations":[{"label":1,"start_offset":0,"end_offset":1}],"label":[[0,9,"x"],[1,2]]}"#;
    let errors = errors(Format::Doccano, numbered, &ReadOptions::default());
    assert_eq!(errors.len(), 3, "{errors:#?}");
    assert_eq!(
        errors[0],
        "f:1: [1,2] is neither [begin, end, label] nor an object with label, start_offset and end_offset"
    );
}

#[test]
fn what_doccano_cannot_hold_is_told() {
    assert_eq!(
        warnings(Format::Doccano, &[full_sample(), nested_samples()[1].clone()]),
        "confidences, which are left out: 1; documents that the model read in part, which is not said: 1; further fields of \
         mentions, which are left out: 1; identifiers, which are left out: 1; mentions in pieces, each piece of which is a \
         mention: 1; mentions of persons, which are not told from others: 2; passages, which are left out: 2; results of \
         Spark NLP, which are left out: 1; times of decisions, which are left out: 1"
    );
    let pieces = documents(Format::Doccano, &write(Format::Doccano, &nested_samples()[1..]));
    let texts: Vec<&str> = pieces[0].mentions.iter().map(|mention| mention.text.as_str()).collect();
    assert_eq!(texts, ["left", "β-lungs", "right β-lungs"]);
}
