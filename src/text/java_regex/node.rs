//! What a pattern says.

use regex_syntax::hir::ClassUnicode;

/// A pattern or a part of one.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Nothing, always found.
    Empty,
    /// One character of a set.
    Set(ClassUnicode),
    /// One after another.
    Sequence(Vec<Node>),
    /// The first that leads to a match.
    Either(Vec<Node>),
    /// A capturing group, numbered from 1.
    Group(usize, Box<Node>),
    /// Again and again; no `most` is no limit.
    Repeat { node: Box<Node>, least: u32, most: Option<u32>, kind: Kind },
    /// What stands before or after, without reading it.
    Look { node: Box<Node>, behind: bool, negated: bool },
    /// The first way to match, and no other.
    Atomic(Box<Node>),
    /// What a group read.
    Reference { group: usize, fold: Fold },
    /// A place.
    At(Place),
}

/// In which order a repetition tries its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Most first.
    Greedy,
    /// Least first.
    Lazy,
    /// Most only.
    Possessive,
}

/// Which characters count as equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// Each only to itself.
    None,
    /// Those that differ by the case of an ASCII letter.
    Ascii,
    /// Those that differ by case.
    Unicode,
}

/// A place between characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
    WordBoundary { negated: bool, unicode: bool },
    /// `\G`: where the match before ended.
    LastMatch,
}

impl Node {
    /// Least and greatest number of characters read; no greatest is no limit that is known.
    pub(super) fn width(&self) -> (usize, Option<usize>) {
        match self {
            Node::Empty | Node::Look { .. } | Node::At(_) => (0, Some(0)),
            Node::Set(_) => (1, Some(1)),
            Node::Sequence(nodes) => nodes.iter().map(Node::width).fold((0, Some(0)), |(least, most), width| {
                let most = most.zip(width.1).and_then(|(a, b)| usize::checked_add(a, b));
                (least.saturating_add(width.0), most)
            }),
            Node::Either(nodes) => {
                let least = nodes.iter().map(|node| node.width().0).min().unwrap_or(0);
                let most = nodes.iter().map(|node| node.width().1).try_fold(0, |a, b| b.map(|b| a.max(b)));
                (least, most)
            }
            Node::Group(_, node) | Node::Atomic(node) => node.width(),
            Node::Repeat { node, least, most, .. } => {
                let width = node.width();
                let most = match width.1 {
                    Some(0) => Some(0),
                    each => most.zip(each).and_then(|(times, each)| each.checked_mul(times as usize)),
                };
                (width.0.saturating_mul(*least as usize), most)
            }
            Node::Reference { .. } => (0, None),
        }
    }

    /// Adds the characters that a match can begin with. `false` when a match may also be empty, or is not told by its
    /// first character.
    pub(super) fn first(&self, set: &mut ClassUnicode) -> bool {
        match self {
            Node::Set(own) => {
                set.union(own);
                true
            }
            Node::Sequence(nodes) => nodes.iter().any(|node| node.first(set)),
            // All must be seen, so that the set is whole.
            Node::Either(nodes) => nodes.iter().map(|node| node.first(set)).fold(true, |all, one| all & one),
            Node::Group(_, node) | Node::Atomic(node) => node.first(set),
            Node::Repeat { node, least, .. } => node.first(set) && *least > 0,
            Node::Reference { .. } => {
                // It may read anything.
                set.union(&super::set::any());
                false
            }
            Node::Empty | Node::Look { .. } | Node::At(_) => false,
        }
    }

    /// Whether a match can only begin where the text does.
    pub(super) fn anchored(&self) -> bool {
        match self {
            Node::At(Place::Begin) => true,
            Node::Sequence(nodes) => nodes.first().is_some_and(Node::anchored),
            Node::Either(nodes) => nodes.iter().all(Node::anchored),
            Node::Group(_, node) | Node::Atomic(node) => node.anchored(),
            _ => false,
        }
    }

    /// Whether a back-reference is in it.
    pub(super) fn refers(&self) -> bool {
        match self {
            Node::Reference { .. } => true,
            Node::Sequence(nodes) | Node::Either(nodes) => nodes.iter().any(Node::refers),
            Node::Group(_, node) | Node::Atomic(node) => node.refers(),
            Node::Repeat { node, .. } | Node::Look { node, .. } => node.refers(),
            Node::Empty | Node::Set(_) | Node::At(_) => false,
        }
    }
}
