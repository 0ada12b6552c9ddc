//! From what a pattern says to instructions.

use regex_syntax::hir::ClassUnicode;

use super::node::{Fold, Kind, Node, Place};
use super::set::{self, CharSet};

/// Instructions of a pattern, with what they refer to by number.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) instructions: Vec<Instruction>,
    pub(super) sets: Vec<CharSet>,
    /// Capturing groups.
    pub(super) groups: usize,
    /// Counters of repetitions.
    pub(super) counters: usize,
    /// What a match can begin with, if that is known.
    pub(super) first: Option<CharSet>,
    /// Whether a match can only begin where the text does.
    pub(super) anchored: bool,
}

/// One step. Where nothing else is said, the next instruction follows.
#[derive(Debug)]
pub(super) enum Instruction {
    /// Reads one character of a set.
    Set(usize),
    /// Reads one character of a set again and again.
    Run { set: usize, least: usize, most: usize, kind: Kind },
    /// Goes on at the next instruction, or if that fails at `otherwise`.
    Split { otherwise: usize },
    /// Goes on at `otherwise`, or if that fails at the next instruction.
    SplitLazy { otherwise: usize },
    /// Goes on elsewhere.
    Jump(usize),
    /// Notes the place: of group n, slot 2n is the begin and 2n + 1 the end.
    Save(usize),
    /// Sets a counter to 0.
    Begin(usize),
    /// Decides whether the body, which begins at the next instruction, is read again. `pure`: what follows depends on
    /// nothing but the place, so that a place that failed once need not be tried again.
    Loop { counter: usize, least: u32, most: Option<u32>, lazy: bool, pure: bool, exit: usize },
    /// Counts a round.
    Round(usize),
    /// Runs the body, which begins at the next instruction, on its own; `behind`: on the text before, so many
    /// characters long at least and at most.
    Look { behind: Option<(usize, usize)>, negated: bool, next: usize },
    /// Runs the body, which begins at the next instruction, on its own.
    Atomic { next: usize },
    /// Reads what a group read.
    Reference { group: usize, fold: Fold },
    /// Goes on if the place is such.
    At(Place),
    /// Ends a body or the pattern.
    Accept,
}

impl Program {
    pub(super) fn new(node: &Node, groups: usize) -> Self {
        let mut first = ClassUnicode::empty();
        let known = node.first(&mut first);
        let mut program = Program {
            instructions: Vec::new(),
            sets: Vec::new(),
            groups,
            counters: 0,
            first: known.then(|| CharSet::new(&first)),
            anchored: node.anchored(),
        };
        program.node(node, !node.refers());
        program.instructions.push(Instruction::Accept);
        program
    }

    /// `pure`: see [`Instruction::Loop`].
    fn node(&mut self, node: &Node, pure: bool) {
        match node {
            Node::Empty => (),
            Node::Set(class) => {
                let set = self.set(class);
                self.instructions.push(Instruction::Set(set));
            }
            Node::Sequence(nodes) => nodes.iter().for_each(|node| self.node(node, pure)),
            Node::Either(nodes) => {
                let mut ends = Vec::new();
                for (i, node) in nodes.iter().enumerate() {
                    if i + 1 == nodes.len() {
                        self.node(node, pure);
                        break;
                    }
                    let split = self.hold();
                    self.node(node, pure);
                    ends.push(self.hold());
                    self.instructions[split] = Instruction::Split { otherwise: self.instructions.len() };
                }
                let after = self.instructions.len();
                ends.into_iter().for_each(|end| self.instructions[end] = Instruction::Jump(after));
            }
            Node::Group(group, node) => {
                self.instructions.push(Instruction::Save(2 * group));
                self.node(node, pure);
                self.instructions.push(Instruction::Save(2 * group + 1));
            }
            Node::Repeat { node, least, most, kind } => self.repeat(node, *least, *most, *kind, pure),
            Node::Look { node, behind, negated } => {
                let (least, most) = node.width();
                let behind = behind.then_some((least, most.unwrap_or(usize::MAX)));
                let negated = *negated;
                self.body(node, |next| Instruction::Look { behind, negated, next });
            }
            Node::Atomic(node) => self.body(node, |next| Instruction::Atomic { next }),
            Node::Reference { group, fold } => {
                self.instructions.push(Instruction::Reference { group: *group, fold: *fold });
            }
            Node::At(place) => self.instructions.push(Instruction::At(*place)),
        }
    }

    /// A part that is run on its own.
    fn body(&mut self, node: &Node, make: impl Fn(usize) -> Instruction) {
        let at = self.hold();
        self.node(node, false);
        self.instructions.push(Instruction::Accept);
        self.instructions[at] = make(self.instructions.len());
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, kind: Kind, pure: bool) {
        if let Node::Set(class) = node {
            let set = self.set(class);
            let most = most.map_or(usize::MAX, |most| most as usize);
            self.instructions.push(Instruction::Run { set, least: least as usize, most, kind });
            return;
        }
        if kind == Kind::Possessive {
            let greedy = Node::Repeat { node: Box::new(node.clone()), least, most, kind: Kind::Greedy };
            return self.body(&greedy, |next| Instruction::Atomic { next });
        }
        let lazy = kind == Kind::Lazy;
        if (least, most) == (0, Some(1)) {
            let split = self.hold();
            self.node(node, pure);
            let otherwise = self.instructions.len();
            self.instructions[split] =
                if lazy { Instruction::SplitLazy { otherwise } } else { Instruction::Split { otherwise } };
            return;
        }
        let counter = self.counters;
        self.counters += 1;
        self.instructions.push(Instruction::Begin(counter));
        let at = self.hold();
        self.instructions.push(Instruction::Round(counter));
        self.node(node, false);
        self.instructions.push(Instruction::Jump(at));
        let pure = pure && !lazy && most.is_none();
        self.instructions[at] = Instruction::Loop { counter, least, most, lazy, pure, exit: self.instructions.len() };
    }

    /// A place for an instruction that is not known yet.
    fn hold(&mut self) -> usize {
        self.instructions.push(Instruction::Accept);
        self.instructions.len() - 1
    }

    fn set(&mut self, class: &ClassUnicode) -> usize {
        self.sets.push(set::CharSet::new(class));
        self.sets.len() - 1
    }
}
