use super::*;

fn tokens(text: &str, options: &TokenizerOptions) -> Vec<String> {
    let document = Document::new(text);
    let tokens = Tokenizer::new(options).unwrap().tokenize(&document).unwrap();
    for token in &tokens {
        let units: Vec<u16> = text.encode_utf16().collect();
        assert_eq!(String::from_utf16(&units[token.begin..token.end]).unwrap(), text[token.bytes.clone()]);
    }
    tokens.iter().map(|token| text[token.bytes.clone()].to_string()).collect()
}

#[test]
fn context_characters_come_off_both_ends_as_runs() {
    let found = tokens("(GLA) vs. 30.7 +/- kg/m(2)) ... TRE-1),", &TokenizerOptions::default());
    assert_eq!(found, ["(", "GLA", ")", "vs", ".", "30.7", "+/", "-", "kg/m(2", "))", "...", "TRE-1", "),"]);
}

#[test]
fn only_ascii_white_space_breaks() {
    let found = tokens("a\u{A0}b\u{2009}c \u{1F600}d\r\ne\u{2187}f", &TokenizerOptions::default());
    assert_eq!(found, ["a\u{A0}b\u{2009}c", "\u{1F600}d", "e", "f"]);
}

#[test]
fn a_split_pattern_of_places_keeps_every_character() {
    let options = TokenizerOptions { split_pattern: Some("(?<=/)|(?=/)".into()), ..Default::default() };
    assert_eq!(tokens("a/\u{1F600}b/ c", &options), ["a", "/", "\u{1F600}b", "/", "c"]);
    let options = TokenizerOptions { split_pattern: Some("/+".into()), ..Default::default() };
    assert_eq!(tokens("/a//b/", &options), ["a", "b"]);
}

#[test]
fn a_wrong_pattern_is_an_error() {
    let options = TokenizerOptions { split_pattern: Some("(".into()), ..Default::default() };
    assert_eq!(Tokenizer::new(&options).unwrap_err().code(), "option_invalid");
}

fn case_texts() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let record: serde_json::Value = serde_json::from_str(line).unwrap();
                texts.extend(record["text"].as_str().map(str::to_string));
            }
        }
    }
    texts
}

#[test]
fn the_default_rules_are_followed_without_patterns_as_with_them() {
    let mut texts = case_texts();
    assert!(texts.len() > 1000);
    // Mixtures of context characters and others, among them line ends that the dot does not match.
    let alphabet = ['a', '-', '.', ' ', '\u{85}', '\u{2028}', '\u{1F600}', '\u{2187}', '\u{2188}', '"', '\t', '\u{A0}'];
    for number in 0..20_000_usize {
        let letters = (0..7).scan(number.wrapping_mul(2_654_435_761), |rest, _| {
            let letter = alphabet[*rest % alphabet.len()];
            *rest /= alphabet.len();
            Some(letter)
        });
        texts.push(letters.collect());
    }
    let splitting = TokenizerOptions { split_chars: Some(vec!["-".into()]), ..Default::default() };
    for options in [TokenizerOptions::default(), splitting] {
        let fast = Tokenizer::new(&options).unwrap();
        let general = Tokenizer::with_rules(&options).unwrap();
        assert!(fast.breaks.is_none() && fast.rules.is_none());
        for text in &texts {
            let document = Document::new(text);
            assert_eq!(fast.tokenize(&document), general.tokenize(&document), "{text:?}");
        }
    }
}

#[test]
fn exceptions_stay_whole_with_what_they_touch() {
    let exceptions = Some(vec!["New York".into(), "e\\.g\\.".into()]);
    let options = TokenizerOptions { exceptions: exceptions.clone(), ..Default::default() };
    assert_eq!(tokens("in New York. (e.g. e.g.", &options), ["in", "New York.", "(", "e.g", ".", "e.g."]);
    let options = TokenizerOptions { exceptions, case_sensitive_exceptions: Some(false), ..Default::default() };
    assert_eq!(tokens("new YORK new", &options), ["new YORK", "new"]);
}

#[test]
fn options_that_cannot_be_honoured_are_named() {
    let list = |entry: &str| Some(vec![entry.to_string()]);
    let cases = [
        ("targetPattern", TokenizerOptions { target_pattern: Some("[".into()), ..Default::default() }),
        ("prefixPattern", TokenizerOptions { prefix_pattern: Some("([.]*)".into()), ..Default::default() }),
        ("suffixPattern", TokenizerOptions { suffix_pattern: Some("([.]*)".into()), ..Default::default() }),
        ("suffixPattern", TokenizerOptions { suffix_pattern: Some(r"([.*)\z".into()), ..Default::default() }),
        ("infixPatterns", TokenizerOptions { infix_patterns: list("a"), ..Default::default() }),
        ("infixPatterns", TokenizerOptions { infix_patterns: list("(a))("), ..Default::default() }),
        ("contextChars", TokenizerOptions { context_chars: list("ab"), ..Default::default() }),
        ("exceptions", TokenizerOptions { exceptions: list("a**"), ..Default::default() }),
        ("splitPattern", TokenizerOptions { split_pattern: Some(r"\p{Nonsense}".into()), ..Default::default() }),
        ("splitChars", TokenizerOptions { split_chars: list("ab"), ..Default::default() }),
        ("splitChars", TokenizerOptions { split_chars: list("*"), ..Default::default() }),
    ];
    for (name, options) in cases {
        match Tokenizer::new(&options) {
            Err(Error::OptionInvalid { option, .. }) => assert_eq!(option, name),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn hostile_patterns_end_in_an_error() {
    let text = "a".repeat(50_000);
    let code = |pattern: &str| {
        let options = TokenizerOptions { split_pattern: Some(pattern.into()), ..Default::default() };
        let tokens = Tokenizer::new(&options).unwrap().tokenize(&Document::new(&text));
        tokens.map(|tokens| tokens.len()).map_err(|error| error.code())
    };
    // A repetition that failed from a place is not tried again from there.
    assert_eq!(code("(a|aa)+$b"), Ok(1));
    for pattern in ["(a+)+\\1b", "(?=.*b)", "(?<=ca{0,40000})", "(?=((a|aa)+))\\1b"] {
        assert_eq!(code(pattern), Err("option_invalid"), "{pattern}");
    }
}

/// The `splitPattern` of the shipped models.
const SHIPPED: &str =
    r"\p{Z}+|(?<=[^\p{L}\p{M}\p{N}\p{Z}])(?!(?<=[0-9][.,·])[0-9])|(?=[^\p{L}\p{M}\p{N}\p{Z}])(?!(?<=[0-9])[.,·][0-9])";

#[test]
fn the_shipped_pattern_separates_symbols_but_not_within_numbers() {
    let options = TokenizerOptions { split_pattern: Some(SHIPPED.into()), ..Default::default() };
    let found = tokens("IL-2/NF-κB 1,234.5 (p<.05)\u{A0}x \u{1F600}\u{1F600}", &options);
    let expected =
        ["IL", "-", "2", "/", "NF", "-", "κB", "1,234.5", "(", "p", "<", ".", "05", ")", "x", "\u{1F600}", "\u{1F600}"];
    assert_eq!(found, expected);
}

#[test]
fn a_long_text_without_a_break_is_split() {
    let options = TokenizerOptions { split_pattern: Some(SHIPPED.into()), ..Default::default() };
    let text = "ACGT".repeat(500_000);
    assert_eq!(tokens(&text, &options).len(), 1);
}
