use glossa_ner::formats::{read, Document, Format, Input, Passage, ReadOptions, Unit};

use super::texts::{document, documents, hard, judged, mention, passage, records, text_of};

const FILE: &str = "101|t|Effects of TNF-α on β-cells\n101|a|A \u{1F9EC} test: IL-2|t|binds.\n\
    101\t11\t16\tTNF-α\tGene\t7124\n101\t20\t27\tβ-cells\tCellLine\t-\n101\t38\t42\tIL-2\tGene\t3558\tIL-2|interleukin\n\n\
    102|t|Only a title\n102|a|\n";

#[test]
fn titles_and_abstracts_are_read_with_mentions_in_code_points() {
    let read = documents(Format::Pubtator, FILE);
    assert_eq!(read.len(), 2);
    let Document { id, text, passages, mentions, .. } = &read[0];
    assert_eq!((id.as_str(), text.as_str()), ("101", "Effects of TNF-α on β-cells\nA \u{1F9EC} test: IL-2|t|binds."));
    assert_eq!(passages, &[passage(0, 27, Passage::TITLE), passage(28, 52, Passage::ABSTRACT)]);
    let spans: Vec<_> =
        mentions.iter().map(|mention| (mention.begin(), mention.end(), mention.text.as_str())).collect();
    // The emoji is two UTF-16 code units.
    assert_eq!(spans, [(11, 16, "TNF-α"), (20, 27, "β-cells"), (39, 43, "IL-2")]);
    let identifiers: Vec<_> = mentions.iter().map(|mention| mention.identifier.as_deref()).collect();
    assert_eq!(identifiers, [Some("7124"), None, Some("3558")]);
    assert_eq!(read[1].passages, [passage(0, 12, Passage::TITLE)]);
    // Some readers search lines for `|t|`.
    let warning = "|t| and |a| in titles and abstracts, which are written with broken bars: 1".to_string();
    assert_eq!(text_of(Format::Pubtator, &read), (FILE.replace("2|t|b", "2¦t¦b"), warning));
}

#[test]
fn what_the_format_holds_comes_back() {
    let (title, rest) = ("Role of NF-κB", "It binds \u{1F9EC} IL-2.");
    let both = Document {
        passages: vec![passage(0, 13, Passage::TITLE), passage(14, 31, Passage::ABSTRACT)],
        ..document("PMC1", &format!("{title}\n{rest}"), &[("NF-κB", "Gene"), ("IL-2", "Gene"), ("IL", "Other")])
    };
    let untitled =
        Document { passages: vec![passage(1, 5, Passage::ABSTRACT)], ..document("7", "\nIL-2", &[("IL-2", "Gene")]) };
    let only_title =
        Document { passages: vec![passage(0, 4, Passage::TITLE)], ..document("8", "IL-2", &[("IL-2", "Gene")]) };
    let written = [both, untitled, only_title];
    let (file, warnings) = text_of(Format::Pubtator, &written);
    assert_eq!(warnings, "");
    assert_eq!(documents(Format::Pubtator, &file), written);
}

#[test]
fn no_document_is_an_empty_file() {
    assert_eq!(text_of(Format::Pubtator, &[]), (String::new(), String::new()));
    assert_eq!(records(Format::Pubtator, "f", b""), []);
}

