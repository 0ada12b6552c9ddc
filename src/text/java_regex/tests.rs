//! What JDK 17 found, recorded; the patterns were drawn at random. Left out are those where Java goes by its bugs:
//! groups that stay set after the way that set them failed, and look-behinds whose length it counts beyond 32 bits.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Recorded {
    pattern: String,
    text: String,
    /// Per match, begin and end of each group from 0 on, in UTF-16 code units, -1 for a group that took no part;
    /// `None` if Java refuses the pattern.
    matches: Option<Vec<Vec<isize>>>,
}

fn found(pattern: &Pattern, text: &str) -> Result<Vec<Vec<isize>>, Error> {
    let units = |byte: usize| text[..byte].encode_utf16().count() as isize;
    let mut matcher = Matcher::new(pattern);
    let mut budget = Budget::new(text.len(), pattern.instructions());
    let mut matches = Vec::new();
    let mut from = 0;
    let mut last = 0;
    while let Some(place) = matcher.find_after(text, from, last, &mut budget)? {
        let group = |i| matcher.group(i).map_or([-1, -1], |group| [units(group.start), units(group.end)]);
        matches.push((0..=pattern.groups()).flat_map(group).collect());
        last = place.end;
        from = place.end;
        if place.is_empty() {
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
    let recorded = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/java_regex.jsonl");
    let recorded = std::env::var_os("GLOSSA_JAVA_REGEX").map_or(recorded, Into::into);
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in std::fs::read_to_string(recorded).unwrap().lines() {
        let Recorded { pattern, text, matches } = serde_json::from_str(line).unwrap();
        let ours = Pattern::new(&pattern, "pattern").and_then(|pattern| found(&pattern, &text));
        count += 1;
        if ours.as_ref().ok() != matches.as_ref() {
            wrong.push(format!("/{pattern}/ in {text:?}\n  recorded {matches:?}\n  ours     {ours:?}"));
        }
    }
    assert!(count > 0);
    assert!(wrong.is_empty(), "{} of {count}, the first:\n{}", wrong.len(), wrong[..wrong.len().min(25)].join("\n"));
}

#[test]
fn what_is_left_out_is_refused() {
    for pattern in [r"\X", r"\b{g}", r"\N{LATIN SMALL LETTER A}", r"\uD83D", "a**", "[z-a]", r"\p{Foo}", "{"] {
        assert_eq!(Pattern::new(pattern, "splitPattern").unwrap_err().code(), "option_invalid", "{pattern}");
    }
    let deep = "(".repeat(100_000);
    assert!(Pattern::new(&deep, "splitPattern").is_err());
}
