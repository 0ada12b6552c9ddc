//! What a file looks like, to refuse what would be annotated with its markup as if it were prose.

use serde_json::Value;

/// A kind of file that is neither plain text nor JSON lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Json,
    JsonLines,
    Xml,
    PubTator,
    Medline,
    Ris,
    BibTex,
    EndNote,
    Brat,
    Conll,
    Table,
    Rtf,
    Pdf,
    Zip,
    Gzip,
    Office,
    Image,
    Binary,
}

impl Kind {
    /// The kind in words, after "it looks like".
    pub fn name(self) -> &'static str {
        match self {
            Kind::Json => "JSON",
            Kind::JsonLines => "JSON lines",
            Kind::Xml => "XML or HTML",
            Kind::PubTator => "PubTator",
            Kind::Medline => "MEDLINE (.nbib)",
            Kind::Ris => "RIS",
            Kind::BibTex => "BibTeX",
            Kind::EndNote => "an EndNote export",
            Kind::Brat => "annotations of brat",
            Kind::Conll => "a table of tokens and labels (CoNLL)",
            Kind::Table => "a table (CSV or TSV)",
            Kind::Rtf => "RTF",
            Kind::Pdf => "a PDF",
            Kind::Zip => "a zip, or an Office document",
            Kind::Gzip => "a gzip file",
            Kind::Office => "an old Office document",
            Kind::Image => "an image",
            Kind::Binary => "a binary file",
        }
    }

    /// Whether it can be read as plain text if the caller insists.
    pub fn is_text(self) -> bool {
        !matches!(self, Kind::Rtf | Kind::Pdf | Kind::Zip | Kind::Gzip | Kind::Office | Kind::Image | Kind::Binary)
    }

    /// The kind of a file by its first bytes, for files that are no text.
    pub fn of_bytes(bytes: &[u8]) -> Option<Kind> {
        let signatures: [(&[u8], Kind); 9] = [
            (b"%PDF-", Kind::Pdf),
            (b"PK\x03\x04", Kind::Zip),
            (b"PK\x05\x06", Kind::Zip),
            (b"\x1F\x8B", Kind::Gzip),
            (b"\xD0\xCF\x11\xE0", Kind::Office),
            (b"{\\rtf", Kind::Rtf),
            (b"\x89PNG", Kind::Image),
            (b"\xFF\xD8\xFF", Kind::Image),
            (b"GIF8", Kind::Image),
        ];
        signatures.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, kind)| *kind)
    }

    /// What a text looks like other than prose.
    pub fn of_text(text: &str) -> Option<Kind> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let first = lines.next()?;
        let second = lines.next().unwrap_or_default();
        if text.contains('\0') {
            return Some(Kind::Binary);
        }
        json(text, first)
            .or_else(|| xml(text).then_some(Kind::Xml))
            .or_else(|| pubtator(first).then_some(Kind::PubTator))
            .or_else(|| first.trim_start().starts_with("TY  - ").then_some(Kind::Ris))
            .or_else(|| medline(first, second).then_some(Kind::Medline))
            .or_else(|| bibtex(first).then_some(Kind::BibTex))
            .or_else(|| (first.starts_with("%0 ") && second.starts_with('%')).then_some(Kind::EndNote))
            .or_else(|| brat(first).then_some(Kind::Brat))
            .or_else(|| conll(text).then_some(Kind::Conll))
    }

    /// The kind that a file's name tells.
    pub fn of_extension(extension: &str) -> Option<Kind> {
        Some(match extension {
            "json" => Kind::Json,
            "xml" | "html" | "htm" | "xhtml" | "nxml" => Kind::Xml,
            "nbib" => Kind::Medline,
            "ris" => Kind::Ris,
            "bib" => Kind::BibTex,
            "enw" => Kind::EndNote,
            "ann" => Kind::Brat,
            "conll" | "iob" | "iob2" => Kind::Conll,
            "csv" | "tsv" => Kind::Table,
            "rtf" => Kind::Rtf,
            "pdf" => Kind::Pdf,
            "zip" | "docx" | "xlsx" | "pptx" | "odt" | "epub" => Kind::Zip,
            "gz" => Kind::Gzip,
            "doc" | "xls" | "ppt" => Kind::Office,
            "png" | "jpg" | "jpeg" | "gif" | "tif" | "tiff" => Kind::Image,
            _ => return None,
        })
    }
}

