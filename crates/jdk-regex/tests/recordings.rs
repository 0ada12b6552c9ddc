//! Compares matches with those of JDK 17, recorded for random patterns. The recordings leave out cases where Java shows
//! its bugs: groups that stay set after backtracking, and look-behinds whose length overflows 32 bits.

use jdk_regex::{Budget, Error, Matcher, Pattern};
use serde::Deserialize;

#[derive(Deserialize)]
struct Recording {
    pattern: String,
    text: String,
    /// Per match, begin and end of each group from 0 on, in UTF-16 code units, -1 for a group that took no part;
    /// `None` if Java refuses the pattern.
    matches: Option<Vec<Vec<isize>>>,
}

fn matches(pattern: &Pattern, text: &str) -> Result<Vec<Vec<isize>>, Error> {
    let units = |byte: usize| text[..byte].encode_utf16().count() as isize;
    let mut matcher = Matcher::new(pattern);
    let mut budget = Budget::new(text.len(), pattern.instructions());
    let mut matches = Vec::new();
    let (mut from, mut last_match) = (0, 0);
    while let Some(found) = matcher.find_from(text, from, last_match, &mut budget)? {
        let group = |i| matcher.group(i).map_or([-1, -1], |group| [units(group.start), units(group.end)]);
        matches.push((0..=pattern.groups()).flat_map(group).collect());
        (from, last_match) = (found.end, found.end);
        if found.is_empty() {
            match text[from..].chars().next() {
                Some(c) => from += c.len_utf8(),
                None => break,
            }
        }
    }
    Ok(matches)
}

#[test]
fn patterns_match_as_in_java() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/jdk17.jsonl");
    let path = std::env::var_os("JDK_REGEX_RECORDINGS").unwrap_or_else(|| shipped.into());
    let lines = std::fs::read_to_string(path).expect("recordings");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in lines.lines() {
        let Recording { pattern, text, matches: recorded } = serde_json::from_str(line).expect("a recording");
        let ours = Pattern::new(&pattern).and_then(|pattern| matches(&pattern, &text));
        count += 1;
        if ours.as_ref().ok() != recorded.as_ref() {
            wrong.push(format!("/{pattern}/ in {text:?}\n  recorded {recorded:?}\n  ours     {ours:?}"));
        }
    }
    assert!(count > 0, "no recordings");
    assert!(wrong.is_empty(), "{} of {count}, the first:\n{}", wrong.len(), wrong[..wrong.len().min(25)].join("\n"));
}

#[test]
fn unsupported_and_malformed_patterns_are_refused() {
    for pattern in [r"\X", r"\b{g}", r"\N{LATIN SMALL LETTER A}", r"\uD83D", "a**", "[z-a]", r"\p{Foo}", "{"] {
        assert!(matches!(Pattern::new(pattern), Err(Error::Invalid { .. })), "{pattern}");
    }
    assert!(Pattern::new(&"(".repeat(100_000)).is_err());
}

#[test]
fn long_repetitions_of_groups_are_matched_to_their_end() {
    let pattern = Pattern::new("(?:a|b)+").expect("a pattern");
    let text = "ab".repeat(50_000);
    let mut budget = Budget::new(text.len(), pattern.instructions());
    assert_eq!(Matcher::new(&pattern).find(&text, &mut budget), Ok(Some(0..text.len())));
}

#[test]
fn hostile_patterns_spend_the_budget() {
    let text = "a".repeat(50_000);
    for source in ["(a+)+\\1b", "(?=.*b)", "(?<=ca{0,40000})", "(?=((a|aa)+))\\1b"] {
        let pattern = Pattern::new(source).expect("a pattern");
        let mut budget = Budget::new(text.len(), pattern.instructions());
        let error = Matcher::new(&pattern).find_all(&text, &mut budget).expect_err(source);
        assert_eq!(error, Error::BudgetSpent { pattern: source.to_string() });
    }
}

#[test]
fn one_budget_serves_all_searches() {
    let pattern = Pattern::new("b").expect("a pattern");
    let mut matcher = Matcher::new(&pattern);
    let mut budget = Budget::of_steps(150);
    assert_eq!(matcher.find(&"a".repeat(100), &mut budget), Ok(None));
    assert!(matcher.find(&"a".repeat(100), &mut budget).is_err());
}

#[test]
fn messages_show_the_start_of_a_long_pattern() {
    let message = Pattern::new(&format!("({}", "a".repeat(1000))).expect_err("an unclosed group").to_string();
    assert!(message.starts_with("\"(aaa") && message.contains("unclosed group near index"), "{message}");
    assert!(message.len() < 300, "{message}");
}
