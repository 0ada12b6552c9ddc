//! Which XML a file is, by its first element.

use quick_xml::events::Event;
use quick_xml::Reader;

use super::{Content, Kind};
use crate::formats::Format;

/// XML, if the text is some: a declaration, an element that holds all of the text, or the first element of a known format. Prose
/// may begin with an element: titles have their species in `<i>`.
pub(super) fn of(text: &str) -> Option<Content> {
    let text = text.trim();
    if !text.starts_with('<') {
        return None;
    }
    let start: String = text.chars().take(20).collect::<String>().to_ascii_lowercase();
    let declared = ["<?xml", "<!doctype", "<!--"].iter().any(|declaration| start.starts_with(declaration));
    let element = first_element(text);
    match element.as_deref().and_then(of_element) {
        Some(content) => Some(content),
        None if start.starts_with("<!doctype html") => Some(Content::Other(Kind::Html)),
        None if declared => Some(Content::Other(Kind::Xml)),
        None => {
            let name = element?;
            let holds_all = text.strip_suffix('>').is_some_and(|rest| rest.trim_end().ends_with(&format!("</{name}")));
            holds_all.then_some(Content::Other(Kind::Xml))
        }
    }
}

/// The name of the first element, as it is written.
fn first_element(text: &str) -> Option<String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => {
                let name = element.name();
                let name = std::str::from_utf8(name.as_ref()).ok()?;
                return name.starts_with(|c: char| c.is_ascii_alphabetic()).then(|| name.to_string());
            }
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_)) => {}
            Ok(Event::Text(blank)) if blank.iter().all(u8::is_ascii_whitespace) => {}
            // An element whose start is cut off.
            Err(_) => return cut_off(&text[usize::try_from(reader.error_position()).ok()?..]),
            _ => return None,
        }
    }
}

fn cut_off(rest: &str) -> Option<String> {
    let name: String =
        rest.strip_prefix('<')?.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).collect();
    let is_whole = rest[1 + name.len()..].starts_with(|c: char| c.is_whitespace());
    (is_whole && name.starts_with(|c: char| c.is_ascii_alphabetic())).then_some(name)
}

fn of_element(name: &str) -> Option<Content> {
    let local = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    Some(match local.as_str() {
        "pubmedarticleset"
        | "pubmedarticle"
        | "pubmedbookarticleset"
        | "pubmedbookarticle"
        | "medlinecitationset"
        | "medlinecitation" => Content::Format(Format::Pubmed),
        "article" | "pmc-articleset" => Content::Format(Format::Jats),
        "collection" => Content::Format(Format::BiocXml),
        "html" => Content::Other(Kind::Html),
        "document" | "tei" | "records" | "xml" | "rdf" | "xmi" => Content::Other(Kind::Xml),
        _ => return None,
    })
}
