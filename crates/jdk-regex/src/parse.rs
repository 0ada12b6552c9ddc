//! From a pattern's text to its syntax tree.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use crate::cursor::Cursor;
use crate::escapes::Escape;
use crate::node::{Boundary, Greed, Node};
use crate::set;

/// A recursive descent parser.
struct Parser {
    cursor: Cursor,
    groups: usize,
    names: HashMap<String, usize>,
}

/// Parses a pattern; also gives the number of its capturing groups.
///
/// # Errors
/// What is wrong, and near which character.
pub(crate) fn parse(source: &str) -> Result<(Node, usize), String> {
    let mut parser = Parser { cursor: Cursor::new(source)?, groups: 0, names: HashMap::new() };
    let node = parser.either()?;
    if parser.cursor.at < parser.cursor.symbols.len() {
        return Err(parser.cursor.error("unmatched closing ')'"));
    }
    Ok((node, parser.groups))
}

impl Parser {
    fn either(&mut self) -> Result<Node, String> {
        let mut branches = vec![self.sequence()?];
        while self.cursor.take('|') {
            branches.push(self.sequence()?);
        }
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Either(branches) })
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(symbol) = self.cursor.peek() {
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

    /// Parses what a quantifier may follow; `None` for flags such as `(?i)`, which match nothing.
    fn atom(&mut self) -> Result<Option<Node>, String> {
        let Some(symbol) = self.cursor.peek() else { return Ok(None) };
        if symbol.quoted {
            self.cursor.at += 1;
            return Ok(Some(Node::Set(self.character(symbol.c)?)));
        }
        let unix = self.cursor.flags.unix_lines;
        let node = match symbol.c {
            '(' => return self.group(),
            '[' => Node::Set(self.cursor.brackets()?),
            '\\' => self.escaped()?,
            '*' | '+' | '?' | '{' => return Err(self.cursor.error(&format!("dangling {:?}", symbol.c))),
            c => {
                self.cursor.at += 1;
                match c {
                    '.' if self.cursor.flags.dot_all => Node::Set(set::any()),
                    '.' => Node::Set(set::not(set::line_ends(unix))),
                    '^' if self.cursor.flags.multiline => Node::Boundary(Boundary::LineBegin { unix }),
                    '^' => Node::Boundary(Boundary::Begin),
                    '$' if self.cursor.flags.multiline => Node::Boundary(Boundary::LineEnd { unix }),
                    '$' => Node::Boundary(Boundary::LastLine { unix }),
                    _ => Node::Set(self.character(c)?),
                }
            }
        };
        Ok(Some(node))
    }

    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (min, max) = match self.cursor.peek_syntax() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.cursor.at += 1;
                let min = self.number()?;
                let max = if !self.cursor.take(',') {
                    Some(min)
                } else if self.cursor.peek_syntax() == Some('}') {
                    None
                } else {
                    Some(self.number()?)
                };
                if self.cursor.peek_syntax() != Some('}') {
                    return Err(self.cursor.error("unclosed repetition"));
                }
                if max.is_some_and(|max| max < min) {
                    return Err(self.cursor.error("illegal repetition range"));
                }
                (min, max)
            }
            _ => return Ok(node),
        };
        self.cursor.at += 1;
        let greed = if self.cursor.take('?') {
            Greed::Lazy
        } else if self.cursor.take('+') {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        Ok(Node::Repeat { node: Box::new(node), min, max, greed })
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut digits = String::new();
        while let Some(c) = self.cursor.peek_syntax().filter(char::is_ascii_digit) {
            digits.push(c);
            self.cursor.at += 1;
        }
        digits.parse().ok().filter(|&n| n <= i32::MAX as u32).ok_or_else(|| self.cursor.error("illegal repetition"))
    }

    /// Parses a group from `(` to `)`. Flags set in it end with it.
    fn group(&mut self) -> Result<Option<Node>, String> {
        self.cursor.at += 1;
        self.cursor.enter()?;
        let outer = self.cursor.flags;
        let make: Box<dyn Fn(Node) -> Node> = if self.cursor.ahead(0) != Some('?') {
            self.groups += 1;
            let group = self.groups;
            Box::new(move |node| Node::Group(group, Box::new(node)))
        } else {
            let look = |behind, negated| -> Box<dyn Fn(Node) -> Node> {
                Box::new(move |node| Node::Look { node: Box::new(node), behind, negated })
            };
            match (self.cursor.ahead(1), self.cursor.ahead(2)) {
                (Some(':'), _) => self.skip(2, Box::new(|node| node)),
                (Some('>'), _) => self.skip(2, Box::new(|node| Node::Atomic(Box::new(node)))),
                (Some('='), _) => self.skip(2, look(false, false)),
                (Some('!'), _) => self.skip(2, look(false, true)),
                (Some('<'), Some('=')) => self.skip(3, look(true, false)),
                (Some('<'), Some('!')) => self.skip(3, look(true, true)),
                (Some('<'), _) => {
                    self.cursor.at += 2;
                    let name = self.name('>')?;
                    self.groups += 1;
                    let group = self.groups;
                    if self.names.insert(name.clone(), group).is_some() {
                        return Err(self.cursor.error(&format!("the name {name:?} stands twice")));
                    }
                    Box::new(move |node| Node::Group(group, Box::new(node)))
                }
                _ => {
                    self.cursor.at += 1;
                    self.read_flags()?;
                    if self.cursor.take(')') {
                        // They hold to the end of the enclosing group.
                        self.cursor.leave();
                        return Ok(None);
                    }
                    self.cursor.at += 1;
                    Box::new(|node| node)
                }
            }
        };
        let inner = self.either()?;
        if !self.cursor.take(')') {
            return Err(self.cursor.error("unclosed group"));
        }
        self.cursor.flags = outer;
        self.cursor.leave();
        Ok(Some(make(inner)))
    }

    fn skip<T>(&mut self, symbols: usize, value: T) -> T {
        self.cursor.at += symbols;
        value
    }

    /// Parses flags up to the `:` or `)` that ends them, which is not consumed.
    fn read_flags(&mut self) -> Result<(), String> {
        let mut on = true;
        loop {
            let flags = &mut self.cursor.flags;
            match self.cursor.symbols.get(self.cursor.at).filter(|symbol| !symbol.quoted).map(|symbol| symbol.c) {
                Some('i') => flags.insensitive = on,
                Some('d') => flags.unix_lines = on,
                Some('m') => flags.multiline = on,
                Some('s') => flags.dot_all = on,
                Some('u') => flags.unicode_case = on,
                Some('x') => flags.comments = on,
                Some('U') => (flags.unicode_class, flags.unicode_case) = (on, on),
                Some('-') if on => on = false,
                Some(':' | ')') => return Ok(()),
                _ => return Err(self.cursor.error("unknown inline modifier or group")),
            }
            self.cursor.at += 1;
        }
    }

    /// Parses a group's name and the character that ends it.
    fn name(&mut self, end: char) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.cursor.ahead(0) {
            self.cursor.at += 1;
            if c == end && !name.is_empty() {
                return Ok(name);
            }
            if !(c.is_ascii_alphabetic() || (c.is_ascii_digit() && !name.is_empty())) {
                break;
            }
            name.push(c);
        }
        Err(self.cursor.error("illegal name of a group"))
    }

    /// Parses an escape outside brackets.
    fn escaped(&mut self) -> Result<Node, String> {
        let Some(c) = self.cursor.ahead(1) else { return Err(self.cursor.error("nothing after '\\'")) };
        let (unix, unicode) = (self.cursor.flags.unix_lines, self.cursor.flags.unicode_class);
        let node = match c {
            'A' => Node::Boundary(Boundary::Begin),
            'Z' => Node::Boundary(Boundary::LastLine { unix }),
            'z' => Node::Boundary(Boundary::End),
            'G' => Node::Boundary(Boundary::LastMatch),
            'b' if self.cursor.ahead(2) == Some('{') && self.cursor.ahead(3) == Some('g') => {
                return Err(self.cursor.error("\\b{g} is not supported"))
            }
            'b' | 'B' => Node::Boundary(Boundary::Word { negated: c == 'B', unicode }),
            'R' => {
                let pair = Node::Sequence(vec![Node::Set(set::one('\r')), Node::Set(set::one('\n'))]);
                Node::Either(vec![pair, Node::Set(set::line_breaks())])
            }
            'k' => {
                self.cursor.at += 2;
                if self.cursor.ahead(0) != Some('<') {
                    return Err(self.cursor.error("\\k is not followed by '<'"));
                }
                self.cursor.at += 1;
                let name = self.name('>')?;
                let group = self.names.get(&name).copied();
                let group = group.ok_or_else(|| self.cursor.error(&format!("no group is named {name:?}")))?;
                return Ok(Node::Reference { group, fold: self.cursor.flags.fold() });
            }
            '1'..='9' => {
                self.cursor.at += 1;
                return Ok(self.reference());
            }
            _ => {
                return Ok(Node::Set(match self.cursor.escape(false)? {
                    Escape::Class(class) => class,
                    Escape::Character(c) => self.character(c)?,
                }))
            }
        };
        self.cursor.at += 2;
        Ok(node)
    }

    /// Parses a back-reference by number: as many digits as give the number of a group opened before. A reference to a
    /// group that does not exist never matches.
    fn reference(&mut self) -> Node {
        let mut group = 0;
        while let Some(digit) = self.cursor.ahead(0).and_then(|c| c.to_digit(10)) {
            let longer = group * 10 + digit as usize;
            if group > 0 && longer > self.groups {
                break;
            }
            group = longer;
            self.cursor.at += 1;
        }
        Node::Reference { group, fold: self.cursor.flags.fold() }
    }

    /// A character, with its other case under `(?i)`.
    fn character(&mut self, c: char) -> Result<ClassUnicode, String> {
        self.cursor.folded(set::one(c))
    }
}
