//! Thousands of damaged patterns: each is refused, or matches within its budget. None may panic.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use fastrand::Rng;
use jdk_regex::{Budget, Error, Matcher, Pattern};

/// What patterns are made of, and numbers that are too large.
const PARTS: [&str; 30] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "*",
    "+",
    "?",
    "|",
    "^",
    "$",
    "\\",
    "-",
    "&&",
    "(?",
    "(?<=",
    "(?<a>",
    "\\1",
    "\\p{",
    "\\Q",
    "\\u",
    "\\x{10FFFF}",
    "{9999999999}",
    "{0,2147483647}",
    "\u{1F9EC}",
    "e\u{301}",
    "(?i)",
    "(?:a|b)+",
    "\\k<a>",
];

fn mutate(pattern: &str, random: &mut Rng) -> String {
    let mut characters: Vec<String> = pattern.chars().map(String::from).collect();
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=characters.len());
        let part = PARTS[random.usize(..PARTS.len())].to_string();
        match random.usize(..4) {
            0 if at < characters.len() => drop(characters.remove(at)),
            1 if at < characters.len() => characters[at] = part,
            2 if at > 0 => characters.swap(at - 1, random.usize(..at)),
            _ => characters.insert(at, part),
        }
    }
    characters.concat()
}

/// Finds matches up to the text's end or the budget's.
fn run(pattern: &str, text: &str) -> Result<(), Error> {
    let pattern = Pattern::new(pattern)?;
    let mut matcher = Matcher::new(&pattern);
    let mut budget = Budget::new(text.len(), pattern.instructions());
    let (mut from, mut last) = (0, 0);
    while let Some(found) = matcher.find_from(text, from, last, &mut budget)? {
        assert!(found.start <= found.end && text.is_char_boundary(found.start) && text.is_char_boundary(found.end));
        let next = text[found.end..].chars().next();
        (from, last) = (found.end, found.end);
        match next {
            Some(c) if found.is_empty() => from += c.len_utf8(),
            None => break,
            Some(_) => {}
        }
    }
    Ok(())
}

#[test]
fn damaged_patterns_are_read_without_a_panic() {
    let recordings = include_str!("../testdata/jdk17.jsonl");
    let mut results = BTreeSet::new();
    for (seed, line) in recordings.lines().enumerate() {
        let recording: serde_json::Value = serde_json::from_str(line).expect("a recording");
        let text = recording["text"].as_str().expect("a text").to_string();
        let pattern = mutate(recording["pattern"].as_str().expect("a pattern"), &mut Rng::with_seed(seed as u64));
        let result = catch_unwind(|| run(&pattern, &text)).unwrap_or_else(|_| panic!("/{pattern}/ in {text:?}"));
        results.insert(result.map_or("refused", |()| "matched"));
    }
    assert_eq!(results, BTreeSet::from(["refused", "matched"]));
}
