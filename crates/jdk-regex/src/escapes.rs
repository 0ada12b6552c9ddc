//! Escapes: characters by number or name, predefined classes, properties.

use regex_syntax::hir::ClassUnicode;

use crate::cursor::{Cursor, Symbol};
use crate::set;

/// What an escape matches.
pub(crate) enum Escape {
    Character(char),
    Class(ClassUnicode),
}

impl Cursor {
    /// Parses an escape for a character or a class, from its `\` on. `in_range`: it may begin or end a range of a class,
    /// where `\v` is the vertical tab.
    pub(crate) fn escape(&mut self, in_range: bool) -> Result<Escape, String> {
        let Some(symbol) = self.symbols.get(self.at + 1) else { return Err(self.error("nothing after '\\'")) };
        let c = symbol.c;
        let character = match c {
            'p' | 'P' => return self.property(c == 'P').map(Escape::Class),
            '0' => return self.octal(),
            'x' | 'u' => return self.code(c),
            'v' if in_range => '\x0B',
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\x0C',
            'a' => '\x07',
            'e' => '\x1B',
            'c' => {
                self.at += 1;
                match self.ahead(1).filter(char::is_ascii) {
                    Some(c) => char::from(c as u8 ^ 64),
                    None => return Err(self.error("nothing after \\c")),
                }
            }
            _ if c.is_ascii_alphanumeric() => {
                let class = set::predefined(c, self.flags.unicode_class);
                let class = class.ok_or_else(|| self.error(&format!("unsupported escape \\{c}")))?;
                self.at += 2;
                return self.counted(class).map(Escape::Class);
            }
            _ => c,
        };
        self.at += 2;
        Ok(Escape::Character(character))
    }

    /// `\0n`, `\0nn`, `\0mnn`.
    fn octal(&mut self) -> Result<Escape, String> {
        self.at += 2;
        let mut code = 0;
        for digits in 0..3 {
            let Some(digit) = self.ahead(0).and_then(|c| c.to_digit(8)).filter(|_| digits < 2 || code < 0o40) else {
                if digits == 0 {
                    return Err(self.error("illegal octal escape"));
                }
                break;
            };
            code = code * 8 + digit;
            self.at += 1;
        }
        // At most 0o377.
        Ok(Escape::Character(char::from(code as u8)))
    }

    /// `\xhh`, `\x{h…}`, `\uhhhh`, or two of the last for a surrogate pair.
    fn code(&mut self, letter: char) -> Result<Escape, String> {
        self.at += 2;
        let code = if letter == 'x' && self.ahead(0) == Some('{') {
            self.at += 1;
            let digits = self.symbols[self.at..].iter().position(|symbol| symbol.c == '}').unwrap_or(usize::MAX);
            let code = self.hexadecimal(digits)?;
            self.at += 1;
            code
        } else {
            self.hexadecimal(if letter == 'x' { 2 } else { 4 })?
        };
        let mut c = char::from_u32(code);
        if letter == 'u'
            && (0xD800..0xDC00).contains(&code)
            && self.ahead(0) == Some('\\')
            && self.ahead(1) == Some('u')
        {
            self.at += 2;
            let low = self.hexadecimal(4)?;
            c = char::decode_utf16([code as u16, low as u16]).next().and_then(Result::ok);
        }
        c.map(Escape::Character).ok_or_else(|| self.error("a lone surrogate or no code point"))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<u32, String> {
        let end = self.at.saturating_add(digits);
        let digits: Option<String> = (1..=8)
            .contains(&digits)
            .then(|| self.symbols.get(self.at..end))
            .flatten()
            .map(|symbols| symbols.iter().map(|symbol| symbol.c).collect());
        let plain = digits.filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
        let code = plain.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        let code = code.ok_or_else(|| self.error("illegal hexadecimal escape"))?;
        self.at = end;
        Ok(code)
    }

    /// `\pL`, `\p{name}`.
    fn property(&mut self, negated: bool) -> Result<ClassUnicode, String> {
        self.at += 2;
        let mut name = String::new();
        if self.ahead(0) == Some('{') {
            loop {
                self.at += 1;
                match self.symbols.get(self.at) {
                    Some(Symbol { c: '}', .. }) => break,
                    Some(symbol) => name.push(symbol.c),
                    None => return Err(self.error("unclosed property")),
                }
            }
        } else {
            name.extend(self.symbols.get(self.at).map(|symbol| symbol.c));
        }
        self.at += 1;
        let class = set::property(&name, self.flags.unicode_class, self.flags.insensitive);
        let class = class.ok_or_else(|| self.error(&format!("unknown property {name:?}")))?;
        self.counted(if negated { set::not(class) } else { class })
    }
}
