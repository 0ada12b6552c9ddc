//! What a `tokenizer.json` is checked for before the library runs it: the library trusts its steps and templates.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value as Json;
use tokenizers::models::ModelWrapper;
use tokenizers::normalizers::NormalizerWrapper;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::processors::PostProcessorWrapper;
use tokenizers::Tokenizer;

/// How many times longer, in bytes, the steps before the model may make a text. Steps multiply: 34 that double are 16 GB of
/// one letter. Tokenizers in use need 33: a Unicode form before a replacement of three bytes.
const GROWTH: usize = 64;

/// Bytes that steps may put before a text, and again before each of its parts. Tokenizers in use put one mark of three bytes.
const PREPENDED: usize = 64;

/// Steps before the model: every step reads the whole text, and each is compared with all before it. Tokenizers in use have
/// about ten.
const STEPS: usize = 256;

/// How many times longer, in bytes, Unicode's forms make a text, applied once or in a row: U+FDFA becomes 18 characters.
const FORM_GROWTH: usize = 11;

/// The longest replacement, in bytes, of SentencePiece's own maps of characters, which hold Unicode's forms: U+FDFA's.
const FORM_LENGTH: usize = 33;

/// Characters of a word, beyond which WordPiece takes it for unknown whatever its own limit is: its time is cubic in them.
/// Tokenizers in use have the limit 100.
const WORD_LENGTH: usize = 400;

/// Checks what the library would not, or only when it is too late.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(json: &Json) -> Result<(), String> {
    let mut steps = Steps::default();
    steps.add(&canonical::<NormalizerWrapper>(&json["normalizer"]))?;
    steps.add(&canonical::<PreTokenizerWrapper>(&json["pre_tokenizer"]))?;
    check_template(&canonical::<PostProcessorWrapper>(&json["post_processor"]))
}

/// Lowers a limit of the model's to ours.
pub(super) fn limit_words(tokenizer: &mut Tokenizer) {
    if let ModelWrapper::WordPiece(model) = tokenizer.get_model() {
        if model.max_input_chars_per_word > WORD_LENGTH {
            let mut model = model.clone();
            model.max_input_chars_per_word = WORD_LENGTH;
            tokenizer.with_model(model);
        }
    }
}

/// A part as the library understands it, whatever of the accepted spellings the file has. What it cannot read is null here:
/// it says so itself.
fn canonical<T: DeserializeOwned + Serialize>(part: &Json) -> Json {
    let read = serde_json::from_value::<T>(part.clone()).ok();
    read.and_then(|read| serde_json::to_value(read).ok()).unwrap_or(Json::Null)
}

/// The characters that a step takes or leaves; `None`: any.
type Characters = Option<BTreeSet<char>>;

fn characters(text: &str) -> Characters {
    Some(text.chars().collect())
}

fn meet(a: &Characters, b: &Characters) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => !a.is_disjoint(b),
        _ => true,
    }
}

/// The steps that rewrite a text, and how much longer it may be after them.
#[derive(Default)]
struct Steps {
    count: usize,
    /// For each step that rewrites: the characters it leaves, and how many times longer than the original they may be.
    rewritten: Vec<(Characters, usize)>,
    prepended: usize,
    /// Whether the text is in Unicode's forms as far as it will be, so that another form adds nothing.
    in_form: bool,
}

