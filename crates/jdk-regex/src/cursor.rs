//! A pattern's text and the place up to which it is parsed.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::set::{self, Fold};

/// How deep groups and classes may be nested: bounds the depth of recursion.
const MAX_DEPTH: usize = 100;

/// The most characters of a pattern: lists of words have thousands. Bounds the size of its program.
const MAX_SYMBOLS: usize = 1 << 20;

/// The most ranges and characters that a pattern's classes are made of, each counted as often as it stands there or is
/// negated, intersected or folded. A letter of any script, `\p{L}`, has 700 ranges, so that a pattern of 1 MB could
/// fill gigabytes.
const MAX_RANGES: usize = 1 << 22;

/// A character of the pattern. Those between `\Q` and `\E` are literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) c: char,
    pub(crate) quoted: bool,
}

/// `(?idmsuxU)`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// `i`.
    pub(crate) insensitive: bool,
    /// `d`.
    pub(crate) unix_lines: bool,
    /// `m`.
    pub(crate) multiline: bool,
    /// `s`.
    pub(crate) dot_all: bool,
    /// `u`.
    pub(crate) unicode_case: bool,
    /// `x`.
    pub(crate) comments: bool,
    /// `U`.
    pub(crate) unicode_class: bool,
}

impl Flags {
    pub(crate) fn fold(self) -> Fold {
        match (self.insensitive, self.unicode_case) {
            (false, _) => Fold::None,
            (true, false) => Fold::Ascii,
            (true, true) => Fold::Unicode,
        }
    }
}

/// Reads symbols from left to right, under the flags in force.
pub(crate) struct Cursor {
    pub(crate) symbols: Vec<Symbol>,
    /// Index of the next symbol.
    pub(crate) at: usize,
    pub(crate) flags: Flags,
    depth: usize,
    /// What is left of [`MAX_RANGES`].
    ranges: usize,
}

impl Cursor {
    /// # Errors
    /// The pattern is too long.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let symbols = unquote(source);
        if symbols.len() > MAX_SYMBOLS {
            return Err(format!("it has more than {MAX_SYMBOLS} characters"));
        }
        Ok(Cursor { symbols, at: 0, flags: Flags::default(), depth: 0, ranges: MAX_RANGES })
    }

    /// Counts ranges or characters of classes against [`MAX_RANGES`].
    pub(crate) fn count(&mut self, ranges: usize) -> Result<(), String> {
        self.ranges = self.ranges.checked_sub(ranges).ok_or_else(|| self.error("too large classes"))?;
        Ok(())
    }

    /// Counts a class against [`MAX_RANGES`].
    pub(crate) fn counted(&mut self, class: ClassUnicode) -> Result<ClassUnicode, String> {
        self.count(class.ranges().len())?;
        Ok(class)
    }

    /// Adds the members' other cases under `(?i)`, which takes a step for each character.
    pub(crate) fn folded(&mut self, class: ClassUnicode) -> Result<ClassUnicode, String> {
        let fold = self.flags.fold();
        if fold == Fold::Unicode {
            self.count(class.iter().map(ClassUnicodeRange::len).sum())?;
        }
        self.counted(set::folded(class, fold))
    }

    pub(crate) fn error(&self, reason: &str) -> String {
        format!("{reason} near index {}", self.at)
    }

    /// The next symbol; with `(?x)`, white space and comments are skipped first.
    pub(crate) fn peek(&mut self) -> Option<Symbol> {
        while self.flags.comments {
            match self.symbols.get(self.at) {
                Some(Symbol { c: ' ' | '\t'..='\r', quoted: false }) => self.at += 1,
                Some(Symbol { c: '#', quoted: false }) => {
                    let ends = |symbol: &Symbol| matches!(symbol.c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
                    let rest = &self.symbols[self.at..];
                    self.at += rest.iter().position(ends).unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        self.symbols.get(self.at).copied()
    }

    /// The next symbol's character, unless it is quoted.
    pub(crate) fn peek_syntax(&mut self) -> Option<char> {
        self.peek().filter(|symbol| !symbol.quoted).map(|symbol| symbol.c)
    }

    /// The character `by` symbols further on, white space counted, unless it is quoted.
    pub(crate) fn ahead(&self, by: usize) -> Option<char> {
        self.symbols.get(self.at + by).filter(|symbol| !symbol.quoted).map(|symbol| symbol.c)
    }

    /// Consumes the next symbol if it is this character, unquoted.
    pub(crate) fn take(&mut self, c: char) -> bool {
        let found = self.peek_syntax() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Enters a group or class.
    pub(crate) fn enter(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            Err(self.error("too deeply nested"))
        } else {
            Ok(())
        }
    }

    /// Leaves a group or class.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// Removes `\Q` and `\E`, and marks what they quote.
fn unquote(source: &str) -> Vec<Symbol> {
    let mut symbols = Vec::new();
    let mut quoted = false;
    let mut rest = source.chars().peekable();
    while let Some(c) = rest.next() {
        let mark = if quoted { 'E' } else { 'Q' };
        if c == '\\' && rest.peek() == Some(&mark) {
            rest.next();
            quoted = !quoted;
            continue;
        }
        symbols.push(Symbol { c, quoted });
        if c == '\\' && !quoted {
            symbols.extend(rest.next().map(|c| Symbol { c, quoted: false }));
        }
    }
    symbols
}