#[test]
fn mentions_keep_their_text_whatever_becomes_of_blanks() {
    for document in hard() {
        let (file, _) = text_of(Format::Pubtator, std::slice::from_ref(&document));
        let read = documents(Format::Pubtator, &file);
        let texts = |document: &Document| -> Vec<String> {
            document
                .mentions
                .iter()
                .map(|mention| mention.text.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect()
        };
        if document.id == "pieces" {
            assert_eq!(texts(&read[0]), ["left and right atrium", "right atrium", "atrium"]);
        } else {
            assert_eq!(texts(&read[0]), texts(&document), "{}", document.id);
        }
        for line in file.lines().filter(|line| line.contains('\t')) {
            assert_eq!(line.split('\t').count(), 6, "{line}");
        }
    }
}

#[test]
fn what_is_lost_is_counted() {
    let text = "  A title \n\nIL-2\nand\tIL-2 ";
    let mut lossy = document("a b|c", text, &[("IL-2\nand", "Gene"), (" ", "Blank")]);
    lossy.mentions.truncate(2);
    lossy.mentions[0] = judged(lossy.mentions[0].clone());
    lossy.mentions.push(mention(text, &[(12, 16), (21, 25)], "cell\ntype"));
    let (file, warnings) = text_of(Format::Pubtator, &[lossy]);
    assert_eq!(
        file,
        "a_b_c|t|A title\na_b_c|a|IL-2 and IL-2\na_b_c\t8\t16\tIL-2 and\tGene\tMESH:D003924\n\
         a_b_c\t8\t21\tIL-2 and IL-2\tcell type\t-\n"
    );
    assert_eq!(
        warnings,
        "confidences, which are left out: 1; ids of documents with blanks or |, which become _: 1; line breaks and tabs in titles and abstracts, which become blanks: 2; mentions in pieces, which are written as one from begin to end: 1; mentions of persons, which are not told from others: 1; mentions without a place in the text, which are left out: 1; texts with blanks around the title or the abstract, which are left out: 1; times of decisions, which are left out: 1"
    );
}

#[test]
fn the_title_is_that_of_the_passages_or_a_line_that_stands_alone() {
    for (text, passages, title) in [
        ("One\ntwo\n\nthree", vec![], "One two  three"),
        ("One\r\n\r\ntwo", vec![], "One"),
        ("One two", vec![passage(0, 3, Passage::TITLE)], "One"),
        ("One\n\ntwo", vec![passage(0, 8, Passage::PARAGRAPH)], "One"),
        ("One two\n\nthree", vec![passage(0, 3, Passage::TITLE), passage(4, 7, Passage::ABSTRACT)], "One"),
    ] {
        let (file, _) = text_of(Format::Pubtator, &[Document { passages, ..document("1", text, &[]) }]);
        assert_eq!(file.lines().next(), Some(format!("1|t|{title}").as_str()), "{text:?}");
    }
}

#[test]
fn bad_lines_and_records_are_told_and_the_next_record_follows() {
    let file = "1|t|IL-2 here\n1|a|\n1\t0\t4\tIL-3\tGene\t-\n2\t0\t4\tIL-2\tGene\n1\tCID\tD1\tD2\nrubbish\there\n\nno record\n\n\
        3|t|IL-2\n4|t|IL-2\n4\t0\t4\tIL-2\tGene\n5|a|IL-2\n";
    let read = records(Format::Pubtator, "f", file.as_bytes());
    let places: Vec<_> = read.iter().map(|record| (record.place.as_str(), record.document.is_ok())).collect();
    assert_eq!(places, [("f:1", true), ("f:8", false), ("f:10", true), ("f:11", true), ("f:13", true)]);
    let problems: Vec<String> = read[0].problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 3);
    assert!(problems[0].starts_with("f:4: the mention is of the document \"2\""), "{problems:?}");
    assert!(problems[1].starts_with("f:6: the line is none of PubTator's"), "{problems:?}");
    assert!(
        problems[2].starts_with("f:3: at 0 to 4, in code points, its text is \"IL-2\", not \"IL-3\""),
        "{problems:?}"
    );
    assert_eq!(read[0].warnings.to_string(), "relations, which are not read: 1");
    let last = read[4].document.as_ref().expect("a document");
    assert_eq!((last.text.as_str(), last.passages.len()), ("\nIL-2", 1));
}

#[test]
fn blanks_that_offsets_do_not_count_are_left_out_with_a_warning() {
    let read = records(Format::Pubtator, "f", b"1|t| IL-2 \n1|a|TNF\n1\t0\t4\tIL-2\tGene\n1\t5\t8\tTNF\tGene\n");
    let document = read[0].document.as_ref().expect("a document");
    assert_eq!((document.text.as_str(), document.mentions.len()), ("IL-2\nTNF", 2));
    assert!(read[0].warnings.to_string().starts_with("titles with blanks at an end"));
    let counted = records(Format::Pubtator, "f", b"1|t| IL-2 \n1|a|TNF\n1\t1\t5\tIL-2\tGene\n1\t7\t10\tTNF\tGene\n");
    assert_eq!(counted[0].document.as_ref().expect("a document").text, " IL-2 \nTNF");
    assert!(counted[0].warnings.is_empty() && counted[0].problems.is_empty());
}

#[test]
fn another_unit_is_offered_and_taken_when_asked_for() {
    let file = "1|t|\u{1F9EC} IL-2\n1|a|\n1\t3\t7\tIL-2\tGene\t-\n";
    let read_as = |unit| {
        let input = Input::new(file.as_bytes(), "f", None).expect("text");
        read(Format::Pubtator, input, &ReadOptions { unit, ..ReadOptions::default() }).next().expect("a record")
    };
    assert!(read_as(None).problems[0].to_string().ends_with("read it with the offset unit utf-16"));
    assert_eq!(read_as(Some(Unit::Utf16)).document.expect("a document").mentions[0].text, "IL-2");
}

#[test]
fn a_text_that_is_broken_into_lines_is_kept() {
    let read = records(Format::Pubtator, "f", b"1|t|A title\n1|a|First\nsecond IL-2\n1\t21\t25\tIL-2\tGene\t-\n");
    let document = read[0].document.as_ref().expect("a document");
    assert_eq!((document.text.as_str(), document.mentions.len()), ("A title\nFirst\nsecond IL-2", 1));
    assert_eq!(read[0].warnings.iter().map(|(_, times)| times).sum::<usize>(), 1);
}

#[test]
fn bytes_that_are_no_text_fail_their_record_alone() {
    let read = records(Format::Pubtator, "f", b"1|t|ok\n\n2|t|bad\xFF\n\n3|t|ok\n");
    assert_eq!(read.iter().map(|record| record.document.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(read[0].name(), "1");
    assert!(read[1].document.as_ref().expect_err("bytes").to_string().starts_with("f:3: it is not UTF-8"));
}
