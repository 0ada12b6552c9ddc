//! CoNLL-2003: a token a line with its IOB label in the last column, an empty line behind each sentence.
//!
//! It holds tokens and the entities of tokens: no offsets, so that the text that is read is the tokens with blanks between them,
//! and a line a sentence. Written are IOB2 and four columns, `token -X- _ label`, and before each document
//! `-DOCSTART- ID _ O`, which readers of CoNLL-2003 skip. Read are IOB2, IOB1 and IOBES, in 2 to 5 columns.

mod sentences;

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::document::{Document, Mention, Span};
use super::input::{invalid, Input, Lines};
use super::losses::{self, Holds};
use super::text_index::{TextIndex, Unit};
use super::warnings::Warnings;
use super::writer::WriteFormat;
use super::{Record, Records};
use crate::Error;
use sentences::Piece;

/// The token that stands between documents.
const START: &str = "-DOCSTART-";

pub(super) fn read<'r>(input: Input<'r>) -> Records<'r> {
    Box::new(Reader { lines: input.into_lines(), current: None, started: 0 })
}

struct Reader<'r> {
    lines: Lines<'r>,
    current: Option<Tokens>,
    /// How many documents began with [`START`].
    started: usize,
}

impl Iterator for Reader<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let Some((number, line)) = self.lines.next() else {
                return self.current.take().map(Tokens::finish);
            };
            let place = self.lines.place(number);
            let line = match line {
                Ok(line) if line.trim().is_empty() => {
                    if let Some(tokens) = &mut self.current {
                        tokens.end_sentence();
                    }
                    continue;
                }
                Ok(line) => line,
                Err(error) => {
                    let id = name_of(self.lines.name());
                    self.current.get_or_insert_with(|| Tokens::new(place, id)).error.get_or_insert(error);
                    continue;
                }
            };
            if line.starts_with(START) {
                self.started += 1;
                let id = id_of(&line).unwrap_or_else(|| self.started.to_string());
                match self.current.replace(Tokens::new(place, id)) {
                    Some(done) => return Some(done.finish()),
                    None => continue,
                }
            }
            let id = || name_of(self.lines.name());
            self.current.get_or_insert_with(|| Tokens::new(place.clone(), id())).line(&line, &place);
        }
    }
}

/// The name of a file that does not say that a document begins: the file's, without folder and extension.
fn name_of(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() {
        name.to_string()
    } else {
        stem.to_string()
    }
}

/// The id in a line of [`START`], which some corpora put in brackets: what is none of the usual fillers.
fn id_of(line: &str) -> Option<String> {
    let cells = line[START.len()..].split_whitespace().filter(|cell| !is_filler(cell));
    let id = cells.collect::<Vec<_>>().join(" ");
    let inner = id.strip_prefix('(').and_then(|id| id.strip_suffix(')'));
    Some(inner.unwrap_or(&id).to_string()).filter(|id| !id.is_empty())
}

/// Whether a column says nothing.
fn is_filler(cell: &str) -> bool {
    matches!(cell, "-X-" | "_" | "O" | "-" | "X" | "")
}

/// How a label stands to the one before.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    Begin,
    /// `S` of IOBES, `U` of BILOU.
    Single,
    Inside,
    /// `E` of IOBES, `L` of BILOU.
    Last,
}

/// A label, `None` for a token outside of mentions.
fn label_of(cell: &str) -> Result<Option<(Prefix, &str)>, String> {
    if cell == "O" {
        return Ok(None);
    }
    let prefix = |letter: &str| match letter {
        "B" => Some(Prefix::Begin),
        "S" | "U" => Some(Prefix::Single),
        "I" => Some(Prefix::Inside),
        "E" | "L" => Some(Prefix::Last),
        _ => None,
    };
    let label = cell.split_once('-').filter(|(_, entity)| !entity.is_empty());
    match label.and_then(|(letter, entity)| Some((prefix(letter)?, entity))) {
        Some(label) => Ok(Some(label)),
        None => Err(format!("its last column, {cell:?}, is no label: O, or B- or I- and an entity")),
    }
}

