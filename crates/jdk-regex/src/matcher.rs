//! Runs a program on a text, with backtracking.

use std::collections::HashSet;
use std::ops::Range;

use crate::boundary;
use crate::budget::{Budget, Spent};
use crate::error::Error;
use crate::node::Greed;
use crate::pattern::Pattern;
use crate::program::Instruction;
use crate::set::Fold;

/// Length of the backtracking stack: bounds the memory, at 64 MiB.
const MAX_STACK: usize = 2 << 20;

/// The most failed rounds that are remembered: bounds the memory, at 64 MiB. Those forgotten cost steps, which are counted.
const MAX_FAILED: usize = 2 << 20;

/// The position of a slot that is not set.
const UNSET: usize = usize::MAX;

/// Finds a pattern's matches. Reuse one for many texts: it keeps its buffers.
#[derive(Debug)]
pub struct Matcher<'p> {
    pattern: &'p Pattern,
    slots: Vec<usize>,
    /// Per loop, how many rounds have begun, and where the last one did.
    counters: Vec<(u32, usize)>,
    stack: Vec<Step>,
    /// Loops and positions from which another round leads to no match.
    failed: HashSet<(usize, usize)>,
}

/// An entry of the backtracking stack: something to try, or to undo, on failure.
#[derive(Debug, Clone, Copy)]
enum Step {
    Try {
        at: usize,
        position: usize,
    },
    /// Leaves a loop whose next round failed at this position.
    Leave {
        at: usize,
        position: usize,
        failed: usize,
    },
    /// A run that ends at `position` may give characters back, down to position `min`.
    Shorten {
        at: usize,
        min: usize,
        position: usize,
    },
    /// A run that ends at `position` may take up to `more` further characters.
    Lengthen {
        at: usize,
        position: usize,
        more: usize,
    },
    Slot {
        slot: usize,
        old: usize,
    },
    Counter {
        counter: usize,
        old: (u32, usize),
    },
}

impl<'p> Matcher<'p> {
    /// A matcher of `pattern`.
    pub fn new(pattern: &'p Pattern) -> Self {
        let program = &pattern.program;
        Matcher {
            pattern,
            slots: vec![UNSET; 2 * (program.groups + 1)],
            counters: vec![(0, UNSET); program.counters],
            stack: Vec::new(),
            failed: HashSet::new(),
        }
    }

    /// The first match, in bytes.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`].
    pub fn find(&mut self, text: &str, budget: &mut Budget) -> Result<Option<Range<usize>>, Error> {
        self.find_from(text, 0, 0, budget)
    }

    /// The first match that begins at byte `from` or later. Look-behind and boundaries see the text before it, too;
    /// `\G` matches at `last_match`, the end of the previous match.
    ///
    /// # Panics
    /// If `from` is inside a character or beyond the text.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`].
    pub fn find_from(
        &mut self,
        text: &str,
        from: usize,
        last_match: usize,
        budget: &mut Budget,
    ) -> Result<Option<Range<usize>>, Error> {
        self.search(text, from, last_match, budget)
            .map_err(|Spent| Error::BudgetSpent { pattern: self.pattern.as_str().to_string() })
    }

