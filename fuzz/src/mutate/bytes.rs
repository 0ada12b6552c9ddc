//! Changes to bytes.

use fastrand::Rng;

use crate::LONGEST_INPUT;

/// Bytes that mean something to some reader of binary files: ends of ranges, tags of protobuf and Java, signatures.
const TELLING: [&[u8]; 16] = [
    &[0],
    &[0xFF],
    &[0x7F],
    &[0x80],
    &[0x7F, 0xFF, 0xFF, 0xFF],
    &[0xFF, 0xFF, 0xFF, 0xFF],
    &[0x80, 0, 0, 0],
    &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1],
    b"PK\x03\x04",
    b"PK\x01\x02",
    &[0x71, 0, 0x7E, 0, 1],
    &[0x72, 0, 1],
    &[0x73, 0x71, 0, 0x7E, 0, 2],
    &[0x75, 0x72],
    &[0xAC, 0xED, 0, 5],
    b"SEQ\x06",
];

/// What texts, patterns and tables are made of.
const WORDS: [&str; 96] = [
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
    "(?<!",
    "(?=",
    "(?>",
    "(?<a>",
    "\\1",
    "\\p{L}",
    "\\p{",
    "\\Q",
    "\\E",
    "\\u",
    "\\x{10FFFF}",
    "{9999999999}",
    "{0,2147483647}",
    "{2,}",
    "++",
    "(?i)",
    "(?iu)",
    "(?U)",
    "(?:a|b)+",
    "\\k<a>",
    "\\b",
    "\\X",
    "\\R",
    "\\W",
    "[^a]",
    "\\G",
    "\\z",
    "\u{1F9EC}",
    "e\u{301}",
    "\u{1F469}\u{200D}\u{1F52C}",
    "\u{AD}",
    "\u{200B}",
    "\u{FEFF}",
    "\u{202E}",
    "\u{2060}",
    "\u{A0}",
    "\u{2028}",
    "\u{85}",
    "\0",
    "\u{FFFD}",
    "\u{FF21}",
    "\u{2212}",
    "\u{B7}",
    "\u{2009}",
    "\u{130}",
    "\u{DF}",
    "\u{10FFFF}",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "\n \n",
    "\r\r\n",
    "\t",
    " ",
    "IL-2 gene",
    "NF-kappa B",
    "T cells",
    "treat-\nment",
    "1\u{B7}5",
    "20 536",
    "1,000",
    "a",
    "<x-y a='b'>",
    "=1+1",
    "\"",
    "\"\"",
    "{\"id\": 1, \"text\": \"IL-2 gene\", \"chunks\": [{\"begin\": 0, \"end\": 9, \"entity\": \"DNA\"}]}\n",
    "id,begin,end,entity,confidence,text\n",
    "d,0,4,DNA,0.5,IL-2\n",
    ",",
    "18446744073709551615",
    "-1",
    "1e308",
    "NaN",
    "0.0",
    "\\ud83d",
    "null",
    "'",
];

/// Changes bytes of a binary format.
pub fn plain(input: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..5) {
        change(input, random, |random| random.choice(TELLING).unwrap_or_default());
    }
}

/// Changes a text by parts of texts, patterns and tables.
pub fn words(input: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..5) {
        change(input, random, |random| random.choice(WORDS).unwrap_or_default().as_bytes());
    }
}

/// The begin of one input and the end of another.
pub fn cross(input: &mut Vec<u8>, other: &[u8], random: &mut Rng) {
    input.truncate(random.usize(..=input.len()));
    input.extend(&other[random.usize(..=other.len())..]);
}

fn change(input: &mut Vec<u8>, random: &mut Rng, part: impl Fn(&mut Rng) -> &'static [u8]) {
    let at = random.usize(..=input.len());
    if at == input.len() {
        input.extend(part(random));
        return;
    }
    match random.usize(..11) {
        0 => input[at] ^= 1 << random.usize(..8),
        1 => input[at] = random.u8(..),
        2 => input[at] = input[at].wrapping_add(random.choice([1, 255, 16]).unwrap_or(1)),
        3 => input.truncate(at),
        4 => drop(input.drain(at..(at + random.usize(1..9)).min(input.len()))),
        5 | 6 => drop(input.splice(at..at, part(random).iter().copied())),
        7 => {
            let part = part(random);
            let end = (at + part.len()).min(input.len());
            input[at..end].copy_from_slice(&part[..end - at]);
        }
        // A piece comes again, once or many times.
        8 | 9 => {
            let end = (at + (1 << random.usize(..8))).min(input.len());
            let count = if random.u8(..8) == 0 { random.usize(2..2000) } else { 1 };
            let piece = input[at..end].to_vec();
            let to = random.usize(..=input.len());
            let room = LONGEST_INPUT.saturating_sub(input.len()) / piece.len();
            drop(input.splice(to..to, piece.repeat(count.min(room))));
        }
        // A number in digits becomes another.
        _ => {
            let Some(from) = input[at..].iter().position(u8::is_ascii_digit).map(|found| at + found) else { return };
            let length = input[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let number = match random.usize(..4) {
                0 => random.u64(..).to_string(),
                1 => random.u64(..1000).to_string(),
                2 => (1u64 << random.usize(..64)).to_string(),
                _ => "0".into(),
            };
            drop(input.splice(from..from + length, number.into_bytes()));
        }
    }
}
