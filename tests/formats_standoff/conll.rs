use glossa_ner::formats::{Document, Format, Mention};

use super::texts::{document, documents, hard, judged, mention, passage, records, text_of};

const FILE: &str =
    "-DOCSTART- PMID:1 _ O\n\nTNF -X- _ B-protein\n- -X- _ I-protein\nα -X- _ I-protein\nbinds -X- _ O\n. -X- _ O\n\n\
    IL -X- _ B-protein\n2 -X- _ B-protein\n\u{1F9EC} -X- _ B-Sign\n\n-DOCSTART- 2 _ O\n\n";

/// Begin, end, entity and text of each mention.
fn outline(document: &Document) -> Vec<(usize, usize, &str, &str)> {
    let mentions = document.mentions.iter();
    mentions.map(|mention| (mention.begin(), mention.end(), mention.entity.as_str(), mention.text.as_str())).collect()
}

#[test]
fn tokens_are_a_text_with_mentions() {
    let read = documents(Format::Conll, FILE);
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].id.as_str(), read[0].text.as_str()), ("PMID:1", "TNF - α binds .\nIL 2 \u{1F9EC}"));
    assert_eq!(
        outline(&read[0]),
        [
            (0, 7, "protein", "TNF - α"),
            (16, 18, "protein", "IL"),
            (19, 20, "protein", "2"),
            (21, 23, "Sign", "\u{1F9EC}")
        ]
    );
    assert_eq!((read[1].id.as_str(), read[1].text.as_str()), ("2", ""));
    assert_eq!(text_of(Format::Conll, &read), (FILE.to_string(), String::new()));
}

#[test]
fn what_the_format_holds_comes_back() {
    let tokens = "IL - 2 gene expression\nrequires NF - kappa B .";
    let written = [
        document("a", tokens, &[("IL - 2", "DNA"), ("gene", "X"), ("NF - kappa B", "protein-complex")]),
        document("b", "", &[]),
        document("c", "β", &[("β", "S")]),
    ];
    let (file, warnings) = text_of(Format::Conll, &written);
    assert_eq!(warnings, "");
    assert_eq!(documents(Format::Conll, &file), written);
    assert_eq!(text_of(Format::Conll, &[]), (String::new(), String::new()));
    assert_eq!(records(Format::Conll, "f", b""), []);
}

#[test]
fn mentions_keep_their_characters_whatever_their_tokens() {
    for document in hard() {
        let (file, warnings) = text_of(Format::Conll, std::slice::from_ref(&document));
        let read = documents(Format::Conll, &file);
        let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let texts: Vec<String> = read[0].mentions.iter().map(|mention| plain(&mention.text)).collect();
        match document.id.as_str() {
            "pieces" => {
                assert_eq!(texts, ["leftandrightatrium"]);
                assert_eq!(
                    warnings,
                    "mentions in pieces, which are written as one from begin to end: 1; overlapping mentions, of which only the \
                     longest is written: 2"
                );
            }
            _ => {
                let mut mentions = document.mentions.clone();
                mentions.sort_by_key(Mention::begin);
                assert_eq!(
                    texts,
                    mentions.iter().map(|mention| plain(&mention.text)).collect::<Vec<_>>(),
                    "{}",
                    document.id
                );
            }
        }
        for line in file.lines().filter(|line| !line.is_empty()) {
            assert_eq!(line.split(' ').count(), 4, "{line}");
        }
    }
}

#[test]
fn every_scheme_of_labels_is_read() {
    let iob1 = "EU I-ORG\nrejects O\nGerman I-MISC\ncall O\nA I-X\nB I-X\nC B-X\nD I-Y\n\nE I-Y\n";
    let iob2 = "EU B-ORG\nrejects O\nGerman B-MISC\ncall O\nA B-X\nB I-X\nC B-X\nD B-Y\n\nE B-Y\n";
    let iobes = "EU S-ORG\nrejects O\nGerman U-MISC\ncall O\nA B-X\nB E-X\nC S-X\nD S-Y\n\nE S-Y\n";
    for file in [iob1, iob2, iobes] {
        let read = records(Format::Conll, "dir/x.conll", file.as_bytes());
        let document = read[0].document.as_ref().expect("a document");
        assert_eq!(document.id, "x");
        let mentions: Vec<_> =
            document.mentions.iter().map(|mention| (mention.entity.as_str(), mention.text.as_str())).collect();
        assert_eq!(
            mentions,
            [("ORG", "EU"), ("MISC", "German"), ("X", "A B"), ("X", "C"), ("Y", "D"), ("Y", "E")],
            "{file}"
        );
        assert!(read[0].warnings.is_empty(), "{}", read[0].warnings);
    }
    let mixed = records(Format::Conll, "x", b"EU B-ORG\nrejects O\nGerman I-MISC\n");
    assert_eq!(mixed[0].warnings.to_string(), "labels I- behind no label of their entity, which begin a mention: 1");
}