/// The tokens of a document so far.
#[derive(Default)]
struct Tokens {
    place: String,
    id: String,
    text: String,
    /// The length of `text` in UTF-16.
    length: usize,
    sentence_ended: bool,
    /// The mention that the next token may go on with.
    open: Option<Open>,
    mentions: Vec<Mention>,
    problems: Vec<Error>,
    error: Option<Error>,
    warnings: Warnings,
    /// Mentions that begin with `B-` where IOB1 would not write it, and with `I-`, as IOB2 does not.
    by_iob2: usize,
    by_iob1: usize,
}

struct Open {
    entity: String,
    byte: usize,
    begin: usize,
}

impl Tokens {
    fn new(place: String, id: String) -> Self {
        Tokens { place, id, ..Tokens::default() }
    }

    fn end_sentence(&mut self) {
        self.close();
        self.sentence_ended = true;
    }

    fn line(&mut self, line: &str, place: &str) {
        let cells: Vec<&str> = match line.contains('\t') {
            true => line.split('\t').map(str::trim).collect(),
            false => line.split_whitespace().collect(),
        };
        let [token, between @ .., last] = &cells[..] else {
            let reason = "a line has a token and its label, with a blank or a tab between them";
            self.problems.push(invalid(place, reason));
            self.token(cells.first().unwrap_or(&""), None);
            return;
        };
        if line.starts_with('#') && label_of(last).is_err() {
            self.warnings.add("comments, which are not read", 1);
            return;
        }
        if cells.len() > 5 {
            let reason =
                format!("it has {} columns; a line of CoNLL-2003 has 2 to 5, with the label last", cells.len());
            self.error.get_or_insert_with(|| invalid(place, reason));
            return;
        }
        let label = match label_of(last) {
            Ok(label) => label,
            Err(reason) => {
                self.problems.push(invalid(place, reason));
                None
            }
        };
        if token.is_empty() {
            self.problems.push(invalid(place, "its first column, the token, is empty"));
            return;
        }
        if between.iter().any(|cell| !is_filler(cell)) {
            self.warnings.add("tokens with parts of speech or other columns, which are not read", 1);
        }
        self.token(token, label);
    }

    fn token(&mut self, token: &str, label: Option<(Prefix, &str)>) {
        let goes_on = match (label, &self.open) {
            (Some((_, entity)), Some(open)) => open.entity == entity,
            _ => false,
        };
        let extends = goes_on && matches!(label, Some((Prefix::Inside | Prefix::Last, _)));
        if !extends {
            self.close();
        }
        if !self.text.is_empty() {
            self.text.push(if self.sentence_ended { '\n' } else { ' ' });
            self.length += 1;
        }
        self.sentence_ended = false;
        let (byte, begin) = (self.text.len(), self.length);
        self.text.push_str(token);
        self.length += token.encode_utf16().count();
        let Some((prefix, entity)) = label else { return };
        if !extends {
            self.open = Some(Open { entity: entity.to_string(), byte, begin });
            match prefix {
                Prefix::Inside | Prefix::Last => self.by_iob1 += 1,
                Prefix::Begin if !goes_on => self.by_iob2 += 1,
                Prefix::Begin | Prefix::Single => {}
            }
        }
        if matches!(prefix, Prefix::Single | Prefix::Last) {
            self.close();
        }
    }

    /// Ends the mention that is open, at the last token.
    fn close(&mut self) {
        if let Some(Open { entity, byte, begin }) = self.open.take() {
            let spans = vec![Span { begin, end: self.length }];
            let text = self.text[byte..].to_string();
            self.mentions.push(Mention { spans, text, entity, ..Mention::default() });
        }
    }

