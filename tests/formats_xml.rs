//! MEDLINE, PubMed XML, JATS and BioC: what is read, what is written, and what damaged files give.

use std::io::Read;

use glossa_ner::formats::{
    read, By, Document, Format, Info, Input, Mention, Passage, ReadOptions, Record, Span, Unit, Who, WriteOptions,
    Writer,
};

fn records(format: Format, file: &str) -> Vec<Record> {
    records_of(format, file.as_bytes(), &ReadOptions::default())
}

fn records_of(format: Format, file: &[u8], options: &ReadOptions) -> Vec<Record> {
    read(format, Input::new(file, "f", None).unwrap(), options).collect()
}

/// The documents of a file about which there is nothing to say.
fn documents(format: Format, file: &str) -> Vec<Document> {
    let sound = |record: Record| {
        assert_eq!((record.problems.as_slice(), record.warnings.to_string().as_str()), (&[][..], ""), "{record:?}");
        record.document.unwrap()
    };
    records(format, file).into_iter().map(sound).collect()
}

fn written(format: Format, documents: &[Document]) -> (String, String) {
    let mut writer = Writer::new(format, Vec::new(), &WriteOptions::default()).unwrap();
    documents.iter().for_each(|document| writer.document(document).unwrap());
    let (out, warnings) = writer.finish().unwrap();
    (String::from_utf8(out).unwrap(), warnings.to_string())
}

/// Kind, text and heading of each passage.
fn passages(document: &Document) -> Vec<(&str, String, Option<&str>)> {
    let units: Vec<u16> = document.text.encode_utf16().collect();
    let passage = |passage: &'_ Passage| String::from_utf16(&units[passage.begin..passage.end]).unwrap();
    let of = |p: &'_ Passage| passage(p);
    document
        .passages
        .iter()
        .map(|p| (p.kind.as_str(), of(p), p.info.get(Passage::SECTION).map(String::as_str)))
        .collect()
}

