//! Times the search for typical token patterns, and how long a hostile pattern takes to spend its budget.

use std::time::Instant;

use jdk_regex::{Budget, Matcher, Pattern};

const TEXT: &str =
    "IL-2/NF-κB was up-regulated (p<.05) in 1,234.5 of CD34+ cells; see Fig. 3(b) and Smith et al., 2004. ";

const PATTERNS: [(&str, &str); 4] = [
    ("class", r"\p{L}+"),
    ("punctuation", r"\A([.,;:!?*()\-]*)(\S+?)([.,;:!?*()\-]*)\z"),
    ("look-around", r"(?<=[^\p{L}\p{M}\p{N}\p{Z}])(?!(?<=[0-9][.,])[0-9])|(?=[^\p{L}\p{M}\p{N}\p{Z}])"),
    ("alternation", r"(?i)\b(?:et al|fig|vs|e\.g|i\.e)\."),
];

fn main() {
    let text = TEXT.repeat(500);
    for (name, source) in PATTERNS {
        let pattern = Pattern::new(source).expect("a pattern");
        let mut matcher = Matcher::new(&pattern);
        let mut times: Vec<f64> = (0..15)
            .map(|_| {
                let mut budget = Budget::new(text.len(), pattern.instructions());
                let start = Instant::now();
                let found = matcher.find_all(&text, &mut budget).expect("an ordinary pattern");
                std::hint::black_box(found);
                text.len() as f64 / start.elapsed().as_secs_f64() / 1e6
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{name:12} {:8.2} MB/s", times[times.len() / 2]);
    }
    let text = "a".repeat(50_000);
    let pattern = Pattern::new("(a+)+\\1b").expect("a pattern");
    let mut budget = Budget::new(text.len(), pattern.instructions());
    let start = Instant::now();
    assert!(Matcher::new(&pattern).find(&text, &mut budget).is_err());
    println!("hostile      {:8.2} s until the budget is spent", start.elapsed().as_secs_f64());
}
