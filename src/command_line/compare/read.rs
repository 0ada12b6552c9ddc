//! Reads tables of chunks: JSON lines with a document each, or JSON lines or CSV with a chunk per row.

use serde_json::{Map, Value};

use super::{Entry, Table};
use crate::formats::from_cell;
use crate::Error;

/// Names of the columns for a chunk's text and entity; the first one present is used. `text` comes last: beside one of the
/// others it is the text of the whole document.
const TEXT: [&str; 4] = ["chunk", "ner_chunk", "result", "text"];
const ENTITY: [&str; 3] = ["entity", "ner_label", "label"];

/// The header of Glossa's CSV.
const GLOSSA_HEADER: [&str; 6] = ["id", "begin", "end", "entity", "confidence", "text"];

/// Why a document with an error has no place in a comparison.
const FAILED: &str =
    "this document failed, so its chunks are not known: annotate it again, or leave it out of both files";

/// Whether the `end` of a file's chunks is inclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EndOffset {
    /// Inferred from the lengths of the chunks' texts, by majority. Without texts: exclusive in documents and in Glossa's
    /// CSV, otherwise inclusive.
    #[default]
    Auto,
    /// Inclusive, as in Spark NLP.
    Inclusive,
}

/// A chunk whose end may still be inclusive.
struct Row {
    place: String,
    id: Option<String>,
    entry: Entry,
}

impl Table {
    /// Reads a file: JSON lines, each a document `{id, text, chunks}` or a chunk, or CSV with a header and a chunk per row.
    /// Columns may be in any order; unknown ones are ignored. Errors name the file as `name`.
    ///
    /// # Errors
    /// `input_invalid`.
    pub fn parse(text: &str, name: &str, ends: EndOffset) -> Result<Self, Error> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut table = Table::default();
        let (rows, spark) = match text.trim_start().chars().next() {
            None => return Ok(table),
            Some('{') => json_lines(text, name, &mut table)?,
            Some('[') => return Err(invalid(&format!("{name}:1"), "a JSON object a line is wanted, not an array")),
            Some(_) => csv_rows(text, name)?,
        };
        let inclusive = match ends {
            EndOffset::Inclusive => true,
            EndOffset::Auto => inclusive(&rows).unwrap_or(spark),
        };
        for Row { place, id, mut entry } in rows {
            let end = if inclusive { entry.end.checked_add(1) } else { Some(entry.end) };
            entry.end = end.filter(|end| *end >= entry.begin).ok_or_else(|| {
                invalid(&place, format!("the chunk begins at {} and ends at {}", entry.begin, entry.end))
            })?;
            match id {
                Some(id) => {
                    table.documents.insert(id.clone());
                    entry.id = id;
                }
                None => table.without_id = table.without_id.or(Some(place)),
            }
            if let (Some(place), false) = (&table.without_id, table.documents.is_empty()) {
                return Err(invalid(place, "it has no id, but other rows of the file have"));
            }
            table.entries.push(entry);
        }
        Ok(table)
    }
}

fn invalid(place: &str, reason: impl Into<String>) -> Error {
    Error::InputInvalid { input: place.to_string(), reason: reason.into() }
}

/// Whether ends are inclusive, inferred from the lengths of the texts. The majority decides, since a cleaned-up text may
/// have another length than the place it comes from; `None` in a tie.
fn inclusive(rows: &[Row]) -> Option<bool> {
    let mut votes = [0_usize; 2];
    for Row { entry, .. } in rows {
        // An empty cell is no text.
        let length = entry.text.as_ref().filter(|text| !text.is_empty()).map(|text| text.encode_utf16().count());
        match (length, entry.end.checked_sub(entry.begin)) {
            (Some(length), Some(distance)) if length == distance => votes[0] += 1,
            (Some(length), Some(distance)) if length == distance.saturating_add(1) => votes[1] += 1,
            _ => {}
        }
    }
    (votes[0] != votes[1]).then_some(votes[1] > votes[0])
}

/// The chunks, and whether the file has Spark NLP's shape.
fn json_lines(text: &str, name: &str, table: &mut Table) -> Result<(Vec<Row>, bool), Error> {
    let mut rows = Vec::new();
    let mut spark = false;
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let place = format!("{name}:{}", i + 1);
        let record: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| invalid(&place, error.to_string()))?;
        let id = record.get("id").and_then(plain);
        if record.get("error").is_some_and(Value::is_object) {
            return Err(invalid(&place, FAILED));
        }
        let Some(chunks) = record.get("chunks") else {
            spark = true;
            rows.push(row(&|column| record.get(column).and_then(plain), &TEXT, id, place)?);
            continue;
        };
        let chunks = chunks.as_array().ok_or_else(|| invalid(&place, "its \"chunks\" are no array"))?;
        table.documents.extend(id.clone());
        for chunk in chunks {
            // `begin` and `end` belong to `text`, not to `result`, which is Spark NLP's text of the chunk.
            rows.push(row(&|column| chunk.get(column).and_then(plain), &["text"], id.clone(), place.clone())?);
        }
    }
    Ok((rows, spark))
}