fn info(pairs: &[(&str, &str)]) -> Info {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn error(record: &Record) -> String {
    record.document.as_ref().unwrap_err().to_string()
}

const NBIB: &str = "\r\nPMID- 100\r\nOWN - NLM\r\nDP  - 1998 Dec-1999 Jan\r\nTI  - IL-2 gene expression requires \r\n      NF-kappa B.\r\n\
LID - 10.1000/x [doi]\r\nAB  - BACKGROUND: Tax binds.\r\n       METHODS: β-actin 🧬 cells.\r\nJT  - Journal of\r\n      Tests\r\nOT  - x\r\n\
PMC - PMC7\r\nOAB - Publisher: Abstract available\r\n\r\n\r\nPMID- 101\r\nTI  - No abstract.\r\nPMID- 102\r\nBTI - A book\r\n";

#[test]
fn medline_gives_a_document_for_each_record() {
    let records = records(Format::Medline, NBIB);
    assert_eq!(records.iter().map(|record| record.place.as_str()).collect::<Vec<_>>(), ["f:2", "f:17", "f:19"]);
    assert_eq!(records[0].warnings.to_string(), "other abstracts, such as translations, which are not read: 1");
    let documents: Vec<Document> = records.into_iter().map(|record| record.document.unwrap()).collect();
    assert_eq!(documents[0].id, "100");
    assert_eq!(
        documents[0].text,
        "IL-2 gene expression requires NF-kappa B.\n\nBACKGROUND: Tax binds. METHODS: β-actin 🧬 cells."
    );
    assert_eq!(
        documents[0].info,
        info(&[
            ("pmid", "100"),
            ("doi", "10.1000/x"),
            ("journal", "Journal of Tests"),
            ("pmcid", "PMC7"),
            ("year", "1998")
        ])
    );
    assert_eq!(passages(&documents[0]).iter().map(|passage| passage.0).collect::<Vec<_>>(), ["title", "abstract"]);
    assert_eq!(documents[0].passages[1].end, documents[0].text.encode_utf16().count());
    assert_eq!((documents[1].text.as_str(), documents[2].text.as_str()), ("No abstract.", "A book"));
}

#[test]
fn what_is_no_medline_says_so_and_the_next_record_follows() {
    let ris = records(Format::Medline, "TY  - JOUR\nTI  - x\nER  - \n\nPMID- 1\nTI  - t\nloose\n");
    assert!(error(&ris[0]).starts_with("f:1: this is RIS, which is not read"), "{}", error(&ris[0]));
    assert_eq!(ris[1].document.as_ref().unwrap().text, "t");
    assert!(
        ris[1].problems[0].to_string().starts_with("f:7: \"loose\" is no field of MEDLINE"),
        "{:?}",
        ris[1].problems
    );
    let prose = records(Format::Medline, "Some text.\nAnd more.\n");
    assert_eq!(prose.len(), 1);
    assert!(error(&prose[0]).starts_with("f:1: \"Some text.\""));
    let bytes = records_of(Format::Medline, b"PMID- 1\nTI  - \xFF\n\nPMID- 2\nTI  - b\n", &ReadOptions::default());
    assert!(error(&bytes[0]).starts_with("f:2: it is not UTF-8"));
    assert_eq!((bytes[0].id.as_deref(), bytes[1].document.as_ref().unwrap().text.as_str()), (Some("1"), "b"));
    assert_eq!(records(Format::Medline, "TI  - t\n")[0].problems.len(), 1);
    assert_eq!(records(Format::Medline, ""), []);
}

const PUBMED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE PubmedArticleSet [<!ENTITY bomb "boom"><!ENTITY file SYSTEM "file:///etc/passwd">]>
<PubmedArticleSet>
<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">100</PMID><Article>
<Journal><JournalIssue><PubDate><MedlineDate>2001 Jan-Feb</MedlineDate></PubDate></JournalIssue><Title>J Tests</Title></Journal>
<ArticleTitle>IL-2 &lt;gene&gt; in <i>E.
  coli</i> H<sub>2</sub>O</ArticleTitle>
<ELocationID EIdType="pii">x</ELocationID><ELocationID EIdType="doi" ValidYN="Y">10.1000/y</ELocationID>
<Abstract><AbstractText Label="BACKGROUND" NlmCategory="BACKGROUND">Tax &#x3b2;&#946; &alpha;-actin&nbsp;x.</AbstractText>
<AbstractText Label="UNLABELLED">Plain.</AbstractText><AbstractText><![CDATA[p < 0.05]]> <!-- c -->🧬</AbstractText><CopyrightInformation>(c)</CopyrightInformation></Abstract>
</Article><CommentsCorrectionsList><CommentsCorrections><PMID>9</PMID></CommentsCorrections></CommentsCorrectionsList><OtherAbstract><AbstractText>Autre.</AbstractText></OtherAbstract></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">100</ArticleId><ArticleId IdType="pmc">PMC3</ArticleId></ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.1/wrong</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>
<PubmedBookArticle><BookDocument><PMID>101</PMID><Book><BookTitle>Book</BookTitle><PubDate><Year>2010</Year></PubDate></Book><ArticleTitle>Chapter</ArticleTitle><Abstract><AbstractText>Summary.</AbstractText></Abstract></BookDocument></PubmedBookArticle>
</PubmedArticleSet>"#;

#[test]
fn pubmed_xml_gives_title_and_labelled_sections() {
    let records = records(Format::Pubmed, PUBMED);
    assert_eq!((records.len(), records[0].place.as_str(), records[0].problems.as_slice()), (2, "f:4", &[][..]));
    assert_eq!(records[0].warnings.to_string(), "other abstracts, such as translations, which are not read: 1");
    let document = records[0].document.as_ref().unwrap();
    let expected = [
        ("title", "IL-2 <gene> in E. coli H2O".to_string(), None),
        ("abstract", "BACKGROUND: Tax ββ α-actin\u{A0}x.".to_string(), Some("BACKGROUND")),
        ("abstract", "Plain.".to_string(), None),
        ("abstract", "p < 0.05 🧬".to_string(), None),
    ];
    assert_eq!(passages(document), expected);
    assert_eq!(document.text, expected.map(|passage| passage.1).join("\n\n"));
    assert_eq!(
        document.info,
        info(&[("pmid", "100"), ("doi", "10.1000/y"), ("pmcid", "PMC3"), ("journal", "J Tests"), ("year", "2001")])
    );
    assert_eq!(document.passages[1].info["nlmCategory"], "BACKGROUND");
    let book = records[1].document.as_ref().unwrap();
    assert_eq!(
        (book.id.as_str(), book.text.as_str(), book.info["book"].as_str()),
        ("101", "Chapter\n\nSummary.", "Book")
    );
}

fn pubmed(records: &[&str]) -> String {
    format!("<PubmedArticleSet>\n{}\n</PubmedArticleSet>", records.join("\n"))
}

fn article(id: &str, title: &str) -> String {
    format!("<PubmedArticle><MedlineCitation><PMID>{id}</PMID><Article><ArticleTitle>{title}</ArticleTitle></Article></MedlineCitation></PubmedArticle>")
}

#[test]
fn a_damaged_record_is_told_and_the_next_follows() {
    let (good, last) = (article("1", "one"), article("3", "three"));
    let deep = article("2", &format!("{}x{}", "<b>".repeat(100_000), "</b>".repeat(100_000)));
    let cases = [
        (article("2", "<b>x</i>"), "f:3: </i> ends an element that has not begun"),
        (article("2", "<b>x"), "f:3: </ArticleTitle> stands where </b> is expected"),
        (
            "<PubmedArticle><MedlineCitation><PMID>2</PMID>".to_string(),
            "f:4: a <PubmedArticle> begins here before the end of the one before",
        ),
        (deep, "f:3: elements are nested more than 256 deep"),
        (article("2", "<b a=1>x</b>"), "f:3: <b> has a bad attribute"),
    ];
    for (bad, reason) in cases {
        let records = records(Format::Pubmed, &pubmed(&[&good, &bad, &last]));
        assert_eq!(records.len(), 3, "{reason}: {:?}", records.iter().map(|r| r.document.is_ok()).collect::<Vec<_>>());
        assert!(error(&records[1]).starts_with(reason), "{} is not {reason}", error(&records[1]));
        assert_eq!(records[1].id.as_deref(), Some("2"), "{reason}");
        assert_eq!(records[2].document.as_ref().unwrap().text, "three", "{reason}");
    }
    let bytes = pubmed(&[&good, &article("2", "?"), &last]).into_bytes();
    let bytes: Vec<u8> = bytes.into_iter().map(|byte| if byte == b'?' { 0xFF } else { byte }).collect();
    let records = records_of(Format::Pubmed, &bytes, &ReadOptions::default());
    assert!(error(&records[1]).contains("is not UTF-8"), "{}", error(&records[1]));
    assert_eq!(records[2].document.as_ref().unwrap().id, "3");
}

#[test]
fn a_file_that_is_cut_off_gives_what_is_complete_and_an_error() {
    let whole = pubmed(&[&article("1", "one &amp; β"), &article("2", "two"), &article("3", "three")]);
    let mut seen = [0; 4];
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        let records = records(Format::Pubmed, &whole[..end]);
        let (last, complete) = records.split_last().unwrap();
        let complete: Vec<&str> = complete.iter().map(|record| record.document.as_ref().unwrap().id.as_str()).collect();
        assert_eq!(complete, ["1", "2", "3"][..complete.len()], "cut off at {end}");
        assert!(last.document.is_err(), "cut off at {end}");
        seen[complete.len()] += 1;
    }
    assert!(seen.iter().all(|times| *times > 0), "{seen:?}");
    // `Input` looks at the first 4,096 bytes on its own.
    let long = pubmed(&[&article("1", "one"), &article("2", &"x".repeat(9000))]).into_bytes();
    let no_bytes = Failing { left: long.len() / 2, first: std::io::Cursor::new(long) };
    let records: Vec<Record> = read(
        Format::Pubmed,
        Input::new(std::io::BufReader::new(no_bytes), "f", None).unwrap(),
        &ReadOptions::default(),
    )
    .collect();
    assert_eq!(error(records.last().unwrap()), "f: cannot be read: the disk is gone");
}

