//! Runs a program on a text, going back where a way fails.

use std::collections::HashSet;
use std::ops::Range;

use super::node::{Fold, Kind};
use super::places;
use super::program::Instruction;
use super::{Budget, Exhausted, Pattern};
use crate::Error;

/// Steps that may wait to be tried or undone: bounds the memory, at 64 MiB.
const LONGEST_TRAIL: usize = 2 << 20;

/// No place.
const UNSET: usize = usize::MAX;

/// Finds a pattern's matches; keeps its memory from one text to the next.
#[derive(Debug)]
pub(crate) struct Matcher<'p> {
    pattern: &'p Pattern,
    slots: Vec<usize>,
    /// Per repetition how many rounds have begun, and where the last one did.
    counters: Vec<(u32, usize)>,
    trail: Vec<Step>,
    /// Repetitions and places from which another round leads to no match.
    failed: HashSet<(usize, usize)>,
}

/// Something to try, or to undo, when a way fails.
#[derive(Debug, Clone, Copy)]
enum Step {
    Try {
        at: usize,
        place: usize,
    },
    /// The same, with the repetition whose round failed at this place.
    Leave {
        at: usize,
        place: usize,
        failed: usize,
    },
    /// A run that ends at `place` may give characters back, down to `least`.
    Shorten {
        at: usize,
        least: usize,
        place: usize,
    },
    /// A run that ends at `place` may read `more` characters more.
    Lengthen {
        at: usize,
        place: usize,
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
    pub(crate) fn new(pattern: &'p Pattern) -> Self {
        let program = &pattern.program;
        Matcher {
            pattern,
            slots: vec![UNSET; 2 * (program.groups + 1)],
            counters: vec![(0, UNSET); program.counters],
            trail: Vec::new(),
            failed: HashSet::new(),
        }
    }

    /// The first match. Look-behind sees the text before.
    ///
    /// # Errors
    /// `option_invalid` when the budget is spent.
    pub(crate) fn find(&mut self, text: &str, budget: &mut Budget) -> Result<Option<Range<usize>>, Error> {
        self.find_after(text, 0, 0, budget)
    }

    /// The first match that begins at `from`, a byte, or later; `last` is where the match before ended.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub(super) fn find_after(
        &mut self,
        text: &str,
        from: usize,
        last: usize,
        budget: &mut Budget,
    ) -> Result<Option<Range<usize>>, Error> {
        self.search(text, from, last, budget).map_err(|Exhausted| self.pattern.exhausted())
    }

    /// All matches, none overlapping; an empty one is followed by one character further on at the earliest.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub(crate) fn find_all(&mut self, text: &str, budget: &mut Budget) -> Result<Vec<Range<usize>>, Error> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut from = 0;
        while from <= text.len() {
            let last = found.last().map_or(0, |place| place.end);
            let Some(place) = self.find_after(text, from, last, budget)? else { break };
            from = place.end;
            if place.is_empty() {
                from += text[from..].chars().next().map_or(1, char::len_utf8);
            }
            found.push(place);
        }
        Ok(found)
    }

    /// What a group read in the match found last; group 0 is the whole. `None` for a group that took no part.
    pub(crate) fn group(&self, group: usize) -> Option<Range<usize>> {
        let (&start, &end) = (self.slots.get(2 * group)?, self.slots.get(2 * group + 1)?);
        (start != UNSET && end != UNSET).then_some(start..end)
    }

    fn search(
        &mut self,
        text: &str,
        from: usize,
        last: usize,
        budget: &mut Budget,
    ) -> Result<Option<Range<usize>>, Exhausted> {
        let program = &self.pattern.program;
        self.slots.fill(UNSET);
        self.trail.clear();
        self.failed.clear();
        let run = Run { pattern: self.pattern, text, last };
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

    fn save(&mut self, slot: usize, place: usize) {
        self.trail.push(Step::Slot { slot, old: self.slots[slot] });
        self.slots[slot] = place;
    }

    fn count(&mut self, counter: usize, value: (u32, usize)) {
        self.trail.push(Step::Counter { counter, old: self.counters[counter] });
        self.counters[counter] = value;
    }

    /// Undoes what was done since the trail was `base` long.
    fn undo(&mut self, base: usize) {
        while self.trail.len() > base {
            match self.trail.pop() {
                Some(Step::Slot { slot, old }) => self.slots[slot] = old,
                Some(Step::Counter { counter, old }) => self.counters[counter] = old,
                _ => (),
            }
        }
    }

    /// Gives up the other ways to match since the trail was `base` long, but not what must be undone.
    fn commit(&mut self, base: usize) {
        let mut kept = base;
        for i in base..self.trail.len() {
            if matches!(self.trail[i], Step::Slot { .. } | Step::Counter { .. }) {
                self.trail[kept] = self.trail[i];
                kept += 1;
            }
        }
        self.trail.truncate(kept);
    }
}

