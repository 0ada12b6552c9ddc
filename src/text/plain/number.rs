//! Numbers: decimal points at mid height, and spaces between groups of three digits.

use super::classes::is_middle_dot;
use super::{Replacement, Visible};

/// Words that a number of their own follows: in "week 24 115 patients" there are two numbers.
const COUNTED: [&str; 24] = [
    "age", "aged", "arm", "cycle", "cycles", "day", "days", "fig", "figure", "grade", "group", "hour", "hours",
    "month", "months", "page", "phase", "stage", "table", "type", "visit", "week", "weeks", "years",
];

/// Units of doses: in "received 2 500 mg tablets" there are two numbers, or one, and nobody can tell.
const DOSES: [&str; 8] = ["mg", "g", "kg", "ml", "\u{B5}g", "\u{3BC}g", "mcg", "mmol"];

fn is_digit(visible: &[Visible], i: usize) -> bool {
    visible.get(i).is_some_and(|c| c.plain.is_ascii_digit())
}

/// Where the digits before `i` begin.
fn digits_before(visible: &[Visible], i: usize) -> usize {
    (0..i).rev().take_while(|at| is_digit(visible, *at)).last().unwrap_or(i)
}

/// How many digits there are from `i` on.
fn digits_from(visible: &[Visible], i: usize) -> usize {
    (i..).take_while(|at| is_digit(visible, *at)).count()
}

/// The decimal point at `i`, if there is one at mid height: between digits, or before digits in "p<·05".
pub(super) fn decimal_point(visible: &[Visible], i: usize) -> Option<Replacement> {
    if !is_middle_dot(visible[i].plain) {
        return None;
    }
    let fraction = digits_from(visible, i + 1);
    let start = digits_before(visible, i);
    let before = start.checked_sub(1).map(|at| visible[at].plain);
    let is_point = if start == i {
        before.is_some_and(|c| matches!(c, '<' | '>' | '=' | '\u{2264}' | '\u{2265}'))
    } else {
        // Not in CuSO4·5H2O, nor where a factor has a decimal point itself or a power follows.
        !before.is_some_and(|c| c.is_alphabetic() || c == '.' || is_middle_dot(c))
    };
    let after = visible.get(i + 1 + fraction).map(|c| c.plain);
    let power = after.is_some_and(|c| c == '^' || (c.is_numeric() && !c.is_ascii_digit()));
    (fraction > 0 && is_point && !power).then_some(Replacement { read: 1, written: "." })
}

/// Separators of groups of three digits, which are commas in plain writing.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The separator that was found last.
    last: Option<usize>,
}

impl Groups {
    /// The comma for the space at `i`, if it stands between groups of digits of one number.
    pub(super) fn separator(&mut self, visible: &[Visible], i: usize) -> Option<Replacement> {
        if visible[i].plain != ' ' || !is_digit(visible, i + 1) || digits_from(visible, i + 1) != 3 {
            return None;
        }
        let start = digits_before(visible, i);
        let goes_on = start > 0 && self.last == Some(start - 1) && i - start == 3;
        if !(goes_on || begins_number(visible, start, i)) || is_dose(visible, i) {
            return None;
        }
        self.last = Some(i);
        Some(Replacement { read: 1, written: "," })
    }
}

/// Whether one to three digits can be the first group of a number.
fn begins_number(visible: &[Visible], start: usize, end: usize) -> bool {
    if !(1..=3).contains(&(end - start)) || visible[start].plain == '0' {
        return false;
    }
    let Some(before) = start.checked_sub(1) else { return true };
    let plain = |at: usize| visible[at].plain;
    match plain(before) {
        '.' | ',' | '/' | '^' => false,
        // A minus sign or a range, but not CPT-11.
        '-' => before == 0 || !plain(before - 1).is_alphabetic(),
        c if c.is_whitespace() => {
            let word = word_before(visible, before);
            !(COUNTED.contains(&word.as_str()) || word.ends_with(|c: char| c.is_ascii_digit()))
        }
        c => !(c.is_alphanumeric() || is_middle_dot(c)),
    }
}

/// Whether the group after the separator is a dose of its own. A number of whole thousands is not.
fn is_dose(visible: &[Visible], separator: usize) -> bool {
    let group = separator + 1..separator + 4;
    let unit: String = visible[group.end..]
        .iter()
        .map(|c| c.plain)
        .skip_while(|c| *c == ' ')
        .take_while(|c| c.is_alphabetic())
        .collect();
    visible[separator].given == ' ' && DOSES.contains(&unit.as_str()) && !visible[group].iter().all(|c| c.plain == '0')
}

/// The letters and digits before the white space at `space`, in lower case.
fn word_before(visible: &[Visible], space: usize) -> String {
    let letters = visible[..space].iter().rev().map(|c| c.plain).take_while(|c| c.is_alphanumeric());
    let reversed: Vec<char> = letters.collect();
    reversed.into_iter().rev().flat_map(char::to_lowercase).collect()
}