/// A file that cannot be read to its end.
struct Failing {
    first: std::io::Cursor<Vec<u8>>,
    left: usize,
}

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::Error::other("the disk is gone"));
        }
        let length = buffer.len().min(self.left).min(16);
        let read = self.first.read(&mut buffer[..length])?;
        self.left -= read;
        Ok(read)
    }
}

#[test]
fn references_that_are_not_known_stay_in_the_text_and_are_told_once() {
    let file = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>".to_string()
        + &pubmed(&[&article("1", "x &b; &b; AT&T &#xD800; &lt;")]);
    let records = records(Format::Pubmed, &file);
    assert_eq!(records[0].document.as_ref().unwrap().text, "x &b; &b; AT&T &#xD800; <");
    let problems: Vec<String> = records[0].problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert_eq!(problems[0], "f:2: &b; is not known here, and stays as it is");
}

#[test]
fn files_of_another_kind_say_what_they_are() {
    for (format, name) in [(Format::Pubmed, "PubMed XML"), (Format::Jats, "JATS XML"), (Format::BiocXml, "BioC XML")] {
        let told = |file: &str| {
            let records = records(format, file);
            assert_eq!(records.len(), 1, "{file}");
            error(&records[0])
        };
        assert_eq!(
            told("<eSearchResult><Id>1</Id></eSearchResult>"),
            format!("f: it is not {name}: its first element is <eSearchResult>")
        );
        assert_eq!(told("no XML"), format!("f: it has no XML element: it is not {name}"));
        assert_eq!(told(""), format!("f: it has no XML element: it is not {name}"));
        assert!(told("<a").starts_with("f:1: it is not well-formed XML"));
    }
    assert_eq!(records(Format::Pubmed, "<PubmedArticleSet/>"), []);
    assert_eq!(records(Format::BiocXml, "<collection><source/></collection>"), []);
}

const JATS: &str = r#"<pmc-articleset><article article-type="research-article" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="m">
<front><journal-meta><journal-title-group><journal-title>J Tests</journal-title></journal-title-group></journal-meta>
<article-meta><article-id pub-id-type="pmid">100</article-id><article-id pub-id-type="pmc">7</article-id><article-id pub-id-type="doi">10.1/z</article-id>
<title-group><article-title>Role of <italic>IL-2</italic><xref ref-type="fn"><sup>*</sup></xref></article-title><subtitle>a trial</subtitle></title-group>
<pub-date pub-type="epub"><day>1</day><year>2012</year></pub-date>
<abstract><title>Abstract</title><sec><title>Methods</title><p>Cells were grown.</p><p>Twice.</p></sec><sec><title>Results:</title><p>NF-κB rose.</p></sec></abstract>
<abstract abstract-type="summary"><p>Short.</p></abstract><trans-abstract><p>Kurz.</p></trans-abstract></article-meta></front>
<body><p>Before.</p><sec><label>1</label><title>Intro</title>
<p>As shown<sup><xref ref-type="bibr">1</xref>,<xref ref-type="bibr">2</xref></sup> and [<xref ref-type="bibr">3</xref>] in
<xref ref-type="fig">Figure 1</xref><fig><label>Fig. 1</label><caption><title>Growth.</title><p>Of cells.</p></caption><alt-text>no</alt-text></fig>, Ca<sup>2+</sup> rose
<inline-formula><mml:math><mml:mi>p</mml:mi> <mml:mo>&lt;</mml:mo><mml:mn>0.05</mml:mn></mml:math></inline-formula> <inline-formula><tex-math>$x$</tex-math></inline-formula>then:</p>
<p>Two <list><list-item><label>a</label><p>one</p></list-item><list-item><p>two</p></list-item></list> items.<fn><p>note</p></fn></p>
<disp-formula>x</disp-formula><sec><title>Inner</title><p>Deep.</p></sec><p>After.</p></sec></body>
<back><ack><p>Thanks.</p></ack><app-group><app><title>Appendix</title><p>More.</p></app></app-group><ref-list><ref>a</ref><ref>b</ref></ref-list></back>
<floats-group><table-wrap><label>Table 1</label><caption><p>Doses.</p></caption><table><tr><td>cell</td></tr></table><table-wrap-foot><fn><p>*p.</p></fn></table-wrap-foot></table-wrap></floats-group>
<sub-article><body><p>Review.</p></body></sub-article></article></pmc-articleset>"#;

