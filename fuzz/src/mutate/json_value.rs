//! Changes to JSON, as values.

use fastrand::Rng;
use serde_json::{json, Value};

use super::bytes;

/// Strings that mean something to a tokenizer, a pipeline file or a configuration.
const STRINGS: [&str; 40] = [
    "",
    "a",
    "[UNK]",
    "[CLS]",
    "##a",
    "\u{2581}",
    "\u{120}",
    "\u{1F9EC}",
    "(?:a|b)*",
    "\\p{L}+",
    "[",
    "NFKC",
    "Lowercase",
    "Strip",
    "StripAccents",
    "Replace",
    "Prepend",
    "Precompiled",
    "Sequence",
    "ByteLevel",
    "Metaspace",
    "Split",
    "Punctuation",
    "Digits",
    "Whitespace",
    "WhitespaceSplit",
    "CharDelimiterSplit",
    "UnicodeScripts",
    "BertPreTokenizer",
    "BertNormalizer",
    "TemplateProcessing",
    "RobertaProcessing",
    "WordPiece",
    "WordLevel",
    "BPE",
    "Unigram",
    "first",
    "never",
    "Isolated",
    "MergedWithNext",
];
/// Names of members.
const KEYS: [&str; 24] = [
    "type",
    "id",
    "content",
    "vocab",
    "merges",
    "unk_token",
    "unk_id",
    "pattern",
    "String",
    "Regex",
    "behavior",
    "invert",
    "normalizers",
    "pretokenizers",
    "byte_fallback",
    "fuse_unk",
    "dropout",
    "prepend_scheme",
    "replacement",
    "options",
    "annotate",
    "tokenizer",
    "threshold",
    "__proto__",
];
/// Deeper values are left out.
const DEEPEST: usize = 200;

/// Changes a JSON value; or its bytes, now and then, and if it is none. Lines of JSON are changed line by line.
pub fn json(input: &mut Vec<u8>, random: &mut Rng) {
    let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').collect();
    let (line, many) = (random.usize(..lines.len()), lines.len() > 1);
    let whole = serde_json::from_slice::<Value>(input).ok();
    let (parsed, line) = match whole {
        Some(value) => (Some(value), None),
        None => (serde_json::from_slice(lines[line]).ok(), many.then_some(line)),
    };
    let Some(mut value) = parsed.filter(|_| random.u8(..8) > 0) else { return bytes::words(input, random) };
    for _ in 0..random.usize(1..4) {
        change(&mut value, random);
    }
    let changed = serde_json::to_vec(&value).unwrap_or_default();
    *input = match line {
        None => changed,
        Some(line) => {
            let mut lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).collect();
            lines[line] = changed;
            lines.join(&b'\n')
        }
    };
}

fn change(value: &mut Value, random: &mut Rng) {
    let count = size(value, DEEPEST);
    let other = nth(value, &mut random.usize(..count), DEEPEST).cloned().unwrap_or_default();
    let Some(place) = nth(value, &mut random.usize(..count), DEEPEST) else { return };
    match (random.usize(..8), place) {
        (0, place) => *place = other,
        (1 | 2, place) => *place = scalar(random),
        (3, Value::Array(elements)) => {
            let at = random.usize(..=elements.len());
            let copies = if random.u8(..6) == 0 { random.usize(1..60) } else { 1 };
            elements.splice(at..at, vec![other; copies]);
        }
        (4, Value::Array(elements)) if !elements.is_empty() => drop(elements.remove(random.usize(..elements.len()))),
        (3 | 4, Value::Object(members)) => {
            drop(members.insert(random.choice(KEYS).unwrap_or_default().into(), other));
        }
        (5 | 6, Value::Object(members)) if !members.is_empty() => {
            let key = members.keys().nth(random.usize(..members.len())).cloned().unwrap_or_default();
            let member = members.remove(&key).unwrap_or_default();
            if random.bool() {
                let name = if random.bool() { string(random) } else { random.choice(KEYS).unwrap_or_default().into() };
                members.insert(name, member);
            }
        }
        (_, Value::String(text)) => {
            let mut bytes = std::mem::take(text).into_bytes();
            bytes::words(&mut bytes, random);
            bytes.truncate(4096);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        (_, Value::Number(number)) => *number = self::number(random),
        (_, Value::Bool(flag)) => *flag = !*flag,
        (_, place) => *place = if random.bool() { json!([place.take()]) } else { scalar(random) },
    }
}

fn string(random: &mut Rng) -> String {
    let text = random.choice(STRINGS).unwrap_or_default();
    text.repeat(if random.u8(..10) == 0 { random.usize(1..400) } else { 1 })
}

fn number(random: &mut Rng) -> serde_json::Number {
    let float = |number: f64| serde_json::Number::from_f64(number).unwrap_or(0.into());
    match random.usize(..9) {
        0 => 0.into(),
        1 => 1.into(),
        2 => (-1).into(),
        3 => random.u64(..600).into(),
        4 => u64::MAX.into(),
        5 => i64::MIN.into(),
        6 => (1u64 << random.usize(..64)).into(),
        7 => float(random.f64() * 2.0 - 0.5),
        _ => float(1e300),
    }
}

fn scalar(random: &mut Rng) -> Value {
    match random.usize(..7) {
        0 => Value::Null,
        1 => Value::Bool(random.bool()),
        2 | 3 => Value::Number(number(random)),
        4 | 5 => Value::String(string(random)),
        _ => random.choice([json!([]), json!({})]).unwrap_or_default(),
    }
}

/// Number of values in a value, itself included.
fn size(value: &Value, depth: usize) -> usize {
    let Some(depth) = depth.checked_sub(1) else { return 1 };
    1 + match value {
        Value::Array(elements) => elements.iter().map(|element| size(element, depth)).sum(),
        Value::Object(members) => members.values().map(|member| size(member, depth)).sum(),
        _ => 0,
    }
}

/// The value after `left` others.
fn nth<'v>(value: &'v mut Value, left: &mut usize, depth: usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Array(elements) => elements.iter_mut().find_map(|element| nth(element, left, depth)),
        Value::Object(members) => members.values_mut().find_map(|member| nth(member, left, depth)),
        _ => None,
    }
}