    fn finish(mut self) -> Record {
        self.close();
        let Tokens { place, id, text, mentions, problems, error, mut warnings, by_iob1, by_iob2, .. } = self;
        if by_iob2 > 0 {
            warnings.add("labels I- behind no label of their entity, which begin a mention", by_iob1);
        }
        if let Some(error) = error {
            return Record { id: Some(id), problems, warnings, ..Record::failed(place, error) };
        }
        let document = Document { id, text, mentions, ..Document::default() };
        Record { problems, warnings, ..Record::new(place, document) }
    }
}

#[derive(Default)]
pub(super) struct Writer {
    documents: usize,
}

impl WriteFormat for Writer {
    fn document(&mut self, out: &mut dyn Write, document: &Document, warnings: &mut Warnings) -> io::Result<()> {
        self.documents += 1;
        // Their ends are kept.
        losses::count(document, Holds { passages: true, ..Holds::default() }, warnings);
        warnings.add("passages, of which only the ends are kept, as ends of sentences", document.passages.len());
        let id = losses::without_blanks(&document.id, &self.documents.to_string());
        if id != document.id {
            warnings.add("ids of documents with blanks or without characters, which are changed", 1);
        }
        writeln!(out, "{START} {id} _ O\n")?;
        let index = TextIndex::new(&document.text);
        let labelled = choose(&document.mentions, &index, warnings);
        let entities: Vec<String> =
            labelled.iter().map(|(_, _, at)| entity_of(&document.mentions[*at], warnings)).collect();
        let byte = |utf16| index.at(Unit::Utf16, utf16).map(|place| place.byte);
        let ends = document.passages.iter().flat_map(|passage| [passage.begin, passage.end]).filter_map(byte).collect();
        let spans: Vec<(usize, usize)> = labelled.iter().map(|(begin, end, _)| (*begin, *end)).collect();
        let mut written = vec![false; spans.len()];
        sentences::read(&document.text, &spans, ends, |piece| {
            match piece {
                Piece::Token(token, None) => writeln!(out, "{token} -X- _ O")?,
                Piece::Token(token, Some(at)) => {
                    let prefix = if written[at] { "I" } else { "B" };
                    written[at] = true;
                    writeln!(out, "{token} -X- _ {prefix}-{}", entities[at])?;
                }
                Piece::SentenceEnd => writeln!(out)?,
                Piece::BreakInMention => warnings.add("line breaks within mentions, which do not end a sentence", 1),
            }
            Ok(())
        })?;
        warnings.add(
            "mentions without a token, which are left out",
            written.iter().filter(|is_written| !**is_written).count(),
        );
        Ok(())
    }
}

/// The mentions that get labels, in order: their bytes, and which they are. Of those that overlap the longest is taken.
fn choose(mentions: &[Mention], index: &TextIndex<'_>, warnings: &mut Warnings) -> Vec<(usize, usize, usize)> {
    let byte = |utf16| index.at(Unit::Utf16, utf16).map(|place| place.byte);
    let mut all: Vec<(usize, usize, usize)> = Vec::new();
    for (at, mention) in mentions.iter().enumerate() {
        match (byte(mention.begin()), byte(mention.end())) {
            (Some(begin), Some(end)) if begin < end => all.push((begin, end, at)),
            _ => warnings.add(losses::NO_PLACE, 1),
        }
    }
    all.sort_by_key(|(begin, end, at)| (std::cmp::Reverse(end - begin), *begin, *at));
    let mut chosen: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (begin, end, at) in all {
        let overlaps = chosen.range(..end).next_back().is_some_and(|(_, (other, _))| *other > begin);
        if overlaps {
            warnings.add("overlapping mentions, of which only the longest is written", 1);
            continue;
        }
        warnings.add(
            "mentions in pieces, which are written as one from begin to end",
            usize::from(mentions[at].spans.len() > 1),
        );
        chosen.insert(begin, (end, at));
    }
    chosen.into_iter().map(|(begin, (end, at))| (begin, end, at)).collect()
}

fn entity_of(mention: &Mention, warnings: &mut Warnings) -> String {
    let entity = losses::without_blanks(&mention.entity, "Entity");
    if entity != mention.entity {
        warnings.add("names of entities with blanks or without characters, which are changed", 1);
    }
    entity
}