#[test]
fn jats_gives_sections_paragraphs_and_captions() {
    let records = records(Format::Jats, JATS);
    assert_eq!((records.len(), records[0].problems.as_slice()), (1, &[][..]));
    let document = records[0].document.as_ref().unwrap();
    let found = passages(document);
    let found: Vec<_> = found.iter().map(|(kind, text, section)| (*kind, text.as_str(), *section)).collect();
    let expected = [
        ("title", "Role of IL-2: a trial", None),
        ("abstract", "Methods: Cells were grown.", Some("Methods")),
        ("abstract", "Twice.", Some("Methods")),
        ("abstract", "Results: NF-κB rose.", Some("Results:")),
        ("abstract", "Short.", None),
        ("paragraph", "Before.", None),
        ("heading", "1 Intro", None),
        ("paragraph", "As shown and [3] in Figure 1, Ca2+ rose p<0.05 then:", Some("1 Intro")),
        ("caption", "Growth.", Some("1 Intro")),
        ("caption", "Of cells.", Some("1 Intro")),
        ("paragraph", "Two", Some("1 Intro")),
        ("paragraph", "one", Some("1 Intro")),
        ("paragraph", "two", Some("1 Intro")),
        ("paragraph", "items.", Some("1 Intro")),
        ("heading", "Inner", None),
        ("paragraph", "Deep.", Some("Inner")),
        ("paragraph", "After.", Some("1 Intro")),
        ("heading", "Appendix", None),
        ("paragraph", "More.", Some("Appendix")),
        ("caption", "Doses.", None),
        ("caption", "*p.", None),
    ];
    assert_eq!(found, expected);
    assert_eq!(document.passages[8].info["label"], "Fig. 1");
    assert_eq!(document.id, "PMC7");
    let expected = [
        ("pmid", "100"),
        ("doi", "10.1/z"),
        ("pmcid", "PMC7"),
        ("journal", "J Tests"),
        ("year", "2012"),
        ("articleType", "research-article"),
    ];
    assert_eq!(document.info, info(&expected));
    assert_eq!(
        records[0].warnings.to_string(),
        "footnotes, which are left out: 1; formulas, which are left out: 2; parts behind the body, such as acknowledgements and \
         notes, which are not read: 1; references, which are not read: 2; sub-articles and responses, which are not read: 1; \
         superscript reference marks, which are left out: 2; tables, whose cells are not read: 1; translated titles and abstracts, \
         which are not read: 1"
    );
}

const BIOC: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection>
<source>PMC</source>
<date>20260101</date>
<key>k.key</key>
<infon key="tool">t</infon>
<document>
  <id>100</id>
  <infon key="license">CC &amp; BY</infon>
  <passage>
    <infon key="type">front</infon>
    <offset>0</offset>
    <text>TNF-α 🧬 in β-cells</text>
    <annotation id="T1">
      <infon key="identifier">7124</infon>
      <infon key="note">n</infon>
      <infon key="score">0.5</infon>
      <infon key="type">Gene</infon>
      <location offset="0" length="5"/>
      <text>TNF-α</text>
    </annotation>
    <annotation id="T2">
      <infon key="type">Cell</infon>
      <location offset="8" length="2"/>
      <location offset="13" length="5"/>
      <text>in cells</text>
    </annotation>
  </passage>
  <passage>
    <infon key="section">M</infon>
    <infon key="type">abstract</infon>
    <offset>19</offset>
    <text>Second &lt;β&gt;.</text>
    <annotation id="T3">
      <infon key="annotator">Ann</infon>
      <infon key="by">person</infon>
      <infon key="time">2026-11-27T03:00:00Z</infon>
      <infon key="type">x</infon>
      <location offset="27" length="1"/>
      <text>β</text>
    </annotation>
  </passage>
  <passage>
    <offset>5000</offset>
    <text>Far off</text>
    <annotation id="T4">
      <infon key="type">x</infon>
      <location offset="5000" length="3"/>
      <text>Far</text>
    </annotation>
  </passage>
</document>
</collection>
"#;

