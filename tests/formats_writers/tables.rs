use super::*;

/// What was written of a document and of two that failed.
fn written(format: Format) -> String {
    let mut first = document("d1", "x a \"b\", y", &[(&["a \"b\","], "DNA")]);
    first.mentions[0].confidence = Some(0.5);
    first.truncated_from = Some(9);
    let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).expect("written");
    writer.document(&first).expect("memory");
    writer.document(&document("d2", "", &[])).expect("memory");
    let error = Error::InputInvalid { input: "f:3".into(), reason: "it has no \"text\"".into() };
    writer.failure("d3", None, &error).expect("memory");
    writer.failure("=d4", Some("t"), &Error::InferenceFailed { reason: "NaN".into() }).expect("memory");
    String::from_utf8(writer.finish().expect("memory").0).expect("UTF-8")
}

#[test]
fn tables_have_every_mention_and_every_failure() {
    assert_eq!(
        written(Format::Csv),
        "id,begin,end,entity,confidence,text\nd1,2,8,DNA,0.5000,\"a \"\"b\"\",\"\n\
         d3,,,error,,\"input_invalid: f:3: it has no \"\"text\"\"\"\n\
         '=d4,,,error,,inference_failed: the model failed to run: NaN\n"
    );
    assert_eq!(
        written(Format::Tsv),
        "id\tbegin\tend\tentity\tconfidence\ttext\nd1\t2\t8\tDNA\t0.5000\t\"a \"\"b\"\",\"\n\
         d3\t\t\terror\t\t\"input_invalid: f:3: it has no \"\"text\"\"\"\n\
         =d4\t\t\terror\t\tinference_failed: the model failed to run: NaN\n"
    );
    assert_eq!(
        written(Format::Table),
        "d1: 1 chunks, begin and end in UTF-16 code units\n      2       8  DNA  0.50  a \"b\",\n\
         not read: from 9 on\n\nd2: 0 chunks\n\nd3: failed: input_invalid: f:3: it has no \"text\"\n\n\
         =d4: failed: inference_failed: the model failed to run: NaN\n"
    );
    let header = "id,begin,end,entity,confidence,text\n";
    assert_eq!(write(Format::Csv, &[]), header);
    assert_eq!((write(Format::Table, &[]), write(Format::Text, &[])), (String::new(), String::new()));
    let mark = WriteOptions { csv_mark: true, ..WriteOptions::default() };
    let two = [document("d", "", &[]), document("e", "", &[])];
    assert_eq!(write_with(Format::Csv, &two, &mark).0, format!("\u{FEFF}{header}"));
}

#[test]
fn who_decided_is_in_the_table_if_asked_for() {
    let options = WriteOptions { details: true, ..WriteOptions::default() };
    let (written, warnings) = write_with(Format::Csv, &[full_sample()], &options);
    assert_eq!(
        written,
        "id,begin,end,entity,confidence,text,by,time,identifier\n\
         full,8,12,protein,0.9800,IL-2,model: cellular,2026-11-27T03:00:00Z,NCBIGene:3558\n\
         full,6,7,x,,β,person: Ada,,\nfull,13,18,y,,binds,person,,\n"
    );
    let told =
        "documents that the model read in part, which is not said: 1; results of Spark NLP, which are left out: 1";
    assert_eq!(warnings.to_string(), told);
    let told = "documents that the model read in part, which is not said: 1; identifiers, which are left out: 1; \
                mentions of persons, which are not told from others: 2; results of Spark NLP, which are left out: 1; \
                times of decisions, which are left out: 1";
    assert_eq!(super::warnings(Format::Csv, &[full_sample()]), told);
    let pieces = write(Format::Tsv, &nested_samples()[1..]);
    assert!(pieces.contains("\npieces\t0\t22\torgan\t\tleft β-lungs\n"), "{pieces}");
}

#[test]
fn a_row_is_a_document() {
    let file = "PMID,Title,Abstract,Year\r\n1,\"a, \"\"b\"\"\",\"IL-2\r\nbinds, \"\"β\"\"\",2026\r\n,,\u{1F9EC},\r\n\r\n3,t,'=x,\r\n";
    let read = documents(Format::Csv, file);
    let text = |i: usize| (read[i].id.as_str(), read[i].text.as_str());
    assert_eq!((text(0), text(1)), (("1", "IL-2\r\nbinds, \"β\""), ("f:4", "\u{1F9EC}")));
    assert_eq!((text(2), read.len()), (("3", "'=x"), 3));
    let info = [("Title".to_string(), "a, \"b\"".to_string()), ("Year".to_string(), "2026".to_string())];
    assert_eq!(read[0].info, info.into());
    let tabs = documents(Format::Tsv, "id\ttext\na,b\tIL-2; \"Tax\"\n");
    assert_eq!((tabs[0].id.as_str(), tabs[0].text.as_str()), ("a,b", "IL-2; \"Tax\""));
    let semicolons = documents(Format::Csv, "\u{FEFF}id;text\n1;\"a;b, c\"\n");
    assert_eq!((semicolons[0].id.as_str(), semicolons[0].text.as_str()), ("1", "a;b, c"));
    let options = ReadOptions { text_field: Some("note".into()), id_field: Some("key".into()), unit: None };
    let named = records(Format::Csv, "key,text,note,note2,,\n9,t,n,m,o,p", &options).remove(0).document.expect("a row");
    assert_eq!((named.id.as_str(), named.text.as_str()), ("9", "n"));
    assert_eq!(named.info.keys().map(String::as_str).collect::<Vec<_>>(), ["column 5", "column 6", "note2", "text"]);
    // No line end at the end, and no row.
    assert_eq!(documents(Format::Csv, "text").len(), 0);
    assert_eq!(documents(Format::Csv, "text\nIL-2")[0].text, "IL-2");
}

