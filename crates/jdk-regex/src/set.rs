//! Sets of characters: Java's predefined classes and properties.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// Which characters are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fold {
    /// Each only to itself.
    None,
    /// Those that differ by the case of an ASCII letter: `(?i)`.
    Ascii,
    /// Those that differ by case: `(?iu)`.
    Unicode,
}

/// A set for fast look-up: a bit map of ASCII, and sorted ranges.
#[derive(Debug)]
pub(crate) struct CharSet {
    ascii: u128,
    ranges: Vec<(char, char)>,
}

impl CharSet {
    pub(crate) fn new(class: &ClassUnicode) -> Self {
        let ranges: Vec<(char, char)> = class.iter().map(|range| (range.start(), range.end())).collect();
        let codes = ranges.iter().flat_map(|&(start, end)| u32::from(start)..=u32::from(end).min(127));
        let ascii = codes.fold(0, |bits, code| bits | 1u128 << code);
        CharSet { ascii, ranges }
    }

    pub(crate) fn contains(&self, c: char) -> bool {
        if c.is_ascii() {
            return self.ascii >> u32::from(c) & 1 == 1;
        }
        let at = self.ranges.partition_point(|&(_, end)| end < c);
        self.ranges.get(at).is_some_and(|&(start, _)| start <= c)
    }
}

/// Every character.
pub(crate) fn any() -> ClassUnicode {
    range('\0', char::MAX)
}

/// The characters from `start` to `end`, `end` included.
pub(crate) fn range(start: char, end: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(start, end)])
}

/// One character.
pub(crate) fn one(c: char) -> ClassUnicode {
    range(c, c)
}

/// The characters of a string.
fn of(characters: &str) -> ClassUnicode {
    ClassUnicode::new(characters.chars().map(|c| ClassUnicodeRange::new(c, c)))
}

/// The complement.
pub(crate) fn not(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

/// Line terminators, which the dot does not match: `\n` alone if `unix`.
pub(crate) fn line_ends(unix: bool) -> ClassUnicode {
    of(if unix { "\n" } else { "\n\r\u{85}\u{2028}\u{2029}" })
}

/// What `\R` matches, except `\r\n`.
pub(crate) fn line_breaks() -> ClassUnicode {
    of("\n\x0B\x0C\r\u{85}\u{2028}\u{2029}")
}

/// The class of `\d`, `\w`, `\s`, `\h` or `\v`, or its complement for a capital letter; `unicode`: under `(?U)`. `None`
/// for other letters.
pub(crate) fn predefined(letter: char, unicode: bool) -> Option<ClassUnicode> {
    let class = match (letter.to_ascii_lowercase(), unicode) {
        ('d', false) => range('0', '9'),
        ('d', true) => syntax(r"\p{Nd}")?,
        ('w', false) => syntax("[a-zA-Z_0-9]")?,
        ('w', true) => syntax(r"[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]")?,
        ('s', false) => of(" \t\n\x0B\x0C\r"),
        ('s', true) => syntax(r"\p{White_Space}")?,
        ('h', _) => syntax(r"[ \t\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]")?,
        ('v', _) => line_breaks(),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { not(class) } else { class })
}

/// The class of `\p{name}`: a category, a POSIX class, `Is` and a category, property or script, `In` and a block,
/// `name=value`, or `java` and a method of `Character`. `fold`: under `(?i)`, which makes upper and lower case equal.
pub(crate) fn property(name: &str, unicode: bool, fold: bool) -> Option<ClassUnicode> {
    if let Some((key, value)) = name.split_once('=') {
        return match key.to_ascii_lowercase().as_str() {
            "sc" | "script" => script(value),
            "blk" | "block" => block(value),
            "gc" | "general_category" => category(value, fold),
            _ => None,
        };
    }
    if let Some(rest) = name.strip_prefix("In") {
        return block(rest);
    }
    if let Some(rest) = name.strip_prefix("Is") {
        return binary(rest, fold).or_else(|| category(rest, fold)).or_else(|| script(rest));
    }
    let posix = if unicode { binary_of_posix(name, fold) } else { None };
    posix.or_else(|| category(name, fold))
}

/// The set of a property that is known to exist.
pub(crate) fn named(name: &str) -> CharSet {
    CharSet::new(&property(name, false, false).unwrap_or(ClassUnicode::empty()))
}

/// A class in the notation of `regex-syntax`.
fn syntax(class: &str) -> Option<ClassUnicode> {
    match regex_syntax::parse(class).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => Some(class),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0).ok().map(of),
        _ => None,
    }
}