#[test]
fn bioc_is_read_with_all_that_it_says() {
    let documents = documents(Format::BiocXml, BIOC);
    let document = &documents[0];
    assert_eq!(document.text, "TNF-α 🧬 in β-cells\nSecond <β>.\n\nFar off");
    assert_eq!((document.passages[0].kind.as_str(), document.passages[0].info["type"].as_str()), ("title", "front"));
    assert_eq!(document.passages.iter().map(|passage| passage.offset).collect::<Vec<_>>(), [None, None, Some(5000)]);
    let texts: Vec<&str> = document.mentions.iter().map(|mention| mention.text.as_str()).collect();
    assert_eq!(texts, ["TNF-α", "in cells", "β", "Far"]);
    let spans = |at: usize| document.mentions[at].spans.iter().map(|span| (span.begin, span.end)).collect::<Vec<_>>();
    assert_eq!((spans(0), spans(1)), (vec![(0, 5)], vec![(9, 11), (14, 19)]));
    let first = &document.mentions[0];
    assert_eq!(
        (first.entity.as_str(), first.confidence, first.identifier.as_deref()),
        ("Gene", Some(0.5), Some("7124"))
    );
    assert_eq!((first.id.as_deref(), &first.info), (Some("T1"), &info(&[("note", "n")])));
    let third = &document.mentions[2];
    assert_eq!((third.by.who, third.by.name.as_deref()), (Who::Person, Some("Ann")));
    assert_eq!(third.time.as_deref(), Some("2026-11-27T03:00:00Z"));
    let kept = [
        ("collection.source", "PMC"),
        ("collection.date", "20260101"),
        ("collection.key", "k.key"),
        ("collection.infon.tool", "t"),
        ("license", "CC & BY"),
    ];
    assert_eq!(document.info, info(&kept));
}

#[test]
fn bioc_that_is_read_is_written_as_it_was() {
    let (xml, warnings) = written(Format::BiocXml, &documents(Format::BiocXml, BIOC));
    assert_eq!((xml.as_str(), warnings.as_str()), (BIOC, ""));
    let (json, warnings) = written(Format::BiocJson, &documents(Format::BiocXml, BIOC));
    assert_eq!(warnings, "");
    let (again, _) = written(Format::BiocJson, &documents(Format::BiocJson, &json));
    assert_eq!(again, json);
    assert_eq!(documents(Format::BiocJson, &json), documents(Format::BiocXml, BIOC));
}

/// Documents with what texts and mentions can have.
fn hard_documents() -> Vec<Document> {
    let texts = ["β-catenin 🧬 e\u{301} café\r\nµ 中文 שלום\u{2028}x\u{85}", " <&>\"' ]]> \tx ", "", "a", "\u{FEFF}x"];
    let mut documents: Vec<Document> = texts.iter().enumerate().map(|(at, text)| whole(at, text)).collect();
    documents.push(whole(9, &"β🧬 a\n".repeat(60_000)));
    let mut passages = whole(10, "Title β\n\nBody 🧬 one\nBody two");
    passages.passages = vec![
        Passage {
            begin: 0,
            end: 7,
            kind: "title".into(),
            info: info(&[("section", "Titel \"ü\"\n\t<")]),
            ..Passage::default()
        },
        Passage { begin: 9, end: 20, kind: "abstract".into(), ..Passage::default() },
        Passage { begin: 21, end: 29, ..Passage::default() },
    ];
    passages.mentions = vec![
        mention(&passages.text, &[(0, 7)], "a"),
        mention(&passages.text, &[(0, 5)], "b"),
        mention(&passages.text, &[(14, 16)], "c"),
        mention(&passages.text, &[(9, 13), (17, 20)], "d"),
    ];
    passages.info = info(&[("pmid", "1"), ("collection.source", "s"), ("collection.infon.i", "v")]);
    passages.precision = Some("int8".into());
    passages.truncated_from = Some(16);
    documents.push(passages);
    documents.into_iter().map(|document| Document { info: with_source(document.info), ..document }).collect()
}

fn with_source(mut all: Info) -> Info {
    all.extend(info(&[("collection.source", "s"), ("collection.infon.i", "v")]));
    all
}

fn whole(id: usize, text: &str) -> Document {
    let units = text.encode_utf16().count();
    let mut document = Document { id: format!("d <{id}>"), text: text.to_string(), ..Document::default() };
    if units > 0 {
        document.mentions.push(mention(text, &[(0, 1)], "first"));
        document.mentions.push(mention(text, &[(0, units)], "all"));
        document.mentions.push(mention(text, &[(units - 1, units)], "last"));
    }
    document
}

fn mention(text: &str, spans: &[(usize, usize)], entity: &str) -> Mention {
    let units: Vec<u16> = text.encode_utf16().collect();
    let pieces: Vec<String> =
        spans.iter().map(|(begin, end)| String::from_utf16(&units[*begin..*end]).unwrap()).collect();
    Mention {
        spans: spans.iter().map(|&(begin, end)| Span { begin, end }).collect(),
        text: pieces.join(" "),
        entity: entity.to_string(),
        confidence: Some(0.123_456_78),
        result: Some("r".into()),
        tokens: Vec::new(),
        id: Some(format!("m-{entity}")),
        identifier: Some("MESH:D1".into()),
        by: By { who: Who::Model, name: Some("cellular".into()) },
        time: Some("2026-11-27T03:00:00Z".into()),
        info: info(&[("k", "v <\n>")]),
    }
}

