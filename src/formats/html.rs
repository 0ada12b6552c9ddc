//! A page that stands alone, to read and print: every text with its mentions marked, without scripts, and forbidden to load
//! anything. And a text with its marks for the clipboard: [`rich_text`].
//!
//! A mention's entity stands behind it; what else is known of it is in its tooltip. Marks may be nested and cross. Where more
//! than six are over one place, the others are listed below the text. Colours are given to entities as they come.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::document::{Document, Mention, Passage, Who};
use super::losses::{self, Holds};
use super::marks::{marked, Mark, Part};
use super::warnings::Warnings;
use super::writer::{Failed, WriteFormat};

const STYLE: &str = include_str!("html.css");
/// The policy by which the page loads nothing, and has no style but its own: the hash is [`STYLE`]'s.
const POLICY: &str = "default-src 'none'; style-src 'sha256-o2ds02sO82rId7mCD+mqCc+n4JRfhvWH1WjqGg2lvjo='; base-uri 'none'; form-action 'none'";
/// Colours in `html.css`, as many as in the page's style sheet; entities beyond take them from the start again.
const HUES: usize = 24;
/// Tint, line and ink of the first twelve of these colours, for what takes no style sheet.
const COLOURS: [[&str; 3]; HUES / 2] = [
    ["#d7f0ff", "#3d8ad4", "#0e4f86"],
    ["#dbf5db", "#4b9b50", "#1c5c23"],
    ["#ffe4d5", "#c7683a", "#7c350e"],
    ["#fde3fe", "#ae67b3", "#6a356e"],
    ["#f8eccb", "#a68100", "#644800"],
    ["#cbf7f6", "#009e9f", "#005e60"],
    ["#ffe1e3", "#ca606c", "#7e2e39"],
    ["#ece8ff", "#8676d1", "#4d4084"],
    ["#eaf2d0", "#7f901c", "#485400"],
    ["#cdf4ff", "#0097c0", "#005877"],
    ["#ffe8cd", "#ba7404", "#733e00"],
    ["#ffe1f1", "#c16192", "#772f55"],
];
/// The kind of the passage of a heading, as files of articles have them.
const HEADING: &str = "heading";
/// As much as is shown, in characters, of a mention that is listed.
const LISTED: usize = 80;

/// The colours of entities, with how many mentions each has.
#[derive(Default)]
struct Entities {
    /// In the order in which they come.
    counts: Vec<(String, usize)>,
    places: HashMap<String, usize>,
}

impl Entities {
    fn add(&mut self, entity: &str, times: usize) -> usize {
        if let Some(&place) = self.places.get(entity) {
            self.counts[place].1 += times;
            return place;
        }
        self.places.insert(entity.to_string(), self.counts.len());
        self.counts.push((entity.to_string(), times));
        self.counts.len() - 1
    }

    fn hue(&self, entity: &str) -> usize {
        self.places.get(entity).map_or(0, |place| place % HUES)
    }
}

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
    entities: Entities,
}

