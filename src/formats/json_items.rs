//! The values of a large JSON file, one at a time: finds where each begins and ends, and leaves it to serde_json to read it.

use std::io::BufRead;

use super::input::{failed, invalid, Input};
use crate::Error;

/// A JSON file on its way in.
pub(super) struct JsonBytes<'r> {
    bytes: Box<dyn BufRead + 'r>,
    name: String,
    line: usize,
}

impl<'r> JsonBytes<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        JsonBytes { bytes: input.bytes, name: input.name, line: 1 }
    }

    /// The line that is being read, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// `file:line`.
    pub(super) fn place(&self, line: usize) -> String {
        format!("{}:{line}", self.name)
    }

    /// An error here.
    pub(super) fn invalid(&self, reason: impl Into<String>) -> Error {
        invalid(&self.place(self.line), reason)
    }

    /// The next byte that is no white space, which is not taken; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let shown = self.bytes.fill_buf().map_err(|error| failed(&self.name, &error))?;
            if shown.is_empty() {
                return Ok(None);
            }
            let blanks = shown.iter().position(|byte| !byte.is_ascii_whitespace());
            let next = blanks.map(|at| shown[at]);
            let taken = blanks.unwrap_or(shown.len());
            self.line += shown[..taken].iter().filter(|byte| **byte == b'\n').count();
            self.bytes.consume(taken);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Takes the byte that [`JsonBytes::peek`] gave.
    pub(super) fn take(&mut self) {
        self.bytes.consume(1);
    }

    /// The bytes of the value that begins at [`JsonBytes::peek`], appended to `value`: to its last bracket or quote, or, for a
    /// number or word, to what cannot be part of one.
    pub(super) fn value(&mut self, value: &mut Vec<u8>) -> Result<(), Error> {
        let mut depth = 0_usize;
        let (mut in_string, mut escaped) = (false, false);
        let mut is_first = true;
        loop {
            let shown = self.bytes.fill_buf().map_err(|error| failed(&self.name, &error))?;
            if shown.is_empty() {
                return Err(self.invalid("the file ends within a value: it has been cut off"));
            }
            let mut end = None;
            for (at, byte) in shown.iter().enumerate() {
                if in_string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_string = false,
                        _ => {}
                    }
                    if in_string || depth > 0 {
                        continue;
                    }
                    end = Some(at + 1);
                    break;
                }
                match byte {
                    b'"' => in_string = true,
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' if depth > 0 => {
                        depth -= 1;
                        if depth == 0 {
                            end = Some(at + 1);
                            break;
                        }
                    }
                    b',' | b'}' | b']' if depth == 0 => {
                        end = Some(at);
                        break;
                    }
                    byte if depth == 0 && !is_first && byte.is_ascii_whitespace() => {
                        end = Some(at);
                        break;
                    }
                    _ => {}
                }
                is_first = false;
            }
            let taken = end.unwrap_or(shown.len());
            value.extend_from_slice(&shown[..taken]);
            self.line += shown[..taken].iter().filter(|byte| **byte == b'\n').count();
            self.bytes.consume(taken);
            if end.is_some() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn values_end_where_they_end_whatever_the_buffer_holds() {
        let json = r#" {"a": "}\"]", "b": [1, {"c": "\\"}]} ,"x\\", 12.5e3 ,true]"#;
        for size in 1..20 {
            let input = Input::new(BufReader::with_capacity(size, json.as_bytes()), "f", None).unwrap();
            let mut bytes = JsonBytes::new(input);
            let mut values = Vec::new();
            while !matches!(bytes.peek().unwrap(), None | Some(b']')) {
                let mut value = Vec::new();
                bytes.value(&mut value).unwrap();
                values.push(String::from_utf8(value).unwrap());
                if bytes.peek().unwrap() == Some(b',') {
                    bytes.take();
                }
            }
            assert_eq!(values, [r#"{"a": "}\"]", "b": [1, {"c": "\\"}]}"#, r#""x\\""#, "12.5e3", "true"]);
        }
    }
}
