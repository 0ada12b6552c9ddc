//! Classes in brackets: unions, negation, and intersections with `&&`.

use regex_syntax::hir::ClassUnicode;

use super::escapes::Escape;
use super::parse::Parser;
use super::set;

impl Parser {
    /// From `[` to `]`.
    pub(super) fn brackets(&mut self) -> Result<ClassUnicode, String> {
        self.at += 1;
        self.deeper()?;
        // Java tells by the symbol before, so blanks in between make `^` an ordinary character.
        let negated = self.ahead(0) == Some('^');
        self.at += usize::from(negated);
        let class = self.members()?;
        if !self.take(']') {
            return Err(self.error("unclosed character class"));
        }
        self.higher();
        Ok(if negated { set::not(class) } else { class })
    }

    /// The members up to the `]`, which is left. A `]` in the first place is a member.
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

    /// What stands after `&&`, up to the `]` or another `&`.
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
                    self.deeper()?;
                    let class = self.members()?;
                    self.higher();
                    class
                }
            };
            match &mut right {
                None => right = Some(class),
                Some(right) => right.union(&class),
            }
        }
    }

    /// One character, a range, or a class that an escape stands for.
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