impl Writer {
    fn start(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.documents += 1;
        if self.documents > 1 {
            return Ok(());
        }
        write!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>Annotated texts</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Annotated texts</h1>\n"
        )
    }
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        let holds = Holds {
            passages: true,
            confidence: true,
            by: true,
            time: true,
            identifier: true,
            truncated: true,
            ..Holds::default()
        };
        losses::count(document, holds, warnings);
        self.start(out)?;
        let mut here = Entities::default();
        for mention in &document.mentions {
            self.entities.add(&mention.entity, 1);
            here.add(&mention.entity, 1);
        }
        let mut page = format!("<article>\n<h2 dir=\"auto\">{}</h2>\n", escaped(&document.id));
        legend(&mut page, &here, &self.entities);
        self.text(&mut page, document, warnings);
        if let Some(from) = document.truncated_from {
            let _ = writeln!(
                page,
                "<p class=\"note\">The model did not read the text from its UTF-16 code unit {from} on.</p>"
            );
        }
        page.push_str("</article>\n");
        out.write_all(page.as_bytes())
    }

    fn failure(
        &mut self,
        out: &mut dyn Write,
        Failed { id, text, error }: Failed<'_>,
        _: &mut Warnings,
    ) -> io::Result<()> {
        self.start(out)?;
        let (id, error) = (escaped(id), escaped(&error.to_string()));
        let text = text.map_or(String::new(), |text| format!("<p class=\"text\" dir=\"auto\">{}</p>\n", escaped(text)));
        write!(out, "<article>\n<h2 dir=\"auto\">{id}</h2>\n<p class=\"error\">{error}</p>\n{text}</article>\n")
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let documents = self.documents;
        self.start(out)?;
        let mentions: usize = self.entities.counts.iter().map(|(_, count)| count).sum();
        let mut page = format!("<footer>\n<p class=\"note\">Documents: {documents}. Mentions: {mentions}.</p>\n");
        if documents > 1 {
            legend(&mut page, &self.entities, &self.entities);
        }
        page.push_str("</footer>\n</body>\n</html>\n");
        out.write_all(page.as_bytes())
    }
}

impl Writer {
    fn text(&self, page: &mut String, document: &Document, warnings: &mut Warnings) {
        let marked = marked(document, warnings);
        let block = |page: &mut String, passage: Option<&Passage>| {
            let is_title = passage.is_some_and(|passage| [Passage::TITLE, HEADING].contains(&passage.kind.as_str()));
            page.push_str(if is_title {
                "<p class=\"text title\" dir=\"auto\">"
            } else {
                "<p class=\"text\" dir=\"auto\">"
            });
        };
        let mut is_open = false;
        let mut within = None;
        for (i, part) in marked.parts.iter().enumerate() {
            if let Part::Passage(passage) = part {
                if std::mem::take(&mut is_open) {
                    page.push_str("</p>\n");
                }
                within = passage.map(|passage| &document.passages[passage]);
                continue;
            }
            // Between passages stands white space, for which the paragraphs do.
            let is_between = within.is_none() && !document.passages.is_empty() && !is_open;
            let is_last = matches!(marked.parts.get(i + 1), None | Some(Part::Passage(_)));
            if is_between && is_last && matches!(part, Part::Text(text) if text.trim().is_empty()) {
                continue;
            }
            if !std::mem::replace(&mut is_open, true) {
                block(page, within);
            }
            match part {
                Part::Text(text) => page.push_str(&escaped(text)),
                Part::Close => page.push_str("</mark>"),
                Part::Open(mark) => self.open(page, &document.mentions[mark.mention], *mark),
                Part::Passage(_) => {}
            }
        }
        if is_open {
            page.push_str("</p>\n");
        }
        if !marked.unmarked.is_empty() {
            warnings
                .add("mentions that are listed below the text, as too many are at their place", marked.unmarked.len());
            page.push_str(
                "<p class=\"note\">More mentions at places that have many:</p>\n<p class=\"text\" dir=\"auto\">",
            );
            for mention in marked.unmarked {
                let mention = &document.mentions[mention];
                self.open(page, mention, Mark { mention: 0, piece: 0, is_last: true });
                let _ = writeln!(page, "{}</mark>", escaped(start_of(&mention.text)));
            }
            page.push_str("</p>\n");
        }
    }

    fn open(&self, page: &mut String, mention: &Mention, mark: Mark) {
        let class = match (mention.spans.len() > 1, mention.by.who == Who::Person) {
            (false, false) => "",
            (true, false) => " class=\"piece\"",
            (false, true) => " class=\"person\"",
            (true, true) => " class=\"piece person\"",
        };
        let label =
            if mark.is_last { format!(" data-label=\"{}\"", escaped(&label(mention, mark))) } else { String::new() };
        let (hue, title) = (self.entities.hue(&mention.entity), escaped(&title(mention)));
        let _ = write!(page, "<mark data-hue=\"{hue}\"{class}{label} title=\"{title}\">");
    }
}