#[test]
fn bioc_that_is_written_is_read_as_it_was() {
    let documents = hard_documents();
    for format in [Format::BiocXml, Format::BiocJson] {
        let (file, warnings) = written(format, &documents);
        assert_eq!(warnings, "", "{}", format.name());
        let again = self::documents(format, &file);
        for (document, again) in documents.iter().zip(&again) {
            assert_eq!(again, document, "{}", format.name());
        }
        assert_eq!(again.len(), documents.len());
        let (empty, warnings) = written(format, &[]);
        assert_eq!((records(format, &empty).len(), warnings.as_str()), (0, ""));
    }
    let (json, _) = written(Format::BiocJson, &documents);
    assert_eq!(json.lines().count(), documents.len() + 2);
    assert!(!json.contains(['\u{85}', '\u{2028}']));
}

#[test]
fn what_bioc_cannot_hold_is_written_as_it_allows_and_counted() {
    let mut document = whole(1, "\n\nTitle\u{1}\0 \t Abstract loose end \n");
    document.passages = vec![
        Passage { begin: 2, end: 7, kind: "title".into(), ..Passage::default() },
        Passage { begin: 12, end: 20, kind: "abstract".into(), ..Passage::default() },
        Passage { begin: 4, end: 9, kind: "overlap".into(), ..Passage::default() },
    ];
    document.mentions =
        vec![mention(&document.text, &[(2, 7)], "a"), mention(&document.text, &[(12, 17)], "b"), Mention::default()];
    document.mentions[0].id = None;
    document.mentions[1].id = Some("1".into());
    let (file, warnings) = written(Format::BiocXml, &[document.clone(), whole(2, "x")]);
    assert_eq!(
        warnings,
        "characters that XML does not allow, written as blanks: 2; mentions without a place in the text, which are left out: 1; \
         passages that overlap others, which are left out: 1; white space around passages, which is not kept as it is: 1"
    );
    let again = &documents(Format::BiocXml, &file)[0];
    assert_eq!(again.text.trim(), "Title   \t Abstract loose end");
    assert_eq!(again.text.encode_utf16().count(), document.text.encode_utf16().count());
    let found: Vec<_> = again.mentions.iter().map(|m| (m.text.as_str(), m.begin(), m.id.as_deref())).collect();
    assert_eq!(found, [("Title", 2, Some("2")), ("Abstr", 12, Some("1"))]);
    let other = Document { info: info(&[("collection.source", "other")]), ..whole(3, "x") };
    let (_, warnings) = written(Format::BiocJson, &[whole(2, "x"), other]);
    assert!(warnings.contains("not those of the first: 1"), "{warnings}");
}

fn bioc(passages: &str) -> String {
    format!("<collection><source/><document><id>1</id>{passages}</document><document><id>2</id><passage><offset>0</offset><text>x</text></passage></document></collection>")
}

#[test]
fn sentences_are_joined_at_their_offsets() {
    let file = bioc(
        "<passage><offset>0</offset><sentence><offset>0</offset><text>β one.</text></sentence><sentence><offset>8</offset>\
         <text>Two two.</text><annotation id=\"1\"><infon key=\"type\">n</infon><location offset=\"12\" length=\"3\"/><text>two</text>\
         </annotation></sentence></passage><passage><offset>17</offset><text>Next.</text><relation id=\"R\"><infon key=\"type\">x\
         </infon><node refid=\"1\" role=\"a\"/></relation></passage>",
    );
    let records = records(Format::BiocXml, &file);
    let document = records[0].document.as_ref().unwrap();
    assert_eq!(document.text, "β one.  Two two.\nNext.");
    assert_eq!((document.mentions[0].text.as_str(), document.mentions[0].begin()), ("two", 12));
    assert_eq!(
        records[0].warnings.to_string(),
        "relations, which are not read: 1; sentences, which are joined to their passage: 2"
    );
}

#[test]
fn places_are_found_across_passages_and_by_another_unit_only_if_asked_for() {
    let annotation = |offset: &str, length: usize, text: &str| {
        format!(
            "<annotation id=\"T\"><location offset=\"{offset}\" length=\"{length}\"/><text>{text}</text></annotation>"
        )
    };
    // In the other passage; over both; of the document; nowhere; of no number.
    let file = bioc(&format!(
        "<passage><offset>0</offset><text>β one</text>\n{}\n{}\n{}\n{}</passage><passage><offset>6</offset><text>two</text></passage>{}",
        annotation("6", 3, "two"),
        annotation("2", 7, "one\ntwo"),
        annotation("90", 3, "two"),
        annotation("-1", 3, "two"),
        annotation("0", 1, "β"),
    ));
    let record = &records(Format::BiocXml, &file)[0];
    let document = record.document.as_ref().unwrap();
    let found: Vec<_> = document.mentions.iter().map(|mention| (mention.begin(), mention.text.as_str())).collect();
    assert_eq!(found, [(0, "β"), (6, "two"), (2, "one\ntwo")]);
    let problems: Vec<String> = record.problems.iter().map(ToString::to_string).collect();
    assert_eq!(problems[0], "f:6: its offset is \"-1\", which is no whole number from 0");
    assert_eq!(problems[1], "f:5: 90 to 93 is no place in its text, in code points");

    // The same in bytes, as the DTD's comment has it.
    let file = bioc(&format!(
        "<passage><offset>0</offset><text>β one</text>{}</passage><passage><offset>7</offset><text>µ two</text>{}</passage>",
        annotation("3", 3, "one"),
        annotation("10", 3, "two"),
    ));
    let record = &records(Format::BiocXml, &file)[0];
    assert_eq!(record.document.as_ref().unwrap().mentions, []);
    assert!(record.problems[0].to_string().ends_with("read it with the offset unit byte"), "{:?}", record.problems);
    let second = record.problems[1].to_string();
    assert!(second.starts_with("f:1: counted from its passage's offset 7: 3 to 6 is no place"), "{second}");
    let options = ReadOptions { unit: Some(Unit::Byte), ..ReadOptions::default() };
    let record = &records_of(Format::BiocXml, file.as_bytes(), &options)[0];
    assert_eq!(record.problems, []);
    let document = record.document.as_ref().unwrap();
    assert_eq!(document.text, "β one\nµ two");
    assert_eq!(document.mentions.iter().map(Mention::begin).collect::<Vec<_>>(), [2, 8]);
}

