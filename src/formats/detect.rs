//! Recognises what a file is by its name and its beginning, so that markup is not annotated as if it were prose.

mod json;
mod signatures;
mod xml;

use super::Format;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A format that is read.
    Format(Format),
    /// Something that is not read.
    Other(Kind),
}

/// A kind of file that is not read as documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// JSON of no format that is known.
    Json,
    /// XML of no format that is known.
    Xml,
    /// A web page.
    Html,
    /// RIS, of reference managers.
    Ris,
    /// BibTeX.
    BibTex,
    /// EndNote's export.
    EndNote,
    /// Rich text.
    Rtf,
    /// A PDF.
    Pdf,
    /// A document of Word, Excel, PowerPoint, OpenDocument or EPUB, which is a zip.
    OfficeZip,
    /// A zip of other files.
    Zip,
    /// A file that is packed with gzip.
    Gzip,
    /// A document of Office before 2007.
    Office,
    /// An image.
    Image,
    /// Bytes that are no text.
    Binary,
}

impl Kind {
    /// The kind in words, after "it looks like".
    pub fn name(self) -> &'static str {
        match self {
            Kind::Json => "JSON",
            Kind::Xml => "XML",
            Kind::Html => "HTML",
            Kind::Ris => "RIS",
            Kind::BibTex => "BibTeX",
            Kind::EndNote => "an EndNote export",
            Kind::Rtf => "RTF",
            Kind::Pdf => "a PDF",
            Kind::OfficeZip => "an Office document",
            Kind::Zip => "a zip",
            Kind::Gzip => "a gzip file",
            Kind::Office => "an old Office document",
            Kind::Image => "an image",
            Kind::Binary => "a binary file",
        }
    }

    /// Whether it can be read as plain text if the caller insists.
    pub fn is_text(self) -> bool {
        matches!(self, Kind::Json | Kind::Xml | Kind::Html | Kind::Ris | Kind::BibTex | Kind::EndNote)
    }

    /// The kind that a file's name tells.
    pub(super) fn of_file_name(name: &str) -> Option<Kind> {
        let (_, extension) = name.rsplit_once('.')?;
        Some(match extension.to_lowercase().as_str() {
            "json" => Kind::Json,
            "xml" => Kind::Xml,
            "html" | "htm" | "xhtml" => Kind::Html,
            "ris" => Kind::Ris,
            "bib" => Kind::BibTex,
            "enw" => Kind::EndNote,
            "rtf" => Kind::Rtf,
            "pdf" => Kind::Pdf,
            "docx" | "xlsx" | "pptx" | "odt" | "ods" | "odp" | "epub" => Kind::OfficeZip,
            "zip" => Kind::Zip,
            "gz" => Kind::Gzip,
            "doc" | "xls" | "ppt" => Kind::Office,
            "png" | "jpg" | "jpeg" | "gif" | "tif" | "tiff" | "webp" => Kind::Image,
            _ => return None,
        })
    }
}

/// What a file is by its first bytes, if it is no text: a zip or a gzip file is one whatever is in it.
pub fn detect_bytes(start: &[u8]) -> Option<Kind> {
    signatures::of(start)
}

/// What a text file is by its name and the beginning of its text, of which 64 KB are enough for most. `None`: nothing speaks
/// against prose.
///
/// A name says the format unless it ends as many do: `.txt`, `.json`, `.xml`, `.jsonl`, or none that is known.
pub fn detect(name: &str, start: &str) -> Option<Content> {
    let by_name = Format::of_file_name(name);
    let told = by_name.filter(|format| !matches!(format, Format::Text | Format::Jsonl | Format::Html));
    if let Some(format) = told.filter(|format| format.can_be_read()) {
        return Some(Content::Format(format));
    }
    if start.contains('\0') {
        return Some(Content::Other(Kind::Binary));
    }
    of_text(name, start).or_else(|| {
        let other = Kind::of_file_name(name).map(Content::Other);
        other.or_else(|| by_name.filter(|format| format.can_be_read()).map(Content::Format))
    })
}

