//! From a syntax tree to a program for a backtracking machine.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use crate::node::{Boundary, Greed, Node};
use crate::set::{CharSet, Fold};

/// A compiled pattern: instructions, and what they refer to by index.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) instructions: Vec<Instruction>,
    /// The sets, each once.
    pub(crate) sets: Vec<CharSet>,
    /// Capturing groups.
    pub(crate) groups: usize,
    /// Counters of repetitions.
    pub(crate) counters: usize,
    /// The characters that a match can begin with, if it is never empty.
    pub(crate) first: Option<CharSet>,
    /// Whether a match can begin only at the start of the text.
    pub(crate) anchored: bool,
}

/// One step. Unless noted, the next instruction follows.
#[derive(Debug)]
pub(crate) enum Instruction {
    /// Matches one character of a set.
    Set(usize),
    /// Matches `min` to `max` characters of a set.
    Run { set: usize, min: usize, max: usize, greed: Greed },
    /// Tries the next instruction, then `otherwise`.
    Split { otherwise: usize },
    /// Tries `otherwise`, then the next instruction.
    SplitLazy { otherwise: usize },
    /// Continues elsewhere.
    Jump(usize),
    /// Saves the position in a slot: 2n for the begin of group n, 2n + 1 for its end.
    Save(usize),
    /// Sets a counter to 0.
    Begin(usize),
    /// Decides whether to repeat the body, which begins at the next instruction. `pure`: whether the rest matches depends
    /// on nothing but the position, so that one that failed is not tried again.
    Loop { counter: usize, min: u32, max: Option<u32>, lazy: bool, pure: bool, exit: usize },
    /// Counts a repetition.
    Round(usize),
    /// Runs the body, which begins at the next instruction, on its own; `behind`: on the text before, of this minimum
    /// and maximum number of characters.
    Look { behind: Option<(usize, usize)>, negated: bool, next: usize },
    /// Runs the body, which begins at the next instruction, on its own.
    Atomic { next: usize },
    /// Matches the text that a group matched.
    Reference { group: usize, fold: Fold },
    /// Checks the position.
    Boundary(Boundary),
    /// Ends a body or the pattern.
    Accept,
}

impl Program {
    pub(crate) fn new(node: &Node, groups: usize) -> Self {
        let mut first = Vec::new();
        let known = node.first(&mut first);
        let mut program = Program {
            instructions: Vec::new(),
            sets: Vec::new(),
            groups,
            counters: 0,
            first: known.then(|| CharSet::new(&ClassUnicode::new(first))),
            anchored: node.anchored(),
        };
        let mut compiler = Compiler { program: &mut program, ids: HashMap::new() };
        compiler.node(node, !node.refers());
        program.instructions.push(Instruction::Accept);
        program
    }
}

/// Compiles nodes into a program.
struct Compiler<'p> {
    program: &'p mut Program,
    /// Indices of sets by their ranges: a class that stands in a pattern a thousand times is held once.
    ids: HashMap<Vec<(char, char)>, usize>,
}

impl Compiler<'_> {
    /// Appends a node's instructions. `pure`: see [`Instruction::Loop`].
    fn node(&mut self, node: &Node, pure: bool) {
        match node {
            Node::Empty => (),
            Node::Set(class) => {
                let set = self.set(class);
                self.program.instructions.push(Instruction::Set(set));
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node, pure)),
            Node::Either(nodes) => {
                let mut ends = Vec::new();
                for (i, node) in nodes.iter().enumerate() {
                    if i + 1 == nodes.len() {
                        self.node(node, pure);
                        break;
                    }
                    let split = self.reserve();
                    self.node(node, pure);
                    ends.push(self.reserve());
                    self.program.instructions[split] =
                        Instruction::Split { otherwise: self.program.instructions.len() };
                }
                let after = self.program.instructions.len();
                ends.into_iter().for_each(|end| self.program.instructions[end] = Instruction::Jump(after));
            }
            Node::Group(group, node) => {
                self.program.instructions.push(Instruction::Save(2 * group));
                self.node(node, pure);
                self.program.instructions.push(Instruction::Save(2 * group + 1));
            }
            Node::Repeat { node, min, max, greed } => self.repeat(node, *min, *max, *greed, pure),
            Node::Look { node, behind, negated } => {
                let (min, max) = node.width();
                let behind = behind.then_some((min, max.unwrap_or(usize::MAX)));
                let negated = *negated;
                self.body(|compiler| compiler.node(node, false), |next| Instruction::Look { behind, negated, next });
            }
            Node::Atomic(node) => self.body(|compiler| compiler.node(node, false), |next| Instruction::Atomic { next }),
            Node::Reference { group, fold } => {
                self.program.instructions.push(Instruction::Reference { group: *group, fold: *fold });
            }
            Node::Boundary(boundary) => self.program.instructions.push(Instruction::Boundary(*boundary)),
        }
    }

    /// Compiles a part that runs on its own.
    fn body(&mut self, part: impl FnOnce(&mut Self), make: impl Fn(usize) -> Instruction) {
        let at = self.reserve();
        part(self);
        self.program.instructions.push(Instruction::Accept);
        self.program.instructions[at] = make(self.program.instructions.len());
    }

    fn repeat(&mut self, node: &Node, min: u32, max: Option<u32>, greed: Greed, pure: bool) {
        if let Node::Set(class) = node {
            let set = self.set(class);
            let max = max.map_or(usize::MAX, |max| max as usize);
            self.program.instructions.push(Instruction::Run { set, min: min as usize, max, greed });
            return;
        }
        if greed == Greed::Possessive {
            let greedy = |compiler: &mut Self| compiler.repeat(node, min, max, Greed::Greedy, false);
            return self.body(greedy, |next| Instruction::Atomic { next });
        }
        let lazy = greed == Greed::Lazy;
        if (min, max) == (0, Some(1)) {
            let split = self.reserve();
            self.node(node, pure);
            let otherwise = self.program.instructions.len();
            self.program.instructions[split] =
                if lazy { Instruction::SplitLazy { otherwise } } else { Instruction::Split { otherwise } };
            return;
        }
        let counter = self.program.counters;
        self.program.counters += 1;
        self.program.instructions.push(Instruction::Begin(counter));
        let at = self.reserve();
        self.program.instructions.push(Instruction::Round(counter));
        self.node(node, false);
        self.program.instructions.push(Instruction::Jump(at));
        let pure = pure && !lazy && max.is_none();
        self.program.instructions[at] =
            Instruction::Loop { counter, min, max, lazy, pure, exit: self.program.instructions.len() };
    }

    /// Reserves the slot of an instruction that is not known yet.
    fn reserve(&mut self) -> usize {
        self.program.instructions.push(Instruction::Accept);
        self.program.instructions.len() - 1
    }

    fn set(&mut self, class: &ClassUnicode) -> usize {
        let next = self.program.sets.len();
        let id = *self.ids.entry(class.iter().map(|range| (range.start(), range.end())).collect()).or_insert(next);
        if id == next {
            self.program.sets.push(CharSet::new(class));
        }
        id
    }
}
