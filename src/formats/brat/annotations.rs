//! The lines of an `.ann`.

use std::collections::hash_map::Entry;
use std::collections::HashMap;

use super::{Note, CONCEPTS, NOTES};
use crate::formats::document::Mention;
use crate::formats::input::{invalid, Input};
use crate::formats::placing::Unplaced;
use crate::formats::warnings::Warnings;
use crate::Error;

/// What an `.ann` says.
#[derive(Default)]
pub(super) struct Annotations {
    pub(super) mentions: Vec<Unplaced>,
    pub(super) problems: Vec<Error>,
    pub(super) warnings: Warnings,
}

/// What a line says of a mention that may stand below it.
struct Remark {
    place: String,
    /// The mention's name.
    of: String,
    kind: RemarkKind,
}

enum RemarkKind {
    /// An entry of a database, and its name there.
    Reference(String, String),
    Note(String),
}

/// Reads all lines; a bad one is a problem.
pub(super) fn read(input: Input<'_>) -> Annotations {
    let mut all = Annotations::default();
    let mut remarks = Vec::new();
    let mut by_id = HashMap::new();
    let mut lines = input.into_lines();
    while let Some((number, line)) = lines.next() {
        match line {
            Ok(line) if line.trim().is_empty() => {}
            Ok(line) => all.line(&line, lines.place(number), &mut by_id, &mut remarks),
            Err(error) => all.problems.push(error),
        }
    }
    for remark in remarks {
        all.remark(remark, &by_id);
    }
    all
}

impl Annotations {
    fn line(&mut self, line: &str, place: String, by_id: &mut HashMap<String, usize>, remarks: &mut Vec<Remark>) {
        match line.chars().next() {
            Some('T') => match mention(line, &place) {
                Ok(mention) => {
                    let id = mention.mention.id.clone().unwrap_or_default();
                    match by_id.entry(id) {
                        Entry::Vacant(free) => _ = free.insert(self.mentions.len()),
                        Entry::Occupied(used) => {
                            let id = used.key();
                            let reason = format!("{id} has stood above; notes and identifiers of {id} go to the first");
                            self.problems.push(invalid(&place, reason));
                        }
                    }
                    self.mentions.push(mention);
                }
                Err(error) => self.problems.push(error),
            },
            Some('N' | '#') => match remark(line, place) {
                Ok(remark) => remarks.push(remark),
                Err(error) => self.problems.push(error),
            },
            Some('R') => self.warnings.add("relations, which are not read", 1),
            Some('E') => self.warnings.add("events, which are not read", 1),
            Some('A' | 'M') => self.warnings.add("attributes, which are not read", 1),
            Some('*') => self.warnings.add("equivalences, which are not read", 1),
            _ => {
                let reason = "the line is none of brat's, which begin with T (mention), N (identifier), # (note), R, E, A, M or *";
                self.problems.push(invalid(&place, reason));
            }
        }
    }

    fn remark(&mut self, Remark { place, of, kind }: Remark, by_id: &HashMap<String, usize>) {
        let Some(mention) = by_id.get(&of).map(|at| &mut self.mentions[*at]) else {
            if of.starts_with('T') {
                self.problems.push(invalid(&place, format!("it is of {of}, which the file does not have")));
            } else {
                self.warnings.add("notes and identifiers of what is not read", 1);
            }
            return;
        };
        let Unplaced { text, mention, .. } = mention;
        match kind {
            RemarkKind::Reference(entry, concept) => {
                let is_text = text.as_ref().is_some_and(|text| *text == concept);
                let concept = if is_text { "" } else { concept.as_str() };
                let entries = mention.identifier.get_or_insert_default();
                if !entries.is_empty() {
                    entries.push(';');
                }
                entries.push_str(&entry);
                if let Some(concepts) = mention.info.get_mut(CONCEPTS) {
                    concepts.push('\n');
                    concepts.push_str(concept);
                } else if !concept.is_empty() {
                    let before = "\n".repeat(entries.matches(';').count());
                    mention.info.insert(CONCEPTS.to_string(), before + concept);
                }
            }
            RemarkKind::Note(note) => {
                if let (true, Ok(note)) = (note.starts_with('{'), serde_json::from_str::<Note>(&note)) {
                    note.apply(mention);
                    return;
                }
                match mention.info.get_mut(NOTES) {
                    Some(notes) => {
                        notes.push('\n');
                        notes.push_str(&note);
                    }
                    None => _ = mention.info.insert(NOTES.to_string(), note),
                }
            }
        }
    }
}

/// `T1<tab>Entity 0 4;7 9<tab>text`.
fn mention(line: &str, place: &str) -> Result<Unplaced, Error> {
    let form =
        || invalid(place, "a mention has the form T1, tab, entity, begin, end (further pieces behind ;), tab, text");
    let mut cells = line.splitn(3, '\t');
    let id = cells.next().unwrap_or_default().trim();
    let (entity, offsets) = cells.next().and_then(|cell| cell.trim().split_once(' ')).ok_or_else(form)?;
    let text = cells.next().map(str::to_string).filter(|text| !text.is_empty());
    let piece = |piece: &str| {
        let mut numbers = piece.split_whitespace();
        let (begin, end) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
        numbers.next().is_none().then_some((begin, end))
    };
    let spans: Option<Vec<(usize, usize)>> = offsets.split(';').map(piece).collect();
    Ok(Unplaced {
        place: place.to_string(),
        spans: spans.ok_or_else(form)?,
        text,
        mention: Mention { entity: entity.to_string(), id: Some(id.to_string()), ..Mention::default() },
    })
}

/// `N1<tab>Reference T1 MESH:D003924<tab>name` or `#1<tab>AnnotatorNotes T1<tab>note`.
fn remark(line: &str, place: String) -> Result<Remark, Error> {
    let mut cells = line.splitn(3, '\t');
    let is_note = cells.next().is_some_and(|id| id.starts_with('#'));
    let mut words = cells.next().unwrap_or_default().split_whitespace();
    let (_, of, entry) = (words.next(), words.next(), words.next());
    let last = cells.next().unwrap_or_default().to_string();
    match (is_note, of, entry) {
        (true, Some(of), _) => Ok(Remark { place, of: of.to_string(), kind: RemarkKind::Note(last) }),
        (false, Some(of), Some(entry)) => {
            Ok(Remark { place, of: of.to_string(), kind: RemarkKind::Reference(entry.to_string(), last) })
        }
        _ => {
            let reason = "a note has the form #1, tab, AnnotatorNotes T1, tab, note; an identifier N1, tab, Reference T1 BASE:ENTRY, \
                          tab, name";
            Err(invalid(&place, reason))
        }
    }
}
