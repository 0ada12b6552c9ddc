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
