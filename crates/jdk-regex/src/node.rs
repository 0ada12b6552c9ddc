//! The syntax tree of a pattern.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::set::{self, Fold};

/// A pattern or a part of one.
#[derive(Debug)]
pub(crate) enum Node {
    /// Matches the empty string.
    Empty,
    /// One character of a set.
    Set(ClassUnicode),
    /// One after another.
    Sequence(Vec<Node>),
    /// Alternatives: the first that leads to a match.
    Either(Vec<Node>),
    /// A capturing group, numbered from 1.
    Group(usize, Box<Node>),
    /// A quantifier; `max` is `None` for no limit.
    Repeat { node: Box<Node>, min: u32, max: Option<u32>, greed: Greed },
    /// Look-ahead, or look-behind.
    Look { node: Box<Node>, behind: bool, negated: bool },
    /// `(?>…)`: no backtracking into it.
    Atomic(Box<Node>),
    /// A back-reference.
    Reference { group: usize, fold: Fold },
    /// A zero-width boundary.
    Boundary(Boundary),
}

/// In which order a quantifier tries its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Greed {
    /// The largest first.
    Greedy,
    /// The smallest first.
    Lazy,
    /// The largest only.
    Possessive,
}

/// A condition on a position between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    /// `\A`, and `^` without `(?m)`.
    Begin,
    /// `\z`.
    End,
    /// `\Z`, and `$` without `(?m)`: the end, or before a line end that ends the text. `unix`: only `\n` is one.
    LastLine { unix: bool },
    /// `^` with `(?m)`.
    LineBegin { unix: bool },
    /// `$` with `(?m)`.
    LineEnd { unix: bool },
    /// `\b`, `\B`: a change between word and other characters. `unicode`: as `(?U)` defines word characters.
    Word { negated: bool, unicode: bool },
    /// `\G`: the end of the previous match.
    LastMatch,
}

impl Node {
    /// Minimum and maximum length of a match, in characters; `None` if unbounded.
    pub(crate) fn width(&self) -> (usize, Option<usize>) {
        match self {
            Node::Empty | Node::Look { .. } | Node::Boundary(_) => (0, Some(0)),
            Node::Set(_) => (1, Some(1)),
            Node::Sequence(nodes) => nodes.iter().map(Node::width).fold((0, Some(0)), |(min, max), width| {
                let max = max.zip(width.1).and_then(|(a, b)| usize::checked_add(a, b));
                (min.saturating_add(width.0), max)
            }),
            Node::Either(nodes) => {
                // Once for each: twice, it would double with each level of nesting.
                let widths: Vec<_> = nodes.iter().map(Node::width).collect();
                let min = widths.iter().map(|width| width.0).min().unwrap_or(0);
                let max = widths.iter().map(|width| width.1).try_fold(0, |a, b| b.map(|b| a.max(b)));
                (min, max)
            }
            Node::Group(_, node) | Node::Atomic(node) => node.width(),
            Node::Repeat { node, min, max, .. } => {
                let width = node.width();
                let max = match width.1 {
                    Some(0) => Some(0),
                    each => max.zip(each).and_then(|(times, each)| each.checked_mul(times as usize)),
                };
                (width.0.saturating_mul(*min as usize), max)
            }
            Node::Reference { .. } => (0, None),
        }
    }

    /// Adds the ranges of characters that a match can begin with. `false` when the match may also be empty, so that they
    /// do not suffice.
    pub(crate) fn first(&self, ranges: &mut Vec<ClassUnicodeRange>) -> bool {
        match self {
            Node::Set(class) => {
                ranges.extend(class.iter());
                true
            }
            Node::Sequence(nodes) => nodes.iter().any(|node| node.first(ranges)),
            // No short circuit: every branch adds its ranges.
            Node::Either(nodes) => nodes.iter().map(|node| node.first(ranges)).fold(true, |all, one| all & one),
            Node::Group(_, node) | Node::Atomic(node) => node.first(ranges),
            Node::Repeat { node, min, .. } => node.first(ranges) && *min > 0,
            Node::Reference { .. } => {
                // It may match any text.
                ranges.extend(set::any().iter());
                false
            }
            Node::Empty | Node::Look { .. } | Node::Boundary(_) => false,
        }
    }

    /// Whether a match can begin only at the start of the text.
    pub(crate) fn anchored(&self) -> bool {
        match self {
            Node::Boundary(Boundary::Begin) => true,
            Node::Sequence(nodes) => nodes.first().is_some_and(Node::anchored),
            Node::Either(nodes) => nodes.iter().all(Node::anchored),
            Node::Group(_, node) | Node::Atomic(node) => node.anchored(),
            _ => false,
        }
    }

    /// Whether it contains a back-reference.
    pub(crate) fn refers(&self) -> bool {
        match self {
            Node::Reference { .. } => true,
            Node::Sequence(nodes) | Node::Either(nodes) => nodes.iter().any(Node::refers),
            Node::Group(_, node) | Node::Atomic(node) => node.refers(),
            Node::Repeat { node, .. } | Node::Look { node, .. } => node.refers(),
            Node::Empty | Node::Set(_) | Node::Boundary(_) => false,
        }
    }
}