/// What a text looks like other than prose.
fn of_text(name: &str, text: &str) -> Option<Content> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next()?;
    let second = lines.next().unwrap_or_default();
    let format = |is_it: bool, format| is_it.then_some(Content::Format(format));
    let other = |is_it: bool, kind| is_it.then_some(Content::Other(kind));
    json::of(name, text, first)
        .or_else(|| xml::of(text))
        .or_else(|| format(is_pubtator(first), Format::Pubtator))
        .or_else(|| other(first.trim_start().starts_with("TY  - "), Kind::Ris))
        .or_else(|| format(is_medline(first, second), Format::Medline))
        .or_else(|| other(is_bibtex(first), Kind::BibTex))
        .or_else(|| other(first.starts_with("%0 ") && second.starts_with('%'), Kind::EndNote))
        .or_else(|| other(first.starts_with("{\\rtf"), Kind::Rtf))
        .or_else(|| format(is_brat(first), Format::Brat))
        .or_else(|| format(is_conll(text), Format::Conll))
}

/// `12345|t|Title` or `12345|a|Abstract`.
fn is_pubtator(first: &str) -> bool {
    let mut cells = first.splitn(3, '|');
    let id = cells.next().unwrap_or_default();
    let is_id = !id.is_empty() && !id.contains(char::is_whitespace);
    is_id && matches!(cells.next(), Some("t" | "a")) && cells.next().is_some()
}

/// Two lines `TAG - value`, tags of up to four capitals padded to four characters.
fn is_medline(first: &str, second: &str) -> bool {
    let is_field = |line: &str| {
        let tag = line.split_once("- ").map(|(tag, _)| tag);
        tag.is_some_and(|tag| {
            let name = tag.trim_end();
            tag.len() == 4 && (2..=4).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase())
        })
    };
    first.starts_with("PMID- ") || (is_field(first) && (is_field(second) || second.starts_with("      ")))
}

