//! JSON of spaCy, a document a line: `{"text", "tokens", "ents", "spans", "title"}`, as `Doc.from_json` takes it, and displaCy's
//! `render(…, manual=True)`: <https://spacy.io/api/doc#from_json>. Offsets count code points.
//!
//! Tokens are those that the mentions need: words and marks, cut where a mention begins or ends. The entities of a spaCy document
//! cannot overlap: where mentions do, the longest is in `ents`, and all are in the span group [`SPANS`], as they are where
//! mentions have identifiers (`kb_id`). The title, which displaCy shows, is the document's id.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{json, Value};

use super::document::{Document, Mention};
use super::json_line;
use super::losses::{self, Holds};
use super::text_index::{Place, TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::WriteFormat;

/// The span group that spaCy's own components take by default.
const SPANS: &str = "sc";

pub(super) struct Writer;

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        losses::count(document, Holds { identifier: true, ..Holds::default() }, warnings);
        let index = TextIndex::new(&document.text);
        let pieces = losses::pieces(&index, document, warnings);
        let pieces: Vec<_> = pieces.into_iter().filter_map(|piece| trimmed(&index, piece, warnings)).collect();
        let entities = without_overlaps(&pieces);
        warnings.add(
            "overlapping mentions, which are in the span group sc and not among the entities",
            pieces.len() - entities.len(),
        );
        let has_identifier = pieces.iter().any(|(mention, ..)| mention.identifier.is_some());
        let group = |(mention, begin, end): &Piece<'_>| {
            let identifier = mention.identifier.as_deref().unwrap_or_default();
            json!({"start": begin.code_point, "end": end.code_point, "label": mention.entity, "kb_id": identifier})
        };
        let entity = |(mention, begin, end): &Piece<'_>| json!({"start": begin.code_point, "end": end.code_point, "label": mention.entity});
        let spans = (entities.len() < pieces.len() || has_identifier)
            .then(|| json!({ SPANS: pieces.iter().map(group).collect::<Value>() }));
        let line = Line {
            text: &document.text,
            ents: entities.iter().map(entity).collect(),
            spans,
            title: &document.id,
            tokens: tokens(&document.text, &pieces),
        };
        json_line::write(out, &line)
    }
}

#[derive(Serialize)]
struct Line<'d> {
    text: &'d str,
    ents: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<Value>,
    title: &'d str,
    tokens: Vec<Token>,
}

/// Many, so that they are no [`Value`]s, which are large.
#[derive(Serialize)]
struct Token {
    id: usize,
    start: usize,
    end: usize,
}

type Piece<'d> = (&'d Mention, Place, Place);

/// White space as Python has it.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c)
}

/// A piece without white space at its ends, since spaCy has no token that begins or ends within it; `None` if nothing is left.
fn trimmed<'d>(index: &TextIndex<'_>, (mention, begin, end): Piece<'d>, warnings: &mut Warnings) -> Option<Piece<'d>> {
    let text = &index.text()[begin.byte..end.byte];
    let kept = text.trim_matches(is_space);
    if kept.is_empty() {
        warnings.add("mentions without a letter, which are left out", 1);
        return None;
    }
    let before = text.len() - text.trim_start_matches(is_space).len();
    warnings.add("mentions that begin or end with white space, which is cut off", usize::from(kept.len() < text.len()));
    let at = |byte| index.at(Unit::Byte, byte);
    Some((mention, at(begin.byte + before)?, at(begin.byte + before + kept.len())?))
}

/// Pieces that do not overlap, the longest first chosen, in the order of the text.
fn without_overlaps<'d>(pieces: &[Piece<'d>]) -> Vec<Piece<'d>> {
    let mut by_length: Vec<usize> = (0..pieces.len()).collect();
    by_length.sort_by_key(|&i| (std::cmp::Reverse(pieces[i].2.byte - pieces[i].1.byte), i));
    // Chosen pieces by where they begin.
    let mut chosen = std::collections::BTreeMap::new();
    for i in by_length {
        let (_, begin, end) = pieces[i];
        let before: Option<(_, &usize)> = chosen.range(..end.byte).next_back();
        if before.is_none_or(|(_, &other)| pieces[other].2.byte <= begin.byte) {
            chosen.insert(begin.byte, i);
        }
    }
    chosen.into_values().map(|i| pieces[i]).collect()
}

/// Words, marks, and white space beyond the one blank behind a token, cut at the ends of pieces.
fn tokens(text: &str, pieces: &[Piece<'_>]) -> Vec<Token> {
    let mut cuts: Vec<usize> = pieces.iter().flat_map(|(_, begin, end)| [begin.byte, end.byte]).collect();
    cuts.sort_unstable();
    let mut cuts = cuts.into_iter().peekable();
    let mut tokens: Vec<Token> = Vec::new();
    // What the token that is not yet ended is made of, and where it begins, in code points.
    let mut open: Option<(char, usize)> = None;
    let mut at = 0;
    for (byte, c) in text.char_indices() {
        let mut is_cut = false;
        while cuts.next_if(|cut| *cut <= byte).is_some() {
            is_cut = true;
        }
        let kind = if is_space(c) {
            ' '
        } else if c.is_ascii_punctuation() {
            '.'
        } else {
            'a'
        };
        match open {
            Some(('a', _)) if kind == 'a' && !is_cut => {}
            Some((' ', _)) if kind == ' ' => {}
            before => {
                if let Some((_, begin)) = before {
                    tokens.push(Token { id: tokens.len(), start: begin, end: at });
                }
                let is_behind_token = before.is_some_and(|(kind, _)| kind != ' ');
                // The blank belongs to the token before it.
                open = if c == ' ' && is_behind_token { None } else { Some((kind, at)) };
            }
        }
        at += 1;
    }
    if let Some((_, begin)) = open {
        tokens.push(Token { id: tokens.len(), start: begin, end: at });
    }
    tokens
}
