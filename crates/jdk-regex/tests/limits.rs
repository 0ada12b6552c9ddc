//! Patterns made to take time or memory: both stay bounded, by the pattern's size and by the budget.

use jdk_regex::{Budget, Error, Matcher, Pattern};

#[test]
fn a_back_reference_that_fails_pays_for_what_it_compared() {
    for (pattern, repeated) in [(r"(a+)\1x", "a"), (r"(?i)(a+)\1x", "a"), (r"(?iu)(\u00e9+)\1x", "\u{E9}\u{C9}")] {
        let text = repeated.repeat(20_000);
        let pattern = Pattern::new(pattern).expect("a pattern");
        let mut budget = Budget::new(text.len(), pattern.instructions());
        let result = Matcher::new(&pattern).find(&text, &mut budget);
        assert!(matches!(result, Err(Error::BudgetSpent { .. })), "{pattern:?}: {result:?}");
    }
    // A reference that fails after 1000 characters takes 1000 steps.
    let text = format!("{}-{}?", "a".repeat(1001), "a".repeat(1000));
    let pattern = Pattern::new(r"\A(a+)-\1").expect("a pattern");
    let steps = |steps| Matcher::new(&pattern).find(&text, &mut Budget::of_steps(steps)).is_ok();
    assert!(!steps(2000) && steps(10_000));
}

fn reason(pattern: &str) -> String {
    match Pattern::new(pattern) {
        Err(Error::Invalid { reason, .. }) => reason,
        other => panic!("{} instructions", other.map_or(0, |pattern| pattern.instructions())),
    }
}

#[test]
fn nested_alternatives_are_analysed_in_linear_time() {
    let nested = |depth: usize| format!("{}a{}", "(?:".repeat(depth), "|b)".repeat(depth));
    for around in [["(?=", ")"], ["(?<=", ")"], ["", ""], ["(?:", ")++"]] {
        let pattern = around.join(&nested(90));
        let pattern = Pattern::new(&pattern).expect("a pattern");
        let text = "cba";
        let found = Matcher::new(&pattern).find(text, &mut Budget::new(text.len(), pattern.instructions()));
        assert!(found.expect("in the budget").is_some(), "{around:?}");
    }
    // Quantifiers within one another are compiled once, too.
    let possessive = format!("{}a{}", "(?:".repeat(90), "b)++".repeat(90));
    assert!(Pattern::new(&possessive).expect("a pattern").instructions() < 1000);
}

#[test]
fn the_size_of_a_pattern_is_limited() {
    assert!(reason(&"a".repeat((1 << 20) + 1)).contains("characters"));
    // Each of these would take gigabytes, or hours.
    let many = 100_000;
    let patterns = [r"\pL", r"(?U)\w", r"[^\pL]", r"[\pL&&\pN]", r"\P{Lu}", "(?iu)[\\x{0}-\\x{10FFFF}]", r"[\pLa]|"]
        .map(|class| {
            let pattern = class.repeat(many);
            pattern.chars().take(1 << 20).collect::<String>()
        });
    for pattern in &patterns {
        let start: String = pattern.chars().take(20).collect();
        let cut = reason(pattern);
        assert!(cut.contains("too large classes"), "{start}: {cut}");
    }
}

#[test]
fn large_lists_are_patterns() {
    let words: Vec<String> = (0..50_000).map(|word| format!("w{word}")).collect();
    let pattern = Pattern::new(&format!(r"\b(?:{})\b", words.join("|"))).expect("a pattern");
    let text = "a w49999";
    let found = Matcher::new(&pattern).find(text, &mut Budget::new(text.len(), pattern.instructions()));
    assert_eq!(found, Ok(Some(2..8)));

    // Characters in brackets, no two of them neighbours.
    let members: String = (0..100_000).filter_map(|i| char::from_u32(0x1_0000 + 2 * i)).collect();
    let pattern = Pattern::new(&format!("[{members}]")).expect("a pattern");
    let mut matcher = Matcher::new(&pattern);
    let mut matches = |text: &str| matcher.find(text, &mut Budget::of_steps(100)).map(|found| found.is_some());
    assert_eq!((matches("\u{10002}"), matches("\u{10003}")), (Ok(true), Ok(false)));
}