#[test]
fn columns_may_be_two_to_five_with_blanks_or_tabs() {
    let file = "EU NNP I-NP B-ORG\ncalls VBZ O\n20 536\tB-N\n# a comment of a tool\n# O\nx\t-X-\t_\t_\tO\r\n";
    let read = records(Format::Conll, "x", file.as_bytes());
    let document = read[0].document.as_ref().expect("a document");
    assert_eq!(document.text, "EU calls 20 536 # x");
    assert_eq!(outline(document), [(0, 2, "ORG", "EU"), (9, 15, "N", "20 536")]);
    assert_eq!(
        read[0].warnings.to_string(),
        "comments, which are not read: 1; tokens with parts of speech or other columns, which are not read: 2"
    );
}

#[test]
fn starts_of_documents_have_ids_or_numbers() {
    let file = "-DOCSTART- -X- -X- O\n\na O\n\n-DOCSTART- (1 EU)\n\nb O\n-DOCSTART-\tPMC7\tO\nc O\n-DOCSTART-\n";
    let ids: Vec<String> = documents(Format::Conll, file).into_iter().map(|document| document.id).collect();
    assert_eq!(ids, ["1", "1 EU", "PMC7", "4"]);
}

#[test]
fn bad_lines_are_told_and_the_next_document_follows() {
    let file = b"-DOCSTART- 1\na O\nlonely\nb B-\nc X-Y\n\tO\n-DOCSTART- 2\n1 a b c d e f\nx O\n-DOCSTART- 3\nbad\xFF O\n-DOCSTART- 4\nd O\n";
    let read = records(Format::Conll, "f", file);
    assert_eq!(
        read.iter().map(|record| (record.place.as_str(), record.document.is_ok())).collect::<Vec<_>>(),
        [("f:1", true), ("f:7", false), ("f:10", false), ("f:12", true)]
    );
    assert_eq!((read[0].name(), read[1].name()), ("1", "2"));
    assert_eq!(read[0].document.as_ref().expect("a document").text, "a lonely b c");
    let places: Vec<String> = read[0].problems.iter().map(|error| error.to_string()[..3].to_string()).collect();
    assert_eq!(places, ["f:3", "f:4", "f:5", "f:6"]);
    let errors: Vec<String> = [1, 2].map(|at: usize| read[at].document.as_ref().expect_err("bad").to_string()).to_vec();
    assert!(
        errors[0].starts_with("f:8: it has 7 columns") && errors[1].starts_with("f:11: it is not UTF-8"),
        "{errors:?}"
    );
}

#[test]
fn what_is_lost_is_counted() {
    let text = "A title\nIL-2 and\u{1F9EC} NF\nkB x";
    let mut lossy = document("a b", text, &[("IL-2", "cell type"), ("NF\nkB", "")]);
    lossy.passages = vec![passage(0, 7, "title"), passage(8, 16, "abstract")];
    lossy.mentions[0] = judged(lossy.mentions[0].clone());
    lossy.mentions.push(mention(text, &[(7, 8)], "Blank"));
    let (file, warnings) = text_of(Format::Conll, &[lossy]);
    assert_eq!(
        file,
        "-DOCSTART- a_b _ O\n\nA -X- _ O\ntitle -X- _ O\n\nIL -X- _ B-cell_type\n- -X- _ I-cell_type\n2 -X- _ I-cell_type\n\
         and -X- _ O\n\n\u{1F9EC} -X- _ O\nNF -X- _ B-Entity\nkB -X- _ I-Entity\nx -X- _ O\n\n"
    );
    assert_eq!(
        warnings,
        "confidences, which are left out: 1; identifiers, which are left out: 1; ids of documents with blanks or without characters, which are changed: 1; line breaks within mentions, which do not end a sentence: 1; mentions of persons, which are not told from others: 1; mentions without a token, which are left out: 1; names of entities with blanks or without characters, which are changed: 2; passages, of which only the ends are kept, as ends of sentences: 2; times of decisions, which are left out: 1"
    );
}
