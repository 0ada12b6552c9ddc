//! The elements that are open.

use std::borrow::Cow;

use super::DEEPEST;

/// The names of the elements that are open.
#[derive(Default)]
pub(super) struct Open {
    names: Vec<u8>,
    begins: Vec<usize>,
    /// How many more are open, whose names are not kept because they are too deep.
    deeper: usize,
}

impl Open {
    pub(super) fn depth(&self) -> usize {
        self.begins.len() + self.deeper
    }

    pub(super) fn push(&mut self, name: &[u8]) {
        if self.begins.len() > DEEPEST {
            self.deeper += 1;
            return;
        }
        self.begins.push(self.names.len());
        self.names.extend_from_slice(name);
    }

    fn name(&self, at: usize) -> &[u8] {
        let end = self.begins.get(at + 1).copied().unwrap_or(self.names.len());
        &self.names[self.begins[at]..end]
    }

    pub(super) fn innermost(&self) -> Cow<'_, str> {
        match self.begins.len() {
            0 => Cow::Borrowed(""),
            open => String::from_utf8_lossy(self.name(open - 1)),
        }
    }

    /// Closes an element. `Err` if others in it were open, with the name of the innermost; `Ok(false)` if none of that name is open.
    pub(super) fn pop(&mut self, name: &[u8]) -> Result<bool, String> {
        if self.deeper > 0 {
            self.deeper -= 1;
            return Ok(true);
        }
        let Some(at) = (0..self.begins.len()).rev().find(|at| self.name(*at) == name) else { return Ok(false) };
        if at + 1 == self.begins.len() {
            self.truncate(at);
            return Ok(true);
        }
        let inner = self.innermost().into_owned();
        self.truncate(at);
        Err(inner)
    }

    pub(super) fn truncate(&mut self, depth: usize) {
        self.deeper = 0;
        if let Some(end) = self.begins.get(depth) {
            self.names.truncate(*end);
            self.begins.truncate(depth);
        }
    }
}