#[test]
fn offsets_that_no_text_can_have_are_kept_beside_it() {
    let passage = |offset: &str, text: &str| format!("<passage><offset>{offset}</offset><text>{text}</text></passage>");
    let texts = |first: &str, second: &str| {
        let file = bioc(&(passage(first, "one") + &passage(second, "two")));
        let records = records(Format::BiocXml, &file);
        records[0].document.as_ref().map(|document| document.text.clone()).map_err(ToString::to_string)
    };
    assert_eq!(texts("0", "3"), Ok("onetwo".into()));
    assert_eq!(texts("0", "4"), Ok("one\ntwo".into()));
    assert_eq!(texts("0", "6"), Ok("one \n\ntwo".into()));
    assert_eq!(texts("0", "0"), Ok("one\n\ntwo".into()));
    assert_eq!(texts("0", "999999999999"), Ok("one\n\ntwo".into()));
    assert_eq!(texts("18446744073709551615", "18446744073709551615"), Ok("one\n\ntwo".into()));
    assert_eq!(texts("2", "6"), Ok("\n\none\ntwo".into()));
    let file = bioc(&format!("{}{}<passage><text>last</text></passage>", passage("0", "one"), passage("0", "two")));
    let record = records(Format::BiocXml, &file).swap_remove(0);
    let document = record.document.unwrap();
    assert_eq!(document.text, "one\n\ntwo\n\nlast");
    assert_eq!(documents(Format::BiocXml, &written(Format::BiocXml, std::slice::from_ref(&document)).0), [document]);
    assert!(texts("0", "x").unwrap_err().contains("passage's offset is \"x\""));
}