impl Steps {
    /// Adds a normaliser or pre-tokenizer, in canonical form.
    fn add(&mut self, step: &Json) -> Result<(), String> {
        self.count += 1;
        if self.count > STEPS {
            return Err(format!("it has more than {STEPS} normalisers and pre-tokenizers"));
        }
        let text = |name: &str| step[name].as_str().unwrap_or_default();
        match text("type") {
            "Sequence" => {
                let parts = step["normalizers"].as_array().or_else(|| step["pretokenizers"].as_array());
                parts.into_iter().flatten().try_for_each(|part| self.add(part))
            }
            "Replace" => self.replace(&step["pattern"], text("content")),
            "Prepend" => self.prepend(text("prepend")),
            "Metaspace" => {
                self.replace(&serde_json::json!({"String": " "}), text("replacement"))?;
                self.prepend(text("replacement"))
            }
            "NFC" | "NFD" | "NFKC" | "NFKD" | "Lowercase" => self.form(1),
            // It puts spaces around Chinese characters each time.
            "BertNormalizer" => self.form(2),
            "Precompiled" => {
                let longest = longest_replacement(text("precompiled_charsmap"));
                if longest <= FORM_LENGTH && !self.in_form {
                    return self.form(1);
                }
                self.rewrite(&None, longest, None)?;
                self.in_form = longest <= FORM_LENGTH;
                Ok(())
            }
            // A byte becomes a character of at most two bytes.
            "ByteLevel" => {
                self.in_form = false;
                self.rewrite(&None, 2, None)
            }
            _ => Ok(()),
        }
    }

    fn replace(&mut self, pattern: &Json, content: &str) -> Result<(), String> {
        self.in_form &= content.is_ascii();
        match (pattern["String"].as_str(), pattern["Regex"].as_str()) {
            (Some(taken), _) if !taken.is_empty() => {
                self.rewrite(&characters(taken), content.len().div_ceil(taken.len()), characters(content))
            }
            (_, Some(regex)) if always_takes(regex) => self.rewrite(&None, content.len(), characters(content)),
            // It may put the content between all characters.
            _ => {
                self.rewrite(&None, 1 + content.len(), None)?;
                Ok(())
            }
        }
    }

    fn prepend(&mut self, content: &str) -> Result<(), String> {
        self.prepended = self.prepended.saturating_add(content.len());
        if self.prepended > PREPENDED {
            return Err(format!("its normalisers put more than {PREPENDED} bytes before a text"));
        }
        Ok(())
    }

    fn form(&mut self, again: usize) -> Result<(), String> {
        let grows = if self.in_form { again } else { FORM_GROWTH };
        self.in_form = true;
        self.rewrite(&None, grows, None)
    }

    /// A step that makes what it takes `grows` times longer. What no earlier step left is as long as in the original.
    fn rewrite(&mut self, takes: &Characters, grows: usize, leaves: Characters) -> Result<(), String> {
        let met = self.rewritten.iter().filter(|(left, _)| meet(left, takes));
        let before = met.map(|(_, times)| *times).max().unwrap_or(1);
        let times = before.saturating_mul(grows.max(1));
        if times > GROWTH {
            return Err(format!(
                "its normalisers may make a text {times} times longer; at most {GROWTH} times is allowed"
            ));
        }
        self.rewritten.push((leaves, times));
        Ok(())
    }
}

/// Whether a regular expression surely takes a character with every match. Only plain ones are understood: classes, escapes
/// of classes, and characters, repeated once or more.
fn always_takes(regex: &str) -> bool {
    let mut rest = regex.chars();
    let mut takes = false;
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next() {
                Some('s' | 'S' | 'd' | 'D' | 'w' | 'W' | 'n' | 'r' | 't') => {}
                Some(escaped) if escaped.is_ascii_punctuation() => {}
                _ => return false,
            },
            '[' => {
                let mut length = 0;
                loop {
                    match rest.next() {
                        // The first of a class stands for itself, and classes in classes are not understood.
                        Some(']') if length > 0 => break,
                        Some('\\') if rest.next().is_some() => length += 1,
                        Some('[' | ']' | '&' | '\\') | None => return false,
                        Some('^') if length == 0 => {}
                        Some(_) => length += 1,
                    }
                }
            }
            '+' => continue,
            '{' => {
                let bounds: String = rest.by_ref().take_while(|&c| c != '}').collect();
                let least = bounds.split(',').next().and_then(|least| least.parse::<u32>().ok());
                if least.is_none_or(|least| least == 0) {
                    return false;
                }
                continue;
            }
            '*' | '?' | '|' | '(' | ')' | '^' | '$' | '#' => return false,
            _ => {}
        }
        takes = true;
    }
    takes
}