    /// All matches, without overlap, as Java's `Matcher.find` gives them: after an empty match the search continues one
    /// character further on.
    ///
    /// # Errors
    /// [`Error::BudgetSpent`].
    pub fn find_all(&mut self, text: &str, budget: &mut Budget) -> Result<Vec<Range<usize>>, Error> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while from <= text.len() {
            let last_match = found.last().map_or(0, |range| range.end);
            let Some(range) = self.find_from(text, from, last_match, budget)? else { break };
            from = range.end;
            if range.is_empty() {
                from += text[from..].chars().next().map_or(1, char::len_utf8);
            }
            found.push(range);
        }
        Ok(found)
    }

    /// A group's range in the last match; group 0 is the whole match. `None` for a group that did not take part.
    pub fn group(&self, group: usize) -> Option<Range<usize>> {
        let (&start, &end) = (self.slots.get(2 * group)?, self.slots.get(2 * group + 1)?);
        (start != UNSET && end != UNSET).then_some(start..end)
    }

    fn search(
        &mut self,
        text: &str,
        from: usize,
        last_match: usize,
        budget: &mut Budget,
    ) -> Result<Option<Range<usize>>, Spent> {
        let program = &self.pattern.program;
        self.slots.fill(UNSET);
        self.stack.clear();
        self.failed.clear();
        let run = Run { pattern: self.pattern, text, last_match };
        let starts = text[from..].char_indices().map(|(at, c)| (from + at, Some(c))).chain([(text.len(), None)]);
        for (start, next) in starts {
            if program.anchored && start > 0 {
                break;
            }
            budget.spend(1)?;
            if program.first.as_ref().is_some_and(|first| !next.is_some_and(|c| first.contains(c))) {
                continue;
            }
            if let Some(end) = run.body(self, 0, start, None, budget)? {
                (self.slots[0], self.slots[1]) = (start, end);
                return Ok(Some(start..end));
            }
        }
        Ok(None)
    }

    fn save(&mut self, slot: usize, position: usize) {
        self.stack.push(Step::Slot { slot, old: self.slots[slot] });
        self.slots[slot] = position;
    }

    fn count(&mut self, counter: usize, value: (u32, usize)) {
        self.stack.push(Step::Counter { counter, old: self.counters[counter] });
        self.counters[counter] = value;
    }

    /// Undoes everything since the stack had `base` entries.
    fn undo(&mut self, base: usize) {
        while self.stack.len() > base {
            match self.stack.pop() {
                Some(Step::Slot { slot, old }) => self.slots[slot] = old,
                Some(Step::Counter { counter, old }) => self.counters[counter] = old,
                _ => (),
            }
        }
    }

    /// Drops the alternatives since the stack had `base` entries, but not what must be undone.
    fn commit(&mut self, base: usize) {
        let mut kept = base;
        for i in base..self.stack.len() {
            if matches!(self.stack[i], Step::Slot { .. } | Step::Counter { .. }) {
                self.stack[kept] = self.stack[i];
                kept += 1;
            }
        }
        self.stack.truncate(kept);
    }
}

/// One search in one text.
struct Run<'r> {
    pattern: &'r Pattern,
    text: &'r str,
    /// Where the previous match ended: `\G`.
    last_match: usize,
}