fn is_bibtex(first: &str) -> bool {
    let entry = first.trim_start().strip_prefix('@').and_then(|rest| rest.split_once('{'));
    entry.is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// `T1<tab>Protein 0 4<tab>IL-2`.
fn is_brat(first: &str) -> bool {
    let mut cells = first.split('\t');
    let id = cells.next().and_then(|id| id.strip_prefix('T'));
    let is_id = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    let mut span = cells.next().unwrap_or_default().split(' ').skip(1);
    let mut is_offset =
        || span.next().is_some_and(|offset| offset.split(';').all(|offset| offset.parse::<usize>().is_ok()));
    is_id && is_offset() && is_offset()
}

/// Lines of a token and its label.
fn is_conll(text: &str) -> bool {
    let is_label = |cell: &str| {
        cell == "O"
            || cell
                .split_once('-')
                .is_some_and(|(letter, entity)| "BIESLU".contains(letter) && letter.len() == 1 && !entity.is_empty())
    };
    let labelled = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        (2..=5).contains(&cells.len()) && cells.last().is_some_and(|cell| is_label(cell))
    };
    let starts = text.trim_start().starts_with("-DOCSTART-");
    let mut lines = text.lines().filter(|line| !(line.trim().is_empty() || line.starts_with("-DOCSTART-")));
    let first: Vec<&str> = lines.by_ref().take(11).collect();
    // The last line may be cut off.
    let whole =
        if lines.next().is_none() && !text.ends_with('\n') && first.len() > 3 { first.len() - 1 } else { first.len() };
    starts || (first.len() > 2 && first[..whole].iter().all(|line| labelled(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: Content = Content::Other(Kind::Json);

    fn is(format: Format) -> Content {
        Content::Format(format)
    }

    #[test]
    fn texts_are_told_by_what_they_begin_with() {
        for (text, content) in [
            ("{\"id\": 1}\n{\"id\": 2}", is(Format::Jsonl)),
            ("{\"id\":\"1\",\"text\":\"a\",\"chunks\":[],\"passages\":[]}\n", is(Format::Jsonl)),
            ("{\"text\": \"a\"}", is(Format::Jsonl)),
            ("{\"id\":1,\"text\":\"a\",\"chunks\":[]}", is(Format::Jsonl)),
            ("\n{\"text\":\"lone \\ud83d\"}\n", is(Format::Jsonl)),
            ("{\"id\":1,\"text\":\"a\",\"label\":[[0,1,\"X\"]]}\n{\"id\":2", is(Format::Doccano)),
            ("{\"text\":\"a\",\"entities\":[],\"relations\":[]}\n", is(Format::Doccano)),
            ("{\"source\": \"own\", \"documents\": [{\"id\": \"1\"}]}", is(Format::BiocJson)),
            ("{\n \"source\": \"PubMed\",\n \"documents\": []}", is(Format::BiocJson)),
            ("[{\"bioctype\": \"BioCCollection\", \"source\": \"PMC\", \"documents\": [{\"passages\": [", is(Format::BiocJson)),
            ("{\"id\": \"1\", \"infons\": {}, \"passages\": []}\n{\"id\"", is(Format::BiocJson)),
            ("{\"PubTator3\": [{\"_id\": \"1\", \"passages\": []}]}", is(Format::BiocJson)),
            ("{\"text\": \"a\", \"denotations\": []}", is(Format::Pubannotation)),
            ("{\"sourcedb\":\"PMC\",\"sourceid\":\"1\",\"text\":\"cut off he", is(Format::Pubannotation)),
            ("[\n {\"text\": \"a\", \"denotations\": []}]", is(Format::Pubannotation)),
            ("{\"target\":\"x\",\"text\":\"a\"}\n{\"target\":\"y\",\"text\":\"b\"}", is(Format::Pubannotation)),
            ("[{\"id\": 1, \"data\": {\"text\": \"x\"}}]", JSON),
            ("{\"%TYPES\": {}, \"%FEATURE_STRUCTURES\": []}", JSON),
            ("[1, 2]", JSON),
            ("[[\"IL-2\", {\"entities\": []}]]", JSON),
            ("<?xml version='1.0'?><a/>", Content::Other(Kind::Xml)),
            ("<!DOCTYPE html>\n<p>x", Content::Other(Kind::Html)),
            ("<html lang=\"en\">", Content::Other(Kind::Html)),
            ("<p class=\"x\">IL-2</p>\n", Content::Other(Kind::Xml)),
            ("<collection><source/>", is(Format::BiocXml)),
            (
                "<?xml version=\"1.0\"?>\n<!DOCTYPE collection SYSTEM \"BioC.dtd\" [<!ENTITY a \"<article>\">]>\n<!-- <html> --><collection>",
                is(Format::BiocXml),
            ),
            ("<?xml version=\"1.0\"?>\n<PubmedArticleSet>\n<PubmedArticle>", is(Format::Pubmed)),
            ("<PubmedArticle>\n<MedlineCitation", is(Format::Pubmed)),
            ("<!DOCTYPE article\n PUBLIC \"-//NLM//DTD JATS\" \"x.dtd\">\n<article xmlns:xlink=\"y\" article-type=\"z\">", is(Format::Jats)),
            ("<pmc-articleset><article>", is(Format::Jats)),
            ("<oai:article xmlns:oai=\"x\"", is(Format::Jats)),
            ("1001|t|IL-2 gene\n1001|a|Tax binds.", is(Format::Pubtator)),
            ("PMID- 100\nTI  - IL-2", is(Format::Medline)),
            ("TI  - IL-2 gene\nAB  - Tax", is(Format::Medline)),
            ("TY  - JOUR\nTI  - x", Content::Other(Kind::Ris)),
            ("@article{key,\n title={x}}", Content::Other(Kind::BibTex)),
            ("%0 Journal Article\n%T x", Content::Other(Kind::EndNote)),
            ("T1\tprotein 0 4\tIL-2", is(Format::Brat)),
            ("T1\tprotein 0 4;6 9\tIL-2 abc", is(Format::Brat)),
            ("IL-2 B-DNA\ngene I-DNA\n\nbinds O", is(Format::Conll)),
            ("-DOCSTART- 1 _ O\n\nIL", is(Format::Conll)),
            ("IL-2 B-DNA\ngene I-DNA\n\nbinds O\ncut", is(Format::Conll)),
        ] {
            assert_eq!(detect("", text), Some(content), "{text:?}");
            assert_eq!(detect("a.txt", text), Some(content), "{text:?}");
        }
        assert_eq!(detect("", "IL-2\0"), Some(Content::Other(Kind::Binary)));
    }

    #[test]
    fn prose_is_nothing_else() {
        for text in [
            "",
            "IL-2 gene expression requires NF-kappa B.",
            "[Effects of IL-2 in human T cells]. A study.",
            "[1] Smith et al.",
            "[Article in German]",
            "{IL-2} binds",
            "<5% of patients responded",
            "<i>Escherichia coli</i> binds IL-2.",
            "PURPOSE - to assess\nMETHODS - we",
            "The a|t|b test of IL-2",
            "@ 5 mg {daily}",
            "T cells\nand B cells",
            "OBJECTIVE: x\n\nMETHODS: y",
            "50% O",
        ] {
            assert_eq!(detect("", text), None, "{text:?}");
            assert_eq!(detect("a.txt", text), Some(is(Format::Text)), "{text:?}");
        }
    }

    #[test]
    fn names_tell_what_contents_do_not() {
        for (name, text, content) in [
            ("a.csv", "id,text\n1,x", Some(is(Format::Csv))),
            ("a.TSV", "{\"a\":1}", Some(is(Format::Tsv))),
            ("a.nbib", "PMID- 1", Some(is(Format::Medline))),
            ("a.ann", "", Some(is(Format::Brat))),
            ("a.bioc.xml", "", Some(is(Format::BiocXml))),
            ("a.xml", "<PubmedArticleSet>", Some(is(Format::Pubmed))),
            ("a.json", "{\"text\": \"a\", \"denotations\": []}", Some(is(Format::Pubannotation))),
            ("a.jsonl", "", Some(is(Format::Jsonl))),
            ("a.jsonl", "{\"text\":\"a\",\"label\":[]}", Some(is(Format::Doccano))),
            ("a.jsonl", "{\"body\":\"a\"}", Some(is(Format::Jsonl))),
            ("a.jsonl", "{\"id\":1,\"text\":\"long and cut o", Some(is(Format::Jsonl))),
            ("a.txt", "{\"id\":1,\"text\":\"long and cut o", Some(is(Format::Jsonl))),
            ("a.json", "{\"id\":1,\"text\":\"long and cut o", Some(is(Format::Pubannotation))),
            ("a.json", "{\"id\":1,\"text\":\"a\",\"chunks\":[]}", Some(is(Format::Jsonl))),
            ("a.json", "{\"text\":\"a\"}\n{\"text\":\"b\"}", Some(is(Format::Jsonl))),
            ("a.html", "IL-2", Some(Content::Other(Kind::Html))),
            ("a.ris", "IL-2", Some(Content::Other(Kind::Ris))),
            ("a.docx", "IL-2", Some(Content::Other(Kind::OfficeZip))),
            ("abstract", "IL-2", None),
            ("a.md", "IL-2", None),
        ] {
            assert_eq!(detect(name, text), content, "{name} {text:?}");
        }
    }

    #[test]
    fn kinds_have_words() {
        assert_eq!((Kind::Pdf.name(), Kind::Pdf.is_text(), Kind::Ris.is_text()), ("a PDF", false, true));
    }
}