/// One search in one text.
struct Run<'r> {
    pattern: &'r Pattern,
    text: &'r str,
    /// Where the match before ended: `\G`.
    last: usize,
}

impl Run<'_> {
    /// Runs the instructions from `at` to their `Accept`; gives where the match ends, which must be at `until` if that
    /// is given. On a match the trail is as the way there left it, otherwise as it was.
    fn body(
        &self,
        state: &mut Matcher<'_>,
        mut at: usize,
        mut place: usize,
        until: Option<usize>,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Exhausted> {
        let base = state.trail.len();
        let program = &self.pattern.program;
        loop {
            budget.spend(1)?;
            if state.trail.len() > LONGEST_TRAIL {
                return Err(Exhausted);
            }
            let mut next = Some((at + 1, place));
            match &program.instructions[at] {
                Instruction::Accept => {
                    if until.is_none_or(|until| until == place) {
                        return Ok(Some(place));
                    }
                    next = None;
                }
                Instruction::Set(set) => {
                    let read = self.character(place).filter(|&c| program.sets[*set].contains(c));
                    next = read.map(|c| (at + 1, place + c.len_utf8()));
                }
                Instruction::Run { set, least, most, kind } => {
                    let wanted = if *kind == Kind::Lazy { *least } else { *most };
                    let set = &program.sets[*set];
                    let (mut end, mut read, mut shortest) = (place, 0, place);
                    while let Some(c) = self.character(end).filter(|&c| read < wanted && set.contains(c)) {
                        end += c.len_utf8();
                        read += 1;
                        if read == *least {
                            shortest = end;
                        }
                    }
                    budget.spend(read)?;
                    next = (read >= *least).then_some((at + 1, end));
                    if next.is_some() {
                        match kind {
                            Kind::Greedy if end > shortest => {
                                state.trail.push(Step::Shorten { at: at + 1, least: shortest, place: end });
                            }
                            Kind::Lazy if *most > *least => {
                                state.trail.push(Step::Lengthen { at, place: end, more: most - least });
                            }
                            _ => (),
                        }
                    }
                }
                Instruction::Split { otherwise } => state.trail.push(Step::Try { at: *otherwise, place }),
                Instruction::SplitLazy { otherwise } => {
                    state.trail.push(Step::Try { at: at + 1, place });
                    next = Some((*otherwise, place));
                }
                Instruction::Jump(to) => next = Some((*to, place)),
                Instruction::Save(slot) => state.save(*slot, place),
                Instruction::Begin(counter) => state.count(*counter, (0, UNSET)),
                Instruction::Round(counter) => {
                    let rounds = state.counters[*counter].0;
                    state.count(*counter, (rounds.saturating_add(1), place));
                }
                Instruction::Loop { counter, least, most, lazy, pure, exit } => {
                    let (rounds, begun) = state.counters[*counter];
                    // A round that read nothing would go on for ever.
                    let over = begun == place || most.is_some_and(|most| rounds >= most);
                    if over || (*pure && rounds >= *least && state.failed.contains(&(at, place))) {
                        next = Some((*exit, place));
                    } else if rounds >= *least {
                        if *lazy {
                            state.trail.push(Step::Try { at: at + 1, place });
                            next = Some((*exit, place));
                        } else if *pure {
                            state.trail.push(Step::Leave { at: *exit, place, failed: at });
                        } else {
                            state.trail.push(Step::Try { at: *exit, place });
                        }
                    }
                }
                Instruction::Look { behind, negated, next: after } => {
                    let mark = state.trail.len();
                    let found = match behind {
                        None => self.body(state, at + 1, place, None, budget)?.is_some(),
                        Some(widths) => self.behind(state, at + 1, place, *widths, budget)?,
                    };
                    if *negated {
                        state.undo(mark);
                    } else {
                        state.commit(mark);
                    }
                    next = (found != *negated).then_some((*after, place));
                }
                Instruction::Atomic { next: after } => {
                    let mark = state.trail.len();
                    let found = self.body(state, at + 1, place, None, budget)?;
                    state.commit(mark);
                    next = found.map(|end| (*after, end));
                }
                Instruction::Reference { group, fold } => {
                    let read = state.group(*group).and_then(|group| self.same(group, place, *fold));
                    budget.spend(read.map_or(0, |end| end - place))?;
                    next = read.map(|end| (at + 1, end));
                }
                Instruction::At(kind) => {
                    next = next.filter(|_| places::is(*kind, self.text, place, self.last));
                }
            }
            match next {
                Some(found) => (at, place) = found,
                None => match self.back(state, base) {
                    Some(found) => (at, place) = found,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Looks for a body that ends at `place` and begins `least` to `most` characters before, nearest first.
    fn behind(
        &self,
        state: &mut Matcher<'_>,
        at: usize,
        place: usize,
        (least, most): (usize, usize),
        budget: &mut Budget,
    ) -> Result<bool, Exhausted> {
        let starts = self.text[..place].char_indices().rev().map(|(start, _)| start);
        for (width, start) in [place].into_iter().chain(starts).enumerate() {
            if width > most {
                break;
            }
            budget.spend(1)?;
            if width >= least && self.body(state, at, start, Some(place), budget)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes back to what was left to try since the trail was `base` long.
    fn back(&self, state: &mut Matcher<'_>, base: usize) -> Option<(usize, usize)> {
        while state.trail.len() > base {
            match state.trail.pop()? {
                Step::Try { at, place } => return Some((at, place)),
                Step::Leave { at, place, failed } => {
                    state.failed.insert((failed, place));
                    return Some((at, place));
                }
                Step::Shorten { at, least, place } => {
                    let given_back = self.text[..place].chars().next_back().map_or(1, char::len_utf8);
                    let place = place - given_back;
                    if place > least {
                        state.trail.push(Step::Shorten { at, least, place });
                    }
                    return Some((at, place));
                }
                Step::Lengthen { at, place, more } => {
                    let Instruction::Run { set, .. } = &self.pattern.program.instructions[at] else { continue };
                    let set = &self.pattern.program.sets[*set];
                    let Some(c) = self.character(place).filter(|&c| set.contains(c)) else { continue };
                    let place = place + c.len_utf8();
                    if more > 1 {
                        state.trail.push(Step::Lengthen { at, place, more: more - 1 });
                    }
                    return Some((at + 1, place));
                }
                Step::Slot { slot, old } => state.slots[slot] = old,
                Step::Counter { counter, old } => state.counters[counter] = old,
            }
        }
        None
    }

    fn character(&self, place: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(place)?;
        if byte.is_ascii() {
            Some(char::from(byte))
        } else {
            self.text[place..].chars().next()
        }
    }

    /// Where the text at `place` stops repeating a group, if it does repeat it.
    fn same(&self, group: Range<usize>, place: usize, fold: Fold) -> Option<usize> {
        if fold == Fold::None {
            let wanted = &self.text[group];
            return self.text[place..].starts_with(wanted).then_some(place + wanted.len());
        }
        let mut end = place;
        for wanted in self.text[group].chars() {
            let found = self.character(end)?;
            let same = match fold {
                Fold::Ascii => wanted.eq_ignore_ascii_case(&found),
                _ => {
                    wanted == found
                        || wanted
                            .to_uppercase()
                            .flat_map(char::to_lowercase)
                            .eq(found.to_uppercase().flat_map(char::to_lowercase))
                }
            };
            if !same {
                return None;
            }
            end += found.len_utf8();
        }
        Some(end)
    }
}
