//! Character classes as Java (17, Unicode 13) has them, where they differ from Rust's.

/// `\s` of java.util.regex without flags: six ASCII characters.
pub(crate) fn is_regex_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r')
}

/// `Character.isWhitespace`: Unicode separators, but for the three that do not break, and eight controls.
pub(crate) fn is_whitespace(c: char) -> bool {
    match c {
        '\u{A0}' | '\u{2007}' | '\u{202F}' | '\u{85}' => false,
        '\x1C'..='\x1F' => true,
        _ => c.is_whitespace(),
    }
}

/// ASCII symbols, and the characters whose Unicode name contains the word PUNCTUATION: this is what Spark NLP's
/// BasicTokenizer separates. Typographic quotes, dashes and full-width punctuation are not among them.
pub(crate) fn is_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
        || matches!(c,
            '\u{05BE}' | '\u{05C0}' | '\u{05C3}' | '\u{05C6}' | '\u{05F3}'..='\u{05F4}' | '\u{061E}'
            | '\u{0830}'..='\u{0835}' | '\u{0837}'..='\u{083E}' | '\u{085E}' | '\u{0DF4}'
            | '\u{16EB}'..='\u{16ED}' | '\u{1735}'..='\u{1736}' | '\u{1C3B}'..='\u{1C3F}'
            | '\u{1C7E}'..='\u{1C7F}' | '\u{1CC0}'..='\u{1CC7}' | '\u{2008}' | '\u{2055}'..='\u{2056}'
            | '\u{2058}'..='\u{205A}' | '\u{2E2A}'..='\u{2E2C}' | '\u{A4FE}'..='\u{A4FF}'
            | '\u{AA5C}'..='\u{AA5F}')
}

/// The characters that Spark NLP's BasicTokenizer drops: controls but for tab, line feed and carriage return.
pub(crate) fn is_dropped(c: char) -> bool {
    matches!(c, '\0' | '\u{FFFD}') || (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

/// The ideographs that Spark NLP's BasicTokenizer separates. It reads UTF-16 units, so those beyond the basic
/// plane are not among them.
pub(crate) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}')
}

/// `\p{InCombiningDiacriticalMarks}`.
pub(crate) fn is_combining_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}')
}