#[test]
fn texts_come_back_from_a_table_that_others_write() {
    let samples = plain_samples();
    let mut rows = csv::Writer::from_writer(vec![]);
    rows.write_record(["id", "text"]).expect("a row");
    for sample in &samples {
        rows.write_record([&sample.id, &sample.text]).expect("a row");
    }
    let file = String::from_utf8(rows.into_inner().expect("rows")).expect("UTF-8");
    let texts = |documents: Vec<Document>| -> Vec<(String, String)> {
        documents.into_iter().map(|document| (document.id, document.text)).collect()
    };
    assert_eq!(texts(documents(Format::Csv, &file)), texts(samples));
}

#[test]
fn what_is_wrong_with_a_table_is_told() {
    let told = |file: &str| errors(Format::Csv, file, &ReadOptions::default());
    assert_eq!(
        told("id,begin,end,entity,confidence,text\nd1,2,8,DNA,0.5,a\n"),
        ["f:1: it is a table of mentions, as Glossa writes it, which has no whole texts: JSON lines hold both, and are read again"]
    );
    assert_eq!(
        told("a,b\n1,2\n"),
        ["f:1: no column is named text, abstract, body, content, sentence; with the separator comma the columns are \"a\", \"b\"; \
          say which has the text"]
    );
    assert_eq!(told("text,text\n1,2\n"), ["f:1: it has the column \"text\" more than once"]);
    assert_eq!(told(""), ["f:1: it is empty: a table has a header, and a row for each document"]);
    assert_eq!(
        told("id,text\n1,IL-2, and Tax\n2,b\n3\n"),
        [
            "f:2: it has 3 cells, the header 2: a cell with a separator or a line break in it must stand in quotes",
            "f:4: it has 1 cells, the header 2: a cell with a separator or a line break in it must stand in quotes"
        ]
    );
    // A quote within is a letter, but quotes around half of a cell would be lost.
    let beyond = "a cell that begins with a quote goes on behind the closing one: in a cell in quotes, write each quote within twice";
    let half = "id,text\r\n1,\"IL-2\" binds\r\n2,the \"IL-2\" gene\r\n3,\"a\"b";
    assert_eq!(told(half), [format!("f:2: {beyond}"), format!("f:4: {beyond}")]);
    assert_eq!(told("\"id\"x,text\n"), [format!("f:1: {beyond}")]);
    let options = ReadOptions { text_field: Some("note".into()), ..ReadOptions::default() };
    assert_eq!(errors(Format::Csv, "id,text\n", &options), ["f:1: it has no column \"note\", only \"id\", \"text\""]);
}

#[test]
fn a_table_that_is_cut_off_is_read_up_to_there() {
    let file = "id,text\n1,\"a\"\n2,\"b, c\nd";
    let read = records(Format::Csv, file, &ReadOptions::default());
    assert_eq!(read[0].document.as_ref().map(|document| document.text.as_str()), Ok("a"));
    assert_eq!((read.len(), read[1].name()), (2, "2"));
    let error = read[1].document.as_ref().expect_err("cut off").to_string();
    assert_eq!(
        error,
        "f:3: a quote is not closed before the end of the file: the file is cut off, or a quote is missing"
    );
    // A quote within a cell is a letter, and one at the end closes.
    assert_eq!(documents(Format::Csv, "id,text\n1,5\" pipe\n2,\"x\"")[0].text, "5\" pipe");
}

#[test]
fn bytes_that_are_no_text_are_the_error_of_their_row() {
    let input = Input::new(&b"id,text\n1,a\xFF\n2,b\n"[..], "f", None).expect("a file");
    let read: Vec<Record> = read(Format::Csv, input, &ReadOptions::default()).collect();
    let error = read[0].document.as_ref().expect_err("no text").to_string();
    assert_eq!((error.as_str(), read[0].name(), read[1].name()), ("f:2: its \"text\" is not UTF-8", "1", "2"));
}

#[test]
fn plain_text_is_a_document_and_comes_out_as_it_is() {
    for sample in plain_samples() {
        let written = write(Format::Text, std::slice::from_ref(&sample));
        assert_eq!(written, sample.text);
        let read = documents(Format::Text, &written);
        assert_eq!((read.len(), read[0].id.as_str(), read[0].text == sample.text), (1, "f", true));
    }
    let two = [document("a", "IL-2\n", &[(&["IL-2"], "x")]), document("b", "Tax", &[])];
    assert_eq!(write(Format::Text, &two), "IL-2\n\n\u{C}\nTax");
    assert_eq!(
        warnings(Format::Text, &two),
        "mentions, of which plain text has none: 1; texts that follow another in the same file, behind a line with a form feed: 1"
    );
    let input = Input::new(&b"a\xFFb"[..], "f", None).expect("a file");
    let read: Vec<Record> = read(Format::Text, input, &ReadOptions::default()).collect();
    let error = read[0].document.as_ref().expect_err("no text").to_string();
    assert_eq!(error, "f: it is not UTF-8: the byte 0xFF at byte 1 (from 0), in line 1, is not valid there; say which encoding it is: --input-encoding utf-8, utf-16le, utf-16be, latin-1 or windows-1252");
}