/// JSON, and whether each line is an object. A title in brackets is none.
fn json(text: &str, first: &str) -> Option<Kind> {
    let start = text.trim_start();
    let next = |open: char| start.strip_prefix(open).map(|rest| rest.trim_start().chars().next());
    let object = matches!(next('{'), Some(Some('"' | '}') | None));
    let array = matches!(next('['), Some(Some('{' | '"' | '[')));
    let parses =
        |text: &str| serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object() || value.is_array());
    if !(object || array || ((start.starts_with('{') || start.starts_with('[')) && parses(text))) {
        return None;
    }
    // A record that cannot be read, because of a lone surrogate say, does not make the file another kind.
    let whole_line = first.trim_start().starts_with('{') && first.trim_end().ends_with('}');
    let of_records = text.lines().filter(|line| line.trim_start().starts_with('{')).nth(1).is_some()
        || !serde_json::from_str::<Value>(first).is_ok_and(|record| !record["text"].is_string());
    Some(if object && whole_line && of_records { Kind::JsonLines } else { Kind::Json })
}

/// A declaration, or an element that holds all of the text or is the root of a known format. Prose may begin with an element:
/// titles have their species in `<i>`.
fn xml(text: &str) -> bool {
    const ROOTS: [&str; 12] = [
        "html",
        "collection",
        "document",
        "pubmedarticleset",
        "pubmedarticle",
        "medlinecitationset",
        "medlinecitation",
        "article",
        "tei",
        "pmc-articleset",
        "records",
        "xml",
    ];
    let text = text.trim();
    let lower_start: String = text.chars().take(20).collect::<String>().to_ascii_lowercase();
    if ["<?xml", "<!doctype", "<!--"].iter().any(|start| lower_start.starts_with(start)) {
        return true;
    }
    let Some(rest) = text.strip_prefix('<') else { return false };
    let name: String =
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.')).collect();
    let closes = matches!(rest[name.len()..].chars().next(), Some('>' | ' ' | '\t' | '\r' | '\n' | '/'));
    if !closes || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return false;
    }
    ROOTS.contains(&name.to_ascii_lowercase().as_str())
        || text.strip_suffix('>').is_some_and(|rest| rest.trim_end().ends_with(&format!("</{name}")))
}

/// `12345|t|Title` or `12345|a|Abstract`.
fn pubtator(first: &str) -> bool {
    let mut cells = first.splitn(3, '|');
    let id = cells.next().unwrap_or_default();
    let is_id = !id.is_empty() && !id.contains(char::is_whitespace);
    is_id && matches!(cells.next(), Some("t" | "a")) && cells.next().is_some()
}

/// Two lines `TAG - value`, tags of up to four capitals padded to four characters.
fn medline(first: &str, second: &str) -> bool {
    let field = |line: &str| {
        let tag = line.split_once("- ").map(|(tag, _)| tag);
        tag.is_some_and(|tag| {
            let name = tag.trim_end();
            tag.len() == 4 && (2..=4).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_uppercase())
        })
    };
    first.starts_with("PMID- ") || (field(first) && (field(second) || second.starts_with("      ")))
}

fn bibtex(first: &str) -> bool {
    let entry = first.trim_start().strip_prefix('@').and_then(|rest| rest.split_once('{'));
    entry.is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic()))
}

/// `T1<tab>Protein 0 4<tab>IL-2`.
fn brat(first: &str) -> bool {
    let mut cells = first.split('\t');
    let id = cells.next().and_then(|id| id.strip_prefix('T'));
    let is_id = id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()));
    let span: Vec<&str> = cells.next().unwrap_or_default().split(' ').collect();
    is_id && span.len() >= 3 && span[1..3].iter().all(|offset| offset.parse::<usize>().is_ok())
}

/// Lines of a token and its label.
fn conll(text: &str) -> bool {
    let is_label = |cell: &str| cell == "O" || cell.starts_with("B-") || cell.starts_with("I-");
    let labelled = |line: &str| {
        let cells: Vec<&str> = line.split_whitespace().collect();
        (2..=5).contains(&cells.len()) && cells.last().is_some_and(|cell| is_label(cell))
    };
    let lines = text.lines().filter(|line| !(line.trim().is_empty() || line.starts_with("-DOCSTART-")));
    let first: Vec<&str> = lines.take(10).collect();
    first.len() > 2 && first.into_iter().all(labelled)
}

impl Kind {
    pub fn what_to_do(self) -> &'static str { "x" }
}
pub(super) fn detect(name: &str, _start: &[u8], _charset: Option<crate::text::charset::Charset>) -> Result<super::Format, crate::Error> {
    super::Format::of_file_name(name).ok_or_else(|| super::input::invalid(name, "unknown"))
}
