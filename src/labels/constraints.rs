//! What every chunk must be like: constraints of decoding by Viterbi, which a model's files declare.

use serde::Serialize;
use serde_json::Value;

/// A constraint of [`Decoding::Viterbi`](super::Decoding::Viterbi): sequences of labels with a chunk that breaks it are out of
/// the question, however likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Constraint {
    /// A bracket and its partner are both in a chunk, or neither is; one without a partner in the paragraph is in none.
    BalancedBrackets,
    /// A chunk has a letter, a digit, or one of `%`, `‰`, `°`, which stand for units.
    NotOnlyPunctuation,
}

impl Constraint {
    /// A constraint by its name in a manifest.
    pub(crate) fn read(name: &Value) -> Option<Self> {
        match name.as_str()? {
            "balancedBrackets" => Some(Constraint::BalancedBrackets),
            "notOnlyPunctuation" => Some(Constraint::NotOnlyPunctuation),
            _ => None,
        }
    }
}

/// Opening brackets, each with its partner.
const BRACKETS: [(char, char); 6] = [('(', ')'), ('[', ']'), ('{', '}'), ('（', '）'), ('［', '］'), ('｛', '｝')];

/// What constraints ask of a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Brackets of earlier tokens that it closes, and brackets that it opens for later ones.
    pub(super) closes: u32,
    pub(super) opens: u32,
    /// Whether it has a bracket without a partner.
    pub(super) unpaired: bool,
    /// Whether it has more than punctuation.
    pub(super) content: bool,
}

/// The shapes of the tokens of one paragraph. A bracket's partner is the next closing one of its kind; brackets between that
/// remain open have no partner.
pub(super) fn shapes<'t>(tokens: impl Iterator<Item = &'t str>) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut open: Vec<(usize, char)> = Vec::new();
    for (token, text) in tokens.enumerate() {
        shapes.push(Shape::default());
        for c in text.chars() {
            shapes[token].content |= c.is_alphanumeric() || matches!(c, '%' | '‰' | '°');
            if let Some((_, close)) = BRACKETS.iter().find(|(bracket, _)| *bracket == c) {
                open.push((token, *close));
            } else if BRACKETS.iter().any(|(_, bracket)| *bracket == c) {
                let Some(place) = open.iter().rposition(|(_, close)| *close == c) else {
                    shapes[token].unpaired = true;
                    continue;
                };
                open[place + 1..].iter().for_each(|(lost, _)| shapes[*lost].unpaired = true);
                let partner = open[place].0;
                open.truncate(place);
                if partner != token {
                    shapes[partner].opens += 1;
                    shapes[token].closes += 1;
                }
            }
        }
    }
    for (lost, _) in open {
        shapes[lost].unpaired = true;
    }
    shapes
}

/// Brackets that may be open in a chunk at once.
const DEEPEST: usize = 3;

/// How a chunk's state changes from token to token.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rules {
    brackets: bool,
    content: bool,
}

impl Rules {
    pub(super) fn of(constraints: &[Constraint]) -> Self {
        let has = |constraint| constraints.contains(&constraint);
        Rules { brackets: has(Constraint::BalancedBrackets), content: has(Constraint::NotOnlyPunctuation) }
    }

    /// Number of states of a chunk: which brackets it still has to close, and whether it has more than punctuation. Without rules
    /// there is one.
    pub(super) fn states(self) -> usize {
        if self == Rules::default() {
            1
        } else {
            2 * (DEEPEST + 1)
        }
    }

    /// The state of a chunk that may end.
    pub(super) fn complete(self) -> usize {
        usize::from(self != Rules::default())
    }

    /// The state before a chunk's first token.
    pub(super) fn start(self) -> usize {
        if self.content {
            0
        } else {
            self.complete()
        }
    }

    /// The state after a token; `None` if it must not be in the chunk.
    pub(super) fn after(self, state: usize, token: Shape) -> Option<usize> {
        if self == Rules::default() {
            return Some(0);
        }
        let (mut depth, content) = (state / 2, state % 2 == 1 || token.content);
        if self.brackets {
            if token.unpaired {
                return None;
            }
            depth = depth.checked_sub(token.closes as usize)? + token.opens as usize;
        }
        (depth <= DEEPEST).then_some(2 * depth + usize::from(content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(text: &str) -> Vec<(u32, u32, bool)> {
        shapes(text.split(' ')).iter().map(|shape| (shape.opens, shape.closes, shape.unpaired)).collect()
    }

    #[test]
    fn partners_are_found_over_tokens_and_within_them() {
        assert_eq!(paired("( a )"), [(1, 0, false), (0, 0, false), (0, 1, false)]);
        assert_eq!(paired("a(b) x(1 y[2]z) "), [(0, 0, false), (1, 0, false), (0, 1, false), (0, 0, false)]);
        // A list's `a)`, one that is never closed, and one whose kind differs.
        assert_eq!(paired("a ) ( b"), [(0, 0, false), (0, 0, true), (0, 0, true), (0, 0, false)]);
        assert_eq!(paired("( [ )"), [(1, 0, false), (0, 0, true), (0, 1, false)]);
    }

    #[test]
    fn content_is_a_letter_a_digit_or_a_unit() {
        let content = |text: &str| shapes(std::iter::once(text))[0].content;
        assert!(["a", "7", "%", "β", "°", "-1", "細"].into_iter().all(content));
        assert!(!["-", "(", "\u{200b}", "±", "…", ""].into_iter().any(content));
    }
}
