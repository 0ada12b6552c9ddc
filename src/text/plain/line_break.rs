//! Words that are hyphenated at a line's end.

use super::{Replacement, Visible};

/// What may follow a hyphen that stands for the rest of a word: "pre-\nand postoperative".
const JOINS_WORDS: [&str; 7] = ["and", "or", "to", "nor", "but", "versus", "vs"];

/// First parts that are words to a vocabulary but are written together with what follows: hypertension, subcutaneous.
const WRITTEN_TOGETHER: [&str; 36] = [
    "angio", "bio", "broncho", "cardio", "chemo", "cyto", "de", "dis", "dys", "electro", "gastro", "glyco", "haemo",
    "hemo", "hepato", "hyper", "hypo", "immuno", "inter", "intra", "lipo", "lympho", "macro", "micro", "mono", "neuro",
    "osteo", "para", "peri", "poly", "radio", "re", "sub", "super", "thrombo", "trans",
];

/// Last parts that make compounds with a hyphen: placebo-controlled, IL-2-induced. The first part need be no known word.
const MAKE_COMPOUNDS: [&str; 50] = [
    "activated",
    "acting",
    "adjusted",
    "arm",
    "associated",
    "based",
    "binding",
    "blind",
    "blinded",
    "bound",
    "containing",
    "controlled",
    "deficient",
    "dependent",
    "derived",
    "dose",
    "expressing",
    "free",
    "independent",
    "induced",
    "inducible",
    "infected",
    "label",
    "level",
    "like",
    "line",
    "linked",
    "lowering",
    "matched",
    "mediated",
    "naive",
    "negative",
    "positive",
    "producing",
    "reducing",
    "regulated",
    "related",
    "release",
    "resistant",
    "responsive",
    "sensitive",
    "specific",
    "stimulated",
    "term",
    "transfected",
    "treated",
    "type",
    "up",
    "week",
    "year",
];

/// The hyphen at `i` with the line end after it, if a word goes on in the next line.
///
/// A hyphen in lower-case words is left out if printing put it there ("treat-\nment"): as a compound, one of its parts would
/// be no word. Others stay: "IL-\n2", "placebo-\ncontrolled".
pub(super) fn broken_word(visible: &[Visible], i: usize, is_word: &dyn Fn(&str) -> bool) -> Option<Replacement> {
    if visible[i].plain != '-' || i == 0 || !visible[i - 1].plain.is_alphanumeric() {
        return None;
    }
    let next = next_line(visible, i + 1)?;
    let after = letters(visible[next..].iter());
    if JOINS_WORDS.contains(&after.as_str()) || !visible.get(next)?.plain.is_alphanumeric() {
        return None;
    }
    let before: String = letters(visible[..i].iter().rev()).chars().rev().collect();
    let outside = |at: Option<usize>| !at.and_then(|at| visible.get(at)).is_some_and(|c| c.plain.is_numeric());
    let letters_only =
        outside((i - before.chars().count()).checked_sub(1)) && outside(Some(next + after.chars().count()));
    let lower = |text: &str| text.chars().all(char::is_lowercase);
    let capital = before.chars().next().map_or(0, char::len_utf8);
    let a_word = before.chars().count() > 1 && lower(&before[capital..]) && !after.is_empty() && lower(&after);
    let before = before.to_lowercase();
    let parts_are_words = is_word(&before) && is_word(&after);
    let compound = (parts_are_words || MAKE_COMPOUNDS.contains(&after.as_str()))
        && !is_word(&format!("{before}{after}"))
        && !WRITTEN_TOGETHER.contains(&before.as_str());
    let written = if letters_only && a_word && !compound { "" } else { "-" };
    Some(Replacement { read: next - i, written })
}

/// Where the next line's text begins, if nothing but blanks and one line end stands before it.
fn next_line(visible: &[Visible], from: usize) -> Option<usize> {
    let blanks = |from: usize| {
        let blank = |c: &&Visible| matches!(c.plain, ' ' | '\t' | '\u{C}');
        from + visible[from..].iter().take_while(blank).count()
    };
    let end = blanks(from);
    let text = |at: usize| visible.get(at).map(|c| c.plain);
    let length = match (text(end)?, text(end + 1)) {
        ('\r', Some('\n')) => 2,
        ('\r' | '\n', _) => 1,
        _ => return None,
    };
    let next = blanks(end + length);
    (next < visible.len()).then_some(next)
}

fn letters<'v>(characters: impl Iterator<Item = &'v Visible>) -> String {
    characters.map(|c| c.plain).take_while(|c| c.is_alphabetic()).collect()
}