impl Run<'_> {
    /// Runs the instructions from `at` to their `Accept`, and gives where the match ends: at `until`, if that is given. A
    /// match leaves its alternatives on the stack; a failure leaves the stack as it was.
    fn body(
        &self,
        state: &mut Matcher<'_>,
        mut at: usize,
        mut position: usize,
        until: Option<usize>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Spent> {
        let base = state.stack.len();
        let program = &self.pattern.program;
        loop {
            budget.spend(1)?;
            if state.stack.len() > MAX_STACK {
                return Err(Spent);
            }
            let mut next = Some((at + 1, position));
            match &program.instructions[at] {
                Instruction::Accept => {
                    if until.is_none_or(|until| until == position) {
                        return Ok(Some(position));
                    }
                    next = None;
                }
                Instruction::Set(set) => {
                    let read = self.character(position).filter(|&c| program.sets[*set].contains(c));
                    next = read.map(|c| (at + 1, position + c.len_utf8()));
                }
                Instruction::Run { set, min, max, greed } => {
                    let wanted = if *greed == Greed::Lazy { *min } else { *max };
                    let set = &program.sets[*set];
                    let (mut end, mut read, mut shortest) = (position, 0, position);
                    while let Some(c) = self.character(end).filter(|&c| read < wanted && set.contains(c)) {
                        end += c.len_utf8();
                        read += 1;
                        if read == *min {
                            shortest = end;
                        }
                    }
                    budget.spend(read)?;
                    next = (read >= *min).then_some((at + 1, end));
                    if next.is_some() {
                        match greed {
                            Greed::Greedy if end > shortest => {
                                state.stack.push(Step::Shorten { at: at + 1, min: shortest, position: end });
                            }
                            Greed::Lazy if *max > *min => {
                                state.stack.push(Step::Lengthen { at, position: end, more: max - min });
                            }
                            _ => (),
                        }
                    }
                }
                Instruction::Split { otherwise } => state.stack.push(Step::Try { at: *otherwise, position }),
                Instruction::SplitLazy { otherwise } => {
                    state.stack.push(Step::Try { at: at + 1, position });
                    next = Some((*otherwise, position));
                }
                Instruction::Jump(to) => next = Some((*to, position)),
                Instruction::Save(slot) => state.save(*slot, position),
                Instruction::Begin(counter) => state.count(*counter, (0, UNSET)),
                Instruction::Round(counter) => {
                    let rounds = state.counters[*counter].0;
                    state.count(*counter, (rounds.saturating_add(1), position));
                }
                Instruction::Loop { counter, min, max, lazy, pure, exit } => {
                    let (rounds, begun) = state.counters[*counter];
                    // A round that matched nothing would repeat for ever.
                    let over = begun == position || max.is_some_and(|max| rounds >= max);
                    if over || (*pure && rounds >= *min && state.failed.contains(&(at, position))) {
                        next = Some((*exit, position));
                    } else if rounds >= *min {
                        if *lazy {
                            state.stack.push(Step::Try { at: at + 1, position });
                            next = Some((*exit, position));
                        } else if *pure {
                            state.stack.push(Step::Leave { at: *exit, position, failed: at });
                        } else {
                            state.stack.push(Step::Try { at: *exit, position });
                        }
                    }
                }
                Instruction::Look { behind, negated, next: after } => {
                    let mark = state.stack.len();
                    let found = match behind {
                        None => self.body(state, at + 1, position, None, budget)?.is_some(),
                        Some(widths) => self.behind(state, at + 1, position, *widths, budget)?,
                    };
                    if *negated {
                        state.undo(mark);
                    } else {
                        state.commit(mark);
                    }
                    next = (found != *negated).then_some((*after, position));
                }
                Instruction::Atomic { next: after } => {
                    let mark = state.stack.len();
                    let found = self.body(state, at + 1, position, None, budget)?;
                    state.commit(mark);
                    next = found.map(|end| (*after, end));
                }
                Instruction::Reference { group, fold } => {
                    next = None;
                    if let Some(group) = state.group(*group) {
                        let (end, repeats) = self.repeated(group, position, *fold);
                        // Also where it fails: what was compared was read.
                        budget.spend(end - position)?;
                        next = repeats.then_some((at + 1, end));
                    }
                }
                Instruction::Boundary(boundary) => {
                    next = next.filter(|_| boundary::holds(*boundary, self.text, position, self.last_match));
                }
            }
            match next {
                Some(found) => (at, position) = found,
                None => match self.backtrack(state, base) {
                    Some(found) => (at, position) = found,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Looks for a match of the body that ends at `position` and is `min` to `max` characters long, the shortest first.
    fn behind(
        &self,
        state: &mut Matcher<'_>,
        at: usize,
        position: usize,
        (min, max): (usize, usize),
        budget: &mut Budget,
    ) -> Result<bool, Spent> {
        let starts = self.text[..position].char_indices().rev().map(|(start, _)| start);
        for (width, start) in [position].into_iter().chain(starts).enumerate() {
            if width > max {
                break;
            }
            budget.spend(1)?;
            if width >= min && self.body(state, at, start, Some(position), budget)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The latest alternative since the stack had `base` entries.
    fn backtrack(&self, state: &mut Matcher<'_>, base: usize) -> Option<(usize, usize)> {
        while state.stack.len() > base {
            match state.stack.pop()? {
                Step::Try { at, position } => return Some((at, position)),
                Step::Leave { at, position, failed } => {
                    if state.failed.len() < MAX_FAILED {
                        state.failed.insert((failed, position));
                    }
                    return Some((at, position));
                }
                Step::Shorten { at, min, position } => {
                    let given_back = self.text[..position].chars().next_back().map_or(1, char::len_utf8);
                    let position = position - given_back;
                    if position > min {
                        state.stack.push(Step::Shorten { at, min, position });
                    }
                    return Some((at, position));
                }
                Step::Lengthen { at, position, more } => {
                    let Instruction::Run { set, .. } = &self.pattern.program.instructions[at] else { continue };
                    let set = &self.pattern.program.sets[*set];
                    let Some(c) = self.character(position).filter(|&c| set.contains(c)) else { continue };
                    let position = position + c.len_utf8();
                    if more > 1 {
                        state.stack.push(Step::Lengthen { at, position, more: more - 1 });
                    }
                    return Some((at + 1, position));
                }
                Step::Slot { slot, old } => state.slots[slot] = old,
                Step::Counter { counter, old } => state.counters[counter] = old,
            }
        }
        None
    }

    fn character(&self, position: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(position)?;
        if byte.is_ascii() {
            Some(char::from(byte))
        } else {
            self.text[position..].chars().next()
        }
    }

    /// Compares the text at `position` with that of a group: where they cease to be the same, and whether that is the end
    /// of the group's.
    fn repeated(&self, group: Range<usize>, position: usize, fold: Fold) -> (usize, bool) {
        let mut end = position;
        for wanted in self.text[group].chars() {
            let Some(found) = self.character(end) else { return (end, false) };
            let same = wanted == found
                || match fold {
                    Fold::None => false,
                    Fold::Ascii => wanted.eq_ignore_ascii_case(&found),
                    Fold::Unicode => wanted
                        .to_uppercase()
                        .flat_map(char::to_lowercase)
                        .eq(found.to_uppercase().flat_map(char::to_lowercase)),
                };
            if !same {
                return (end, false);
            }
            end += found.len_utf8();
        }
        (end, true)
    }
}