/// The entities of a document with their counts, in the colours that they have in the page.
fn legend(page: &mut String, here: &Entities, colours: &Entities) {
    if here.counts.is_empty() {
        page.push_str("<p class=\"note\">No mentions.</p>\n");
        return;
    }
    page.push_str("<ul class=\"legend\">\n");
    for (entity, count) in &here.counts {
        let _ = writeln!(page, "<li data-hue=\"{}\">{} <b>{count}</b></li>", colours.hue(entity), escaped(entity));
    }
    page.push_str("</ul>\n");
}

/// What stands behind a mark: `Drug`, or `Drug 1/2` for a piece.
fn label(mention: &Mention, mark: Mark) -> String {
    match mention.spans.len() {
        0 | 1 => mention.entity.clone(),
        pieces => format!("{} {}/{pieces}", mention.entity, mark.piece + 1),
    }
}

/// All that is known of a mention.
fn title(Mention { entity, confidence, identifier, by, time, .. }: &Mention) -> String {
    let mut title = entity.clone();
    if let Some(confidence) = confidence {
        let _ = write!(title, ", confidence {confidence:.2}");
    }
    if let Some(identifier) = identifier {
        let _ = write!(title, ", {identifier}");
    }
    match (by.who, &by.name) {
        (Who::File, None) => {}
        (who, None) => drop(write!(title, ", by a {}", who.name())),
        (who, Some(name)) => drop(write!(title, ", by the {} {name}", who.name())),
    }
    if let Some(time) = time {
        let _ = write!(title, ", {time}");
    }
    title
}

fn start_of(text: &str) -> &str {
    text.char_indices().nth(LISTED).map_or(text, |(end, _)| &text[..end])
}

/// A text within elements and attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // HTML has no NUL.
            '\0' => escaped.push('\u{FFFD}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A document's text with its marks as a piece of HTML for the clipboard, whose styles stand in its elements, as word processors
/// take it. Behind each mention stands its entity. Colours are given to entities as they come.
pub fn rich_text(document: &Document) -> String {
    let mut entities = Entities::default();
    for mention in &document.mentions {
        entities.add(&mention.entity, 1);
    }
    let colours = |mention: &Mention| COLOURS[entities.hue(&mention.entity) % COLOURS.len()];
    let mut fragment = String::from("<div dir=\"auto\" style=\"white-space:pre-wrap\">");
    let mut open = Vec::new();
    for part in marked(document, &mut Warnings::default()).parts {
        match part {
            Part::Text(text) => fragment.push_str(&escaped(text).replace("\r\n", "\n").replace(['\n', '\r'], "<br>")),
            Part::Open(mark) => {
                open.push(mark);
                let mention = &document.mentions[mark.mention];
                let ([tint, line, _], title) = (colours(mention), escaped(&title(mention)));
                let _ = write!(
                    fragment,
                    "<span title=\"{title}\" style=\"background-color:{tint};border-bottom:2px solid {line}\">"
                );
            }
            Part::Close => {
                if let Some(mark) = open.pop().filter(|mark| mark.is_last) {
                    let mention = &document.mentions[mark.mention];
                    let ([_, _, ink], label) = (colours(mention), escaped(&label(mention, mark)));
                    let _ =
                        write!(fragment, "<span style=\"color:{ink};font-size:70%;font-weight:bold\"> {label}</span>");
                }
                fragment.push_str("</span>");
            }
            Part::Passage(_) => {}
        }
    }
    fragment.push_str("</div>");
    fragment
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut base64 = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for i in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
                base64.push(if i <= three.len() { char::from(digit) } else { '=' });
            }
        }
        base64
    }

    #[test]
    fn the_policy_allows_the_style_and_no_other() {
        assert_eq!(base64(b"ab"), "YWI=");
        let hash = base64(&Sha256::digest(STYLE));
        assert!(POLICY.contains(&format!("style-src 'sha256-{hash}'")), "the hash of html.css is {hash}");
    }
}
