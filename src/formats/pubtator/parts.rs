//! The title and the abstract of a document, as PubTator has them: two lines.

use crate::formats::document::{Document, Mention, Passage};
use crate::formats::losses::is_line_break;
use crate::formats::text_index::{TextIndex, Unit};
use crate::formats::warnings::Warnings;

/// What stands before a title or an abstract, and what is written for it within a text, as long in code points.
const MARKS: [(&str, &str); 2] = [("|t|", "\u{A6}t\u{A6}"), ("|a|", "\u{A6}a\u{A6}")];

/// What is written of a text: two parts of it, without the blanks around them, on a line each.
pub(super) struct Parts {
    pub(super) title: String,
    pub(super) abstract_text: String,
    /// The code points of the text that each is written from.
    title_at: (usize, usize),
    abstract_at: (usize, usize),
}

impl Parts {
    pub(super) fn of(document: &Document, index: &TextIndex<'_>, warnings: &mut Warnings) -> Self {
        let text = index.text();
        let split = end_of_title(document, index);
        let (title, rest) = text.split_at(split);
        let (title_at, abstract_at) = (trimmed(title), trimmed(rest));
        let move_on = title.chars().count();
        let blanks = (move_on + rest.chars().count()) - (title_at.1 - title_at.0) - (abstract_at.1 - abstract_at.0);
        if blanks > usize::from(abstract_at.0 < abstract_at.1) {
            warnings.add("texts with blanks around the title or the abstract, which are left out", 1);
        }
        let passages = &document.passages;
        let sections = passages.iter().filter(|passage| passage.kind == Passage::ABSTRACT).count();
        let others = passages.iter().skip(1).filter(|passage| passage.kind != Passage::ABSTRACT).count();
        let merged = others + sections.saturating_sub(1);
        warnings.add("passages beside title and abstract, which become one with the abstract", merged);
        let (title, rest) = (title.trim(), rest.trim());
        let breaks = title.chars().chain(rest.chars()).filter(|c| is_break(*c)).count();
        warnings.add("line breaks and tabs in titles and abstracts, which become blanks", breaks);
        let marks = MARKS.iter().map(|(mark, _)| title.matches(mark).count() + rest.matches(mark).count()).sum();
        warnings.add("|t| and |a| in titles and abstracts, which are written with broken bars", marks);
        Parts {
            title: on_one_line(title),
            abstract_text: on_one_line(rest),
            title_at,
            abstract_at: (move_on + abstract_at.0, move_on + abstract_at.1),
        }
    }

    /// Begin and end of a mention in code points of what is written; `None` if nothing of it is.
    pub(super) fn span(&self, mention: &Mention, index: &TextIndex<'_>) -> Option<(usize, usize)> {
        if mention.spans.is_empty() {
            return None;
        }
        let code_point = |utf16| index.at(Unit::Utf16, utf16).map(|place| place.code_point);
        let (begin, end) = (code_point(mention.begin())?, code_point(mention.end())?);
        let (title, rest) = (self.title_at, self.abstract_at);
        let start_of_rest = title.1 - title.0 + 1;
        let begin =
            if begin < title.1 { begin.max(title.0) - title.0 } else { begin.max(rest.0) - rest.0 + start_of_rest };
        let end =
            if end > rest.0 { end.min(rest.1) - rest.0 + start_of_rest } else { end.clamp(title.0, title.1) - title.0 };
        (begin < end).then_some((begin, end))
    }
}

/// Where a part is without the blanks at its ends, in code points.
fn trimmed(part: &str) -> (usize, usize) {
    let before = part.chars().take_while(|c| c.is_whitespace()).count();
    (before, before + part.trim().chars().count())
}

fn is_break(c: char) -> bool {
    c == '\t' || is_line_break(c)
}

/// The text with a blank for each break, and without what readers that search a line for `|t|` or `|a|` take for its beginning.
pub(super) fn on_one_line(text: &str) -> String {
    let text: String = text.chars().map(|c| if is_break(c) { ' ' } else { c }).collect();
    MARKS
        .iter()
        .fold(text, |text, (mark, instead)| if text.contains(mark) { text.replace(mark, instead) } else { text })
}

/// The byte where the title ends: by the passages, or else behind a first line that an empty line follows. A text with neither is
/// all title.
fn end_of_title(document: &Document, index: &TextIndex<'_>) -> usize {
    let byte = |utf16| index.at(Unit::Utf16, utf16).map(|place| place.byte);
    let by_passage = document.passages.first().and_then(|first| match first.kind.as_str() {
        Passage::TITLE => byte(first.end),
        Passage::ABSTRACT => byte(first.begin),
        _ => None,
    });
    by_passage.or_else(|| after_lone_line(index.text())).unwrap_or(index.text().len())
}

/// The end of the first line that is not blank, if the line behind it is blank.
fn after_lone_line(text: &str) -> Option<usize> {
    let begin = text.len() - text.trim_start().len();
    let end = begin + text[begin..].find('\n')?;
    let next = text[end + 1..].split('\n').next()?;
    next.trim().is_empty().then_some(end)
}
