//! From a pattern's text to what it says.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use super::escapes::Escape;
use super::node::{Fold, Kind, Node, Place};
use super::set;

/// Groups and classes within one another: bounds the depth of recursion.
const DEEPEST: usize = 100;

/// A character of the pattern. Those between `\Q` and `\E` stand for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Symbol {
    pub(super) c: char,
    pub(super) quoted: bool,
}

/// `(?idmsuxU)`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// `i`.
    pub(super) insensitive: bool,
    /// `d`.
    unix_lines: bool,
    /// `m`.
    multiline: bool,
    /// `s`.
    dot_all: bool,
    /// `u`.
    unicode_case: bool,
    /// `x`.
    comments: bool,
    /// `U`.
    pub(super) unicode_class: bool,
}

impl Flags {
    pub(super) fn fold(self) -> Fold {
        match (self.insensitive, self.unicode_case) {
            (false, _) => Fold::None,
            (true, false) => Fold::Ascii,
            (true, true) => Fold::Unicode,
        }
    }
}

/// Reads a pattern from left to right.
pub(super) struct Parser {
    pub(super) symbols: Vec<Symbol>,
    pub(super) at: usize,
    pub(super) flags: Flags,
    depth: usize,
    groups: usize,
    names: HashMap<String, usize>,
}

/// A pattern, and how many groups it captures.
pub(super) fn parse(source: &str) -> Result<(Node, usize), String> {
    let mut parser =
        Parser { symbols: unquote(source), at: 0, flags: Flags::default(), depth: 0, groups: 0, names: HashMap::new() };
    let node = parser.either()?;
    if parser.at < parser.symbols.len() {
        return Err(parser.error("unmatched closing ')'"));
    }
    Ok((node, parser.groups))
}

/// Takes `\Q` and `\E` out.
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

impl Parser {
    pub(super) fn error(&self, reason: &str) -> String {
        format!("{reason} near index {}", self.at)
    }

    /// The next symbol; with `(?x)`, blanks and comments are passed over first.
    pub(super) fn peek(&mut self) -> Option<Symbol> {
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

    /// The next symbol's character if it has a meaning of its own.
    pub(super) fn peek_syntax(&mut self) -> Option<char> {
        self.peek().filter(|symbol| !symbol.quoted).map(|symbol| symbol.c)
    }

    /// The unquoted character a number of symbols further on, blanks counted.
    pub(super) fn ahead(&self, by: usize) -> Option<char> {
        self.symbols.get(self.at + by).filter(|symbol| !symbol.quoted).map(|symbol| symbol.c)
    }

    /// Takes the next symbol if it is this character, unquoted.
    pub(super) fn take(&mut self, c: char) -> bool {
        let found = self.peek_syntax() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Enters a group or class.
    pub(super) fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            Err(self.error("too deeply nested"))
        } else {
            Ok(())
        }
    }

    /// Leaves it.
    pub(super) fn higher(&mut self) {
        self.depth -= 1;
    }

    fn either(&mut self) -> Result<Node, String> {
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(symbol) = self.peek() {
            if !symbol.quoted && matches!(symbol.c, '|' | ')') {
                break;
            }
            if let Some(node) = self.atom()? {
                nodes.push(self.repeated(node)?);
            }
        }
        Ok(match nodes.len() {
            0 => Node::Empty,
            1 => nodes.remove(0),
            _ => Node::Sequence(nodes),
        })
    }

