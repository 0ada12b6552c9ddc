//! Cells of text in CSV, which spreadsheets must not take for formulas.

use std::borrow::Cow;

/// Whether a spreadsheet takes a cell for a formula, or for one behind an apostrophe: by its first character, as OWASP lists
/// them (CSV injection).
fn is_formula(cell: &str) -> bool {
    let formula = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}'];
    cell.trim_start_matches('\'').starts_with(formula)
}

/// A text as a cell, with an apostrophe before what a spreadsheet would take for a formula. Numbers need none.
pub fn to_cell(text: &str) -> Cow<'_, str> {
    if is_formula(text) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text of a cell that [`to_cell`] wrote.
pub fn from_cell(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|_| is_formula(cell)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page writes the same cells: `tests/js/save-results.test.mjs`.
    #[test]
    fn cells_are_those_of_the_golden_file() {
        let cases = include_str!("../../tests/golden/csv_cells.json");
        let cases: Vec<serde_json::Value> = serde_json::from_str(cases).expect("JSON");
        assert!(cases.len() > 10);
        for case in &cases {
            let (text, written) = (case["text"].as_str().expect("a text"), case["written"].as_str().expect("a field"));
            let mut row = csv::Writer::from_writer(vec![]);
            row.write_record(["x", &to_cell(text)]).expect("a row");
            let row = String::from_utf8(row.into_inner().expect("a row")).expect("UTF-8");
            assert_eq!(row, format!("x,{written}\n"));
            assert_eq!(from_cell(&to_cell(text)), text);
        }
    }
}