fn script(name: &str) -> Option<ClassUnicode> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if plain {
        syntax(&format!(r"\p{{sc={name}}}"))
    } else {
        None
    }
}

fn category(name: &str, fold: bool) -> Option<ClassUnicode> {
    const CATEGORIES: &[&str] = &[
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "Co",
        "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf", "L", "M", "N", "Z", "C", "P", "S",
    ];
    if fold && matches!(name, "Lu" | "Ll" | "Lt") {
        return syntax(r"[\p{Lu}\p{Ll}\p{Lt}]");
    }
    if CATEGORIES.contains(&name) {
        return syntax(&format!(r"\p{{{name}}}"));
    }
    let class = match name {
        "LC" => r"[\p{Lu}\p{Ll}\p{Lt}]",
        "LD" => r"[\p{L}\p{Nd}]",
        "L1" => r"[\x00-\xFF]",
        "all" => return Some(any()),
        "Cs" => return Some(ClassUnicode::empty()),
        "ASCII" => r"[\x00-\x7F]",
        "Alnum" => "[a-zA-Z0-9]",
        "Alpha" => "[a-zA-Z]",
        "Blank" => r"[ \t]",
        "Cntrl" => r"[\x00-\x1F\x7F]",
        "Digit" => "[0-9]",
        "Graph" => r"[\x21-\x7E]",
        "Lower" | "Upper" if fold => "[a-zA-Z]",
        "Lower" => "[a-z]",
        "Print" => r"[\x20-\x7E]",
        "Punct" => r"[\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]",
        "Space" => r"[ \t\n\x0B\x0C\r]",
        "Upper" => "[A-Z]",
        "XDigit" => "[0-9a-fA-F]",
        "javaLowerCase" | "javaUpperCase" | "javaTitleCase" if fold => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
        "javaLowerCase" => r"\p{Lowercase}",
        "javaUpperCase" => r"\p{Uppercase}",
        "javaTitleCase" => r"\p{Lt}",
        "javaAlphabetic" => r"\p{Alphabetic}",
        "javaIdeographic" => r"\p{Ideographic}",
        "javaDigit" => r"\p{Nd}",
        "javaDefined" => r"\P{Cn}",
        "javaLetter" => r"\p{L}",
        "javaLetterOrDigit" => r"[\p{L}\p{Nd}]",
        "javaSpaceChar" => r"\p{Z}",
        "javaWhitespace" => r"[\p{Z}\t-\r\x1C-\x1F--\x{A0}\x{2007}\x{202F}]",
        "javaISOControl" => r"[\x00-\x1F\x7F-\x9F]",
        _ => return None,
    };
    syntax(class)
}

