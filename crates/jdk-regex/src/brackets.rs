//! Classes in brackets: unions, negation, and intersections with `&&`.

use regex_syntax::hir::ClassUnicode;

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
        Ok(if negated { set::not(class) } else { class })
    }

    /// Parses members up to the `]`, which is not consumed. A `]` that comes first is a member.
    fn members(&mut self) -> Result<ClassUnicode, String> {
        let mut found: Option<ClassUnicode> = None;
        let join = |found: &mut Option<ClassUnicode>, class: ClassUnicode| match found {
            None => *found = Some(class),
            Some(found) => found.union(&class),
        };
        loop {
            let Some(symbol) = self.peek() else { return Err(self.error("unclosed character class")) };
            match symbol.c {
                '[' if !symbol.quoted => {
                    let inner = self.brackets()?;
                    join(&mut found, inner);
                }
                '&' if !symbol.quoted && self.ahead(1) == Some('&') => {
                    self.at += 2;
                    let right = self.operand()?;
                    found = match (found, right) {
                        (None, None) => return Err(self.error("nothing on either side of '&&'")),
                        (Some(mut left), Some(right)) => {
                            left.intersect(&right);
                            Some(left)
                        }
                        (left, right) => left.or(right),
                    };
                }
                ']' if !symbol.quoted && found.is_some() => return Ok(found.unwrap_or(ClassUnicode::empty())),
                _ => {
                    let member = self.member()?;
                    join(&mut found, member);
                }
            }
        }
    }

    /// Parses the right side of `&&`, up to the `]` or another `&`.
    fn operand(&mut self) -> Result<Option<ClassUnicode>, String> {
        let mut right: Option<ClassUnicode> = None;
        loop {
            let next = match self.peek() {
                None => return Err(self.error("unclosed character class")),
                Some(symbol) if symbol.quoted => None,
                Some(symbol) => Some(symbol.c),
            };
            let class = match next {
                Some(']' | '&') => return Ok(right),
                Some('[') => self.brackets()?,
                _ => {
                    self.enter()?;
                    let class = self.members()?;
                    self.leave();
                    class
                }
            };
            match &mut right {
                None => right = Some(class),
                Some(right) => right.union(&class),
            }
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
        Ok(set::folded(class, self.flags.fold()))
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