#[test]
fn bioc_json_comes_in_many_shapes() {
    let document = r#"{"id": 7, "infons": {"n": 1, "list": [1], "none": null}, "passages": [{"offset": 0, "infons": {"type": "title"},
        "text": "IL-2 \ud83e\uddec", "sentences": null, "annotations": [{"id": "1", "infons": {"type": "Gene", "score": 0.5, "valid": true},
        "text": "IL-2", "locations": [{"offset": 0, "length": 4}]}], "relations": []}], "relations": [{}], "pmid": 7, "authors": ["A"]}"#;
    let collection = format!(
        r#"{{"source": "s", "date": "", "key": "k", "infons": {{"a": "b"}}, "documents": [{document}, {document}], "x": [1]}}"#
    );
    let shapes = [
        (collection.clone(), 2),
        (format!("[{collection}, {collection}]"), 4),
        (format!("[{document},{document}]"), 2),
        (format!("{document}\n{document}\n"), 2),
        (format!(r#"{{"PubTator3": [{document}]}}"#), 1),
    ];
    for (file, count) in shapes {
        let records = records(Format::BiocJson, &file);
        assert_eq!(records.len(), count, "{file}");
        for record in records {
            assert_eq!(record.problems, []);
            assert_eq!(
                record.warnings.to_string(),
                "lists and objects that BioC does not know, which are not read: 1; relations, which are not read: 1"
            );
            let document = record.document.unwrap();
            assert_eq!((document.id.as_str(), document.text.as_str(), document.mentions.len()), ("7", "IL-2 🧬", 1));
            assert_eq!(
                (document.info["n"].as_str(), document.info["list"].as_str(), document.info["pmid"].as_str()),
                ("1", "[1]", "7")
            );
            assert_eq!(
                (document.mentions[0].confidence, document.mentions[0].info["valid"].as_str()),
                (Some(0.5), "true")
            );
            assert_eq!(document.info.contains_key("collection.source"), file.contains("\"source\""));
        }
    }
}

#[test]
fn a_bad_document_of_bioc_json_is_told_and_the_next_follows() {
    let good = r#"{"id": "1", "passages": [{"offset": 0, "text": "x"}]}"#;
    let deep = format!(r#"{{"id": "2", "passages": {}{}}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let cases = [
        (r#"{"id": "2", "passages": 3}"#, "f:3: the document is not BioC JSON", Some("2")),
        ("{\"id\": \"2\",\n \"passages\": [{\"text\": 5}]}", "f:4: the document is not BioC JSON", Some("2")),
        (r#"{"id": "2" "passages": []}"#, "f:3: the document is not BioC JSON", None),
        (r#"{"id": "\ud83e", "passages": []}"#, "f:3: the document is not BioC JSON", None),
        (deep.as_str(), "f:3: the document is not BioC JSON", None),
        (r#"{"a": 1}"#, "f:3: this object has neither documents nor an id and passages", None),
    ];
    for (bad, reason, id) in cases {
        let records = records(Format::BiocJson, &format!("{{\"documents\": [\n{good},\n{bad},\n{good}]}}"));
        assert_eq!(records.len(), 3, "{reason}");
        assert!(error(&records[1]).starts_with(reason), "{} is not {reason}", error(&records[1]));
        assert_eq!(records[1].id.as_deref(), id);
        assert!(records[2].document.is_ok());
    }
    let whole = format!("{{\"source\": \"s\", \"documents\": [\n{good},\n{good}], \"n\": 1}}");
    for end in 1..whole.len() {
        let records = records(Format::BiocJson, &whole[..end]);
        assert!(records.last().unwrap().document.is_err(), "cut off at {end}");
        assert!(records.len() == 1 || records[0].document.is_ok());
    }
    for file in ["nothing", "[1]", "[[{}]]", "{1}", "{\"a\" 1}", "]", "<collection/>"] {
        let records = records(Format::BiocJson, file);
        assert_eq!(records.len(), 1, "{file}");
        assert!(error(&records[0]).starts_with("f:1: "), "{file}: {}", error(&records[0]));
    }
    assert_eq!(records(Format::BiocJson, "[]"), []);
}

#[test]
fn large_and_hostile_files_are_read_in_one_go() {
    let record = |title: &str, attributes: &str| {
        format!(
            "<PubmedArticle{attributes}><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>{title}</ArticleTitle></Article>\
             </MedlineCitation></PubmedArticle>"
        )
    };
    let attributes: String = (0..200_000).map(|at| format!(" a{at}=\"x\"")).collect();
    let ampersands = format!("<b a=\"{}\">x</b>", "&a".repeat(500_000));
    let entities: String = (0..100_000).map(|at| format!("<!ENTITY e{} \"&e{at};&e{at};\">", at + 1)).collect();
    let unknown: String = (0..200_000).map(|at| format!("&x{at};")).collect();
    let cases = [
        (record(&unknown, ""), unknown.clone(), 101),
        (record("x", &attributes), "x".to_string(), 0),
        (record(&ampersands, ""), "x".to_string(), 1),
        (record(&"& ".repeat(500_000), ""), ["&"; 500_000].join(" "), 1),
        (record(&"<b/>".repeat(500_000), ""), String::new(), 0),
        (record(&"x".repeat(5_000_000), ""), "x".repeat(5_000_000), 0),
        (format!("<!DOCTYPE x [{entities}]>{}", record("&e99999;", "")), "&e99999;".to_string(), 1),
        (format!("<!--{}-->{}", "- ".repeat(500_000), record("x", "")), "x".to_string(), 0),
        (record(&"<![CDATA[ ]] ]]>".repeat(200_000), ""), ["]]"; 200_000].join(" "), 0),
    ];
    for (at, (file, text, problems)) in cases.iter().enumerate() {
        let records = records(Format::Pubmed, file);
        assert_eq!((records.len(), records[0].problems.len()), (1, *problems), "{at}");
        assert!(records[0].document.as_ref().unwrap().text == *text, "{at}");
    }
    let ends = records(Format::Pubmed, &format!("<PubmedArticle>{}", "</a>".repeat(500_000)));
    assert_eq!(ends.len(), 1);
    assert_eq!(error(&ends[0]), "f:1: </a> ends an element that has not begun");
}

#[test]
fn what_is_nested_as_deep_as_may_be_is_read_on_a_small_stack() {
    let nested = |name: &str, depth: usize| {
        format!("{}x{}", format!("<{name}>").repeat(depth), format!("</{name}>").repeat(depth))
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let read = thread.spawn(move || {
        for name in ["sec", "p", "b", "sup", "xref", "fig", "inline-formula", "mml:math", "list"] {
            let text = |depth| {
                let file = format!("<article><front><article-meta><article-id>1</article-id></article-meta></front><body>{}</body></article>", nested(name, depth));
                records(Format::Jats, &file)[0].document.clone().map(|document| document.text).map_err(|error| error.to_string())
            };
            // `article` and `body` are around it; marks of references in superscripts are left out.
            assert!(text(254).is_ok(), "{name}");
            assert_eq!(text(255), Err("f:1: elements are nested more than 256 deep".into()), "{name}");
        }
        let file = pubmed(&[&article("1", &nested("b", 251))]);
        assert_eq!(records(Format::Pubmed, &file)[0].document.as_ref().unwrap().text, "x");
    });
    read.unwrap().join().unwrap();
}

#[test]
fn the_encoding_is_that_of_the_declaration_or_the_byte_order_mark() {
    let file = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n{}", article("1", "café µ"));
    let latin1: Vec<u8> = file.chars().map(|c| u8::try_from(c).unwrap()).collect();
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(article("1", "café µ").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [latin1, utf16] {
        let records = records_of(Format::Pubmed, &bytes, &ReadOptions::default());
        assert_eq!(records[0].document.as_ref().unwrap().text, "café µ");
    }
}