/// A binary property: the name after `Is`, in any case.
fn binary(name: &str, fold: bool) -> Option<ClassUnicode> {
    let class = match name.to_ascii_uppercase().as_str() {
        "LOWERCASE" | "UPPERCASE" | "TITLECASE" if fold => r"[\p{Lowercase}\p{Uppercase}\p{Lt}]",
        "ALPHABETIC" => r"\p{Alphabetic}",
        "LETTER" => r"\p{L}",
        "IDEOGRAPHIC" => r"\p{Ideographic}",
        "LOWERCASE" => r"\p{Lowercase}",
        "UPPERCASE" => r"\p{Uppercase}",
        "TITLECASE" => r"\p{Lt}",
        "WHITE_SPACE" | "WHITESPACE" => r"\p{White_Space}",
        "CONTROL" => r"\p{Cc}",
        "PUNCTUATION" => r"\p{P}",
        "HEX_DIGIT" | "HEXDIGIT" => r"[\p{Nd}0-9A-Fa-f\x{FF10}-\x{FF19}\x{FF21}-\x{FF26}\x{FF41}-\x{FF46}]",
        "ASSIGNED" => r"\P{Cn}",
        "NONCHARACTER_CODE_POINT" | "NONCHARACTERCODEPOINT" => r"\p{Noncharacter_Code_Point}",
        "DIGIT" => r"\p{Nd}",
        "ALNUM" => r"[\p{Alphabetic}\p{Nd}]",
        "BLANK" => r"[\p{Zs}\t]",
        "GRAPH" => r"[^\p{Z}\p{Cc}\p{Cn}\t-\r]",
        "PRINT" => r"[[^\p{Z}\p{Cc}\p{Cn}\t-\r]\p{Zs}]",
        "WORD" => return predefined('w', true),
        "JOIN_CONTROL" | "JOINCONTROL" => r"\p{Join_Control}",
        _ => return None,
    };
    syntax(class)
}

/// A POSIX class under `(?U)`.
fn binary_of_posix(name: &str, fold: bool) -> Option<ClassUnicode> {
    match name.to_ascii_uppercase().as_str() {
        "ALPHA" => binary("ALPHABETIC", fold),
        "LOWER" => binary("LOWERCASE", fold),
        "UPPER" => binary("UPPERCASE", fold),
        "SPACE" => binary("WHITE_SPACE", fold),
        "PUNCT" => binary("PUNCTUATION", fold),
        "XDIGIT" => binary("HEX_DIGIT", fold),
        "CNTRL" => binary("CONTROL", fold),
        "ALNUM" | "DIGIT" | "BLANK" | "GRAPH" | "PRINT" => binary(name, fold),
        _ => None,
    }
}

/// A block by any of its names; `blocks.txt` holds those of Unicode 13: first, last, name.
fn block(name: &str) -> Option<ClassUnicode> {
    let same = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect()
    };
    let wanted = match same(name).as_str() {
        "GREEKANDCOPTIC" => "GREEK".to_string(),
        "CYRILLICSUPPLEMENT" => "CYRILLICSUPPLEMENTARY".to_string(),
        "COMBININGDIACRITICALMARKSFORSYMBOLS" => "COMBININGMARKSFORSYMBOLS".to_string(),
        other => other.to_string(),
    };
    include_str!("blocks.txt").lines().find_map(|line| {
        let mut fields = line.split(' ');
        let (start, end, block) = (fields.next()?, fields.next()?, fields.next()?);
        if same(block) != wanted {
            return None;
        }
        let code = |digits| char::from_u32(u32::from_str_radix(digits, 16).ok()?);
        // Blocks of surrogates hold no characters.
        Some(code(start).zip(code(end)).map_or(ClassUnicode::empty(), |(start, end)| range(start, end)))
    })
}

/// Adds the members' other cases.
pub(crate) fn folded(mut class: ClassUnicode, fold: Fold) -> ClassUnicode {
    match fold {
        Fold::None => (),
        Fold::Unicode => class.case_fold_simple(),
        Fold::Ascii => {
            let mut upper = range('a', 'z');
            upper.intersect(&class);
            let mut lower = range('A', 'Z');
            lower.intersect(&class);
            let flip = |c: char| char::from(c as u8 ^ 0x20);
            for found in upper.iter().chain(lower.iter()) {
                class.push(ClassUnicodeRange::new(flip(found.start()), flip(found.end())));
            }
        }
    }
    class
}