/// The length in bytes of the longest replacement in a map of characters as SentencePiece writes it: in base64, the size of
/// a trie in four bytes, the trie, and the replacements, each with a zero at its end.
fn longest_replacement(map: &str) -> usize {
    let bytes = base64(map);
    let size = bytes.first_chunk::<4>().map_or(0, |size| u32::from_le_bytes(*size) as usize);
    let replacements = bytes.get(size.saturating_add(4)..).unwrap_or_default();
    replacements.split(|&byte| byte == 0).map(<[u8]>::len).max().unwrap_or(0)
}

/// The bytes of a text in base64; other characters are passed over.
fn base64(text: &str) -> Vec<u8> {
    let (mut bits, mut count) = (0u32, 0);
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for c in text.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xFF) as u8);
        }
    }
    bytes
}

/// Checks the templates of a post-processor in canonical form: the library looks up their special tokens without asking
/// whether there are any.
fn check_template(processor: &Json) -> Result<(), String> {
    for part in processor["processors"].as_array().into_iter().flatten() {
        check_template(part)?;
    }
    if processor["type"].as_str() != Some("TemplateProcessing") {
        return Ok(());
    }
    let mut texts = 0;
    for piece in processor["single"].as_array().into_iter().flatten() {
        if let Some(name) = piece["SpecialToken"]["id"].as_str() {
            let token = &processor["special_tokens"][name];
            let length = |list: &str| token[list].as_array().map(Vec::len);
            if token.is_null() {
                return Err(format!("its template uses {name:?}, which is not among the template's special_tokens"));
            }
            if length("ids") != length("tokens") {
                return Err(format!("its template's special token {name:?} has not as many ids as tokens"));
            }
        } else if piece["Sequence"]["id"].as_str() == Some("A") {
            texts += 1;
        } else {
            return Err("its template for one text uses a second".into());
        }
    }
    match texts {
        1 => Ok(()),
        _ => Err(format!("its template for one text has it {texts} times")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn normalised(normalizers: Json) -> Result<(), String> {
        check(&json!({"normalizer": {"type": "Sequence", "normalizers": normalizers}}))
    }

    fn replace(taken: &str, content: &str) -> Json {
        json!({"type": "Replace", "pattern": {"String": taken}, "content": content})
    }

    fn replace_regex(regex: &str, content: &str) -> Json {
        json!({"type": "Replace", "pattern": {"Regex": regex}, "content": content})
    }

    #[test]
    fn steps_that_multiply_are_refused_at_the_limit() {
        let doubled = |times: usize| normalised(vec![replace("a", "aa"); times].into());
        assert_eq!(doubled(6), Ok(()));
        assert!(doubled(7).expect_err("refused").contains("128 times longer"));
        assert!(doubled(34).is_err());
        // Over other characters, in nested sequences, in the spelling without types.
        let pair = json!([replace("a", "bb"), replace("b", "aa")]);
        let sequence = json!({"type": "Sequence", "normalizers": pair});
        assert!(normalised(vec![sequence; 4].into()).is_err());
        let untyped = json!({"pattern": {"String": "a"}, "content": "aa"});
        assert!(check(&json!({"normalizer": {"normalizers": vec![untyped; 34]}})).is_err());
        // By expressions that take nothing, by forms, by bytes written as characters, by what is put before.
        assert!(normalised(vec![replace_regex("x*", "y"); 7].into()).is_err());
        assert!(normalised(vec![replace("", "y"); 7].into()).is_err());
        assert!(normalised(
            json!([replace("a", "\u{FDFA}"), {"type": "NFKD"}, replace_regex("\\w", "\u{FDFA}"), {"type": "NFKD"}])
        )
        .is_err());
        assert!(normalised(vec![json!({"type": "ByteLevel"}); 7].into()).is_err());
        let byte_level =
            json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false});
        assert!(check(&json!({"pre_tokenizer": {"type": "Sequence", "pretokenizers": vec![byte_level; 34]}})).is_err());
        assert!(normalised(vec![json!({"type": "Prepend", "prepend": "a"}); 65].into()).is_err());
        assert!(normalised(vec![replace("a", "b"); STEPS].into()).expect_err("refused").contains("more than"));
        assert!(normalised(json!([replace("a", &"b".repeat(65))])).is_err());
    }

    #[test]
    fn steps_of_tokenizers_in_use_are_allowed() {
        // Of T5, ALBERT, Llama and SigLIP.
        let spaces = replace_regex(" {2,}", "\u{2581}");
        let metaspace =
            json!({"type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true});
        let sequence = json!({"type": "Sequence", "normalizers": [{"type": "NFKD"}, spaces]});
        assert_eq!(check(&json!({"normalizer": sequence, "pre_tokenizer": metaspace})), Ok(()));
        let quotes = [replace("``", "\""), replace("''", "\"")];
        let steps =
            json!([quotes[0], quotes[1], {"type": "NFKD"}, {"type": "StripAccents"}, {"type": "Lowercase"}, spaces]);
        assert_eq!(normalised(steps), Ok(()));
        assert_eq!(normalised(json!([{"type": "Prepend", "prepend": "\u{2581}"}, replace(" ", "\u{2581}")])), Ok(()));
        let steps =
            json!([{"type": "Lowercase"}, replace_regex(r#"[!"\#\$%&'()*+,\-.\\]"#, ""), replace_regex(r"\s+", " ")]);
        assert_eq!(normalised(steps), Ok(()));
        // Replacements of different characters do not multiply.
        let many: Vec<Json> = ('a'..='z').map(|c| replace(&c.to_string(), "...")).collect();
        assert_eq!(normalised(many.into()), Ok(()));
    }

    #[test]
    fn expressions_that_may_take_nothing_are_known() {
        for regex in [" {2,}", r"\s+", r"[^a-z]+x", "a", r"\.{3}"] {
            assert!(always_takes(regex), "{regex}");
        }
        for regex in ["", "x*", "x?", "a|", "x{0,2}", "x{,2}", "(a*)", "^", "$", r"\b", "(?=a)", "[a", r"\", "[]a]"] {
            assert!(!always_takes(regex), "{regex}");
        }
    }

    #[test]
    fn the_longest_replacement_of_a_map_is_found() {
        assert_eq!(base64("TWFu"), b"Man");
        assert_eq!(base64("TWE="), b"Ma");
        // A trie of 4 bytes, then "ab" and "cde".
        assert_eq!(longest_replacement("BAAAAAAAAABhYgBjZGUA"), 3);
        assert_eq!(longest_replacement("/////w=="), 0);
        assert_eq!(longest_replacement(""), 0);
    }

    #[test]
    fn templates_are_checked() {
        let template = |single: Json, tokens: Json| {
            let processor =
                json!({"type": "TemplateProcessing", "single": single, "pair": [], "special_tokens": tokens});
            let nested = json!({"type": "Sequence", "processors": [processor]});
            let checked = check(&json!({"post_processor": processor}));
            assert_eq!(check(&json!({"post_processor": nested})), checked);
            checked
        };
        let (text, start) =
            (json!({"Sequence": {"id": "A", "type_id": 0}}), json!({"SpecialToken": {"id": "[CLS]", "type_id": 0}}));
        let token = |ids: Json| json!({"[CLS]": {"id": "[CLS]", "ids": ids, "tokens": ["[CLS]"]}});
        assert_eq!(template(json!([start, text]), token(json!([2]))), Ok(()));
        assert!(template(json!([start, text]), json!({})).expect_err("refused").contains("\"[CLS]\""));
        assert!(template(json!([start, text]), token(json!([2, 2]))).is_err());
        assert!(template(json!([start]), token(json!([2]))).is_err());
        assert!(template(json!([text, text]), json!({})).is_err());
        assert!(template(json!([text, {"Sequence": {"id": "B", "type_id": 0}}]), json!({})).is_err());
    }
}