/// The chunks, and whether the file has Spark NLP's shape.
fn csv_rows(text: &str, name: &str) -> Result<(Vec<Row>, bool), Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let malformed = |error: csv::Error| {
        let line = error.position().map_or(1, csv::Position::line);
        invalid(&format!("{name}:{line}"), error.to_string())
    };
    let heading: Vec<String> = reader.headers().map_err(malformed)?.iter().map(|cell| cell.trim().into()).collect();
    let at = |column: &str| heading.iter().position(|cell| cell == column);
    for wanted in [&["begin"] as &[&str], &["end"], &ENTITY] {
        if !wanted.iter().any(|column| at(column).is_some()) {
            let reason = format!("the heading has no {}, nor is it a JSON object", wanted.join(" or "));
            return Err(invalid(&format!("{name}:1"), reason));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(malformed)?;
        let place = format!("{name}:{}", record.position().map_or(1, csv::Position::line));
        let cell = |column: &str| at(column).and_then(|i| record.get(i)).map(String::from);
        if [cell("begin"), cell("end")].iter().all(|cell| cell.as_deref() == Some("")) {
            return Err(invalid(&place, FAILED));
        }
        let id = cell("id").filter(|id| !id.is_empty());
        rows.push(row(&cell, &TEXT, id, place)?);
    }
    let mut columns: Vec<&str> = heading.iter().map(String::as_str).collect();
    let mut glossa_columns = GLOSSA_HEADER;
    columns.sort_unstable();
    glossa_columns.sort_unstable();
    let ours = columns == glossa_columns;
    if ours {
        for Row { id, entry, .. } in &mut rows {
            for cell in [id.as_mut(), entry.text.as_mut(), Some(&mut entry.entity)].into_iter().flatten() {
                *cell = from_cell(cell).to_string();
            }
        }
    }
    Ok((rows, !ours))
}

/// A JSON value as a cell of a table.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        value => Some(value.to_string()),
    }
}

fn row(cell: &dyn Fn(&str) -> Option<String>, text: &[&str], id: Option<String>, place: String) -> Result<Row, Error> {
    let offset = |column: &str| {
        let offset = cell(column).ok_or_else(|| invalid(&place, format!("it has no {column:?}")))?;
        parse_offset(offset.trim())
            .ok_or_else(|| invalid(&place, format!("its {column:?} {offset:?} is not an offset")))
    };
    let (begin, end) = (offset("begin")?, offset("end")?);
    let entity = ENTITY.iter().find_map(|column| cell(column));
    let entity = entity.ok_or_else(|| invalid(&place, "it has no \"entity\", \"ner_label\" or \"label\""))?;
    let confidence = match cell("confidence").as_deref().map(str::trim) {
        None | Some("") => None,
        Some(number) => match number.parse::<f64>() {
            // pandas writes NaN for a missing value.
            Ok(value) if value.is_nan() => None,
            Ok(value) if value.is_finite() => Some(value),
            _ => return Err(invalid(&place, format!("its \"confidence\" {number:?} is not a number"))),
        },
    };
    let text = text.iter().find_map(|column| cell(column));
    Ok(Row { id, entry: Entry { id: String::new(), begin, end, text, entity, confidence }, place })
}

/// Parses an offset, which may end in `.0`: pandas writes integers that way in a column with missing values.
fn parse_offset(cell: &str) -> Option<usize> {
    cell.strip_suffix(".0").unwrap_or(cell).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str, ends: EndOffset) -> Vec<(usize, usize)> {
        let table = Table::parse(text, "f", ends).expect("a table");
        table.entries.iter().map(|entry| (entry.begin, entry.end)).collect()
    }

    #[test]
    fn texts_tell_what_ends_are() {
        let heading = "begin,end,entity,text\n";
        assert_eq!(places(&format!("{heading}0,2,X,DNA\n"), EndOffset::Auto), [(0, 3)]);
        assert_eq!(places(&format!("{heading}0,3,X,DNA\n"), EndOffset::Auto), [(0, 3)]);
        assert_eq!(places(&format!("{heading}0,1,X,\u{1F9EC}\n"), EndOffset::Auto), [(0, 2)]);
        assert_eq!(places(&format!("{heading}0,3,X,DNA\n"), EndOffset::Inclusive), [(0, 4)]);
        // The majority decides.
        assert_eq!(places(&format!("{heading}0,3,X,DNA\n5,7,X,DNA\n9,11,X,DNA\n"), EndOffset::Auto)[0], (0, 4));
    }

    #[test]
    fn without_texts_the_shape_tells() {
        assert_eq!(places("{\"begin\":0,\"end\":2,\"ner_label\":\"X\"}", EndOffset::Auto), [(0, 3)]);
        assert_eq!(places("end,label,begin\n2,X,0\n", EndOffset::Auto), [(0, 3)]);
        let document = "{\"id\":1,\"chunks\":[{\"begin\":0,\"end\":2,\"entity\":\"X\"}]}";
        assert_eq!(places(document, EndOffset::Auto), [(0, 2)]);
    }

    #[test]
    fn a_chunk_is_not_taken_for_its_document() {
        let text = "text,chunk,begin,end,ner_label\nof DNA and,DNA,3,5,X\n";
        assert_eq!(places(text, EndOffset::Auto), [(3, 6)]);
    }
}
