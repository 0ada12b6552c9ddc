//! Classes in brackets: unions, negation, and intersections with `&&`.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::cursor::Cursor;
use crate::escapes::Escape;
use crate::set;

impl Cursor {
    /// Parses a class from `[` to `]`.
    pub(crate) fn brackets(&mut self) -> Result<ClassUnicode, String> {
        self.at += 1;
        self.enter()?;
        // Java negates only where `^` follows `[` directly: with (?x), a space in between makes it a literal.
        let negated = self.ahead(0) == Some('^');
        self.at += usize::from(negated);
        let class = self.members()?;
        if !self.take(']') {
            return Err(self.error("unclosed character class"));
        }
        self.leave();
        self.counted(if negated { set::not(class) } else { class })
    }

    /// Parses members up to the `]`, which is not consumed. A `]` that comes first is a member.
    fn members(&mut self) -> Result<ClassUnicode, String> {
        // Joined at the end: one by one, each would take a step for all before it.
        let mut found: Option<Vec<ClassUnicodeRange>> = None;
        loop {
            let Some(symbol) = self.peek() else { return Err(self.error("unclosed character class")) };
            match symbol.c {
                '[' if !symbol.quoted => {
                    let inner = self.brackets()?;
                    found.get_or_insert_default().extend(inner.iter());
                }
                '&' if !symbol.quoted && self.ahead(1) == Some('&') => {
                    self.at += 2;
                    let right = self.operand()?;
                    found = match (found, right) {
                        (None, None) => return Err(self.error("nothing on either side of '&&'")),
                        (Some(left), Some(right)) => {
                            self.count(left.len())?;
                            let mut left = ClassUnicode::new(left);
                            left.intersect(&right);
                            Some(left.ranges().to_vec())
                        }
                        (left, right) => left.or(right.map(|right| right.ranges().to_vec())),
                    };
                }
                ']' if !symbol.quoted && found.is_some() => return Ok(ClassUnicode::new(found.unwrap_or_default())),
                _ => {
                    let member = self.member()?;
                    found.get_or_insert_default().extend(member.iter());
                }
            }
        }
    }

    /// Parses the right side of `&&`, up to the `]` or another `&`.
    fn operand(&mut self) -> Result<Option<ClassUnicode>, String> {
        let mut right: Option<Vec<ClassUnicodeRange>> = None;
        loop {
            let next = match self.peek() {
                None => return Err(self.error("unclosed character class")),
                Some(symbol) if symbol.quoted => None,
                Some(symbol) => Some(symbol.c),
            };
            let class = match next {
                Some(']' | '&') => return Ok(right.map(ClassUnicode::new)),
                Some('[') => self.brackets()?,
                _ => {
                    self.enter()?;
                    let class = self.members()?;
                    self.leave();
                    class
                }
            };
            right.get_or_insert_default().extend(class.iter());
        }
    }

    /// Parses one character, a range, or an escape for a class.
    fn member(&mut self) -> Result<ClassUnicode, String> {
        let start = match self.endpoint()? {
            Escape::Class(class) => return Ok(class),
            Escape::Character(c) => c,
        };
        let mut class = set::one(start);
        if self.peek_syntax() == Some('-') && !matches!(self.ahead(1), Some('[' | ']')) {
            self.at += 1;
            class = match self.endpoint()? {
                Escape::Character(end) if start <= end => set::range(start, end),
                _ => return Err(self.error("illegal character range")),
            };
        }
        self.folded(class)
    }

    fn endpoint(&mut self) -> Result<Escape, String> {
        match self.peek() {
            None => Err(self.error("unclosed character class")),
            Some(symbol) if symbol.c == '\\' && !symbol.quoted => {
                let in_range = self.ahead(2) == Some('-');
                self.escape(in_range)
            }
            Some(symbol) => {
                self.at += 1;
                Ok(Escape::Character(symbol.c))
            }
        }
    }
}