    /// One thing that a quantifier may follow; `None` for flags, which are none.
    fn atom(&mut self) -> Result<Option<Node>, String> {
        let Some(symbol) = self.peek() else { return Ok(None) };
        if symbol.quoted {
            self.at += 1;
            return Ok(Some(Node::Set(self.character(symbol.c))));
        }
        let unix = self.flags.unix_lines;
        let node = match symbol.c {
            '(' => return self.group(),
            '[' => Node::Set(self.brackets()?),
            '\\' => self.escaped()?,
            '*' | '+' | '?' | '{' => return Err(self.error(&format!("dangling {:?}", symbol.c))),
            c => {
                self.at += 1;
                match c {
                    '.' if self.flags.dot_all => Node::Set(set::any()),
                    '.' => Node::Set(set::not(set::line_ends(unix))),
                    '^' if self.flags.multiline => Node::At(Place::LineBegin { unix }),
                    '^' => Node::At(Place::Begin),
                    '$' if self.flags.multiline => Node::At(Place::LineEnd { unix }),
                    '$' => Node::At(Place::LastLine { unix }),
                    _ => Node::Set(self.character(c)),
                }
            }
        };
        Ok(Some(node))
    }

    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (least, most) = match self.peek_syntax() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.at += 1;
                let least = self.number()?;
                let most = if !self.take(',') {
                    Some(least)
                } else if self.peek_syntax() == Some('}') {
                    None
                } else {
                    Some(self.number()?)
                };
                if self.peek_syntax() != Some('}') {
                    return Err(self.error("unclosed repetition"));
                }
                if most.is_some_and(|most| most < least) {
                    return Err(self.error("illegal repetition range"));
                }
                (least, most)
            }
            _ => return Ok(node),
        };
        self.at += 1;
        let kind = if self.take('?') {
            Kind::Lazy
        } else if self.take('+') {
            Kind::Possessive
        } else {
            Kind::Greedy
        };
        Ok(Node::Repeat { node: Box::new(node), least, most, kind })
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut digits = String::new();
        while let Some(c) = self.peek_syntax().filter(char::is_ascii_digit) {
            digits.push(c);
            self.at += 1;
        }
        digits.parse().ok().filter(|&n| n <= i32::MAX as u32).ok_or_else(|| self.error("illegal repetition"))
    }

    /// From `(` to `)`. Flags that a group sets end with it.
    fn group(&mut self) -> Result<Option<Node>, String> {
        self.at += 1;
        self.deeper()?;
        let outer = self.flags;
        let make: Box<dyn Fn(Node) -> Node> = if self.ahead(0) != Some('?') {
            self.groups += 1;
            let group = self.groups;
            Box::new(move |node| Node::Group(group, Box::new(node)))
        } else {
            let look = |behind, negated| -> Box<dyn Fn(Node) -> Node> {
                Box::new(move |node| Node::Look { node: Box::new(node), behind, negated })
            };
            match (self.ahead(1), self.ahead(2)) {
                (Some(':'), _) => self.skip(2, Box::new(|node| node)),
                (Some('>'), _) => self.skip(2, Box::new(|node| Node::Atomic(Box::new(node)))),
                (Some('='), _) => self.skip(2, look(false, false)),
                (Some('!'), _) => self.skip(2, look(false, true)),
                (Some('<'), Some('=')) => self.skip(3, look(true, false)),
                (Some('<'), Some('!')) => self.skip(3, look(true, true)),
                (Some('<'), _) => {
                    self.at += 2;
                    let name = self.name('>')?;
                    self.groups += 1;
                    let group = self.groups;
                    if self.names.insert(name.clone(), group).is_some() {
                        return Err(self.error(&format!("the name {name:?} stands twice")));
                    }
                    Box::new(move |node| Node::Group(group, Box::new(node)))
                }
                _ => {
                    self.at += 1;
                    self.read_flags()?;
                    if self.take(')') {
                        // They hold to the end of the group around.
                        self.higher();
                        return Ok(None);
                    }
                    self.at += 1;
                    Box::new(|node| node)
                }
            }
        };
        let inner = self.either()?;
        if !self.take(')') {
            return Err(self.error("unclosed group"));
        }
        self.flags = outer;
        self.higher();
        Ok(Some(make(inner)))
    }

    fn skip<T>(&mut self, symbols: usize, value: T) -> T {
        self.at += symbols;
        value
    }

    /// Flags up to the `:` or `)` that ends them, which is left.
    fn read_flags(&mut self) -> Result<(), String> {
        let mut on = true;
        loop {
            let flags = &mut self.flags;
            match self.symbols.get(self.at).filter(|symbol| !symbol.quoted).map(|symbol| symbol.c) {
                Some('i') => flags.insensitive = on,
                Some('d') => flags.unix_lines = on,
                Some('m') => flags.multiline = on,
                Some('s') => flags.dot_all = on,
                Some('u') => flags.unicode_case = on,
                Some('x') => flags.comments = on,
                Some('U') => (flags.unicode_class, flags.unicode_case) = (on, on),
                Some('-') if on => on = false,
                Some(':' | ')') => return Ok(()),
                _ => return Err(self.error("unknown inline modifier or group")),
            }
            self.at += 1;
        }
    }

    /// A group's name, and the character that ends it.
    fn name(&mut self, end: char) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.ahead(0) {
            self.at += 1;
            if c == end && !name.is_empty() {
                return Ok(name);
            }
            if !(c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty())) {
                break;
            }
            name.push(c);
        }
        Err(self.error("illegal name of a group"))
    }

    /// An escape outside brackets.
    fn escaped(&mut self) -> Result<Node, String> {
        let Some(c) = self.ahead(1) else { return Err(self.error("nothing after '\\'")) };
        let (unix, unicode) = (self.flags.unix_lines, self.flags.unicode_class);
        let node = match c {
            'A' => Node::At(Place::Begin),
            'Z' => Node::At(Place::LastLine { unix }),
            'z' => Node::At(Place::End),
            'G' => Node::At(Place::LastMatch),
            'b' if self.ahead(2) == Some('{') && self.ahead(3) == Some('g') => {
                return Err(self.error("\\b{g} is not supported"))
            }
            'b' | 'B' => Node::At(Place::WordBoundary { negated: c == 'B', unicode }),
            'R' => {
                let pair = Node::Sequence(vec![Node::Set(set::one('\r')), Node::Set(set::one('\n'))]);
                Node::Either(vec![pair, Node::Set(set::line_breaks())])
            }
            'k' => {
                self.at += 2;
                if self.ahead(0) != Some('<') {
                    return Err(self.error("\\k is not followed by '<'"));
                }
                self.at += 1;
                let name = self.name('>')?;
                let group = self.names.get(&name).copied();
                let group = group.ok_or_else(|| self.error(&format!("no group is named {name:?}")))?;
                return Ok(Node::Reference { group, fold: self.flags.fold() });
            }
            '1'..='9' => {
                self.at += 1;
                return Ok(self.reference());
            }
            _ => {
                return Ok(Node::Set(match self.escape(false)? {
                    Escape::Class(class) => class,
                    Escape::Character(c) => self.character(c),
                }))
            }
        };
        self.at += 2;
        Ok(node)
    }

    /// `\1`: as many digits as make the number of a group begun before; a group that is not there never matches.
    fn reference(&mut self) -> Node {
        let mut group = 0;
        while let Some(digit) = self.ahead(0).and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if group > 0 && longer > self.groups {
                break;
            }
            group = longer;
            self.at += 1;
        }
        Node::Reference { group, fold: self.flags.fold() }
    }

    /// A character, with its other case under `(?i)`.
    fn character(&self, c: char) -> ClassUnicode {
        set::folded(set::one(c), self.flags.fold())
    }
}
