//! A document's word pieces cut into windows that the model can read.

use std::ops::Range;

use super::anchored;

/// The most windows of a text whose windows are even: as few and as short as can be. An edit moves all of them. The windows of a
/// longer text are anchored to its words, and are somewhat more and shorter. On the test texts either find as much.
const MOST_EVEN: usize = 4;
/// Neighbours overlap by the limit divided by this. On the test texts a quarter finds no more than an eighth, and a
/// sixteenth finds less.
const SHARED: usize = 8;

/// Consecutive tokens that the classifier reads together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The window's range of the document's word pieces: whole tokens, unless one token alone is too long.
    pub pieces: Range<usize>,
    /// Tokens whose label comes from this window. Each token belongs to exactly one window.
    pub decides: Range<usize>,
}

/// One window of the first `limit` pieces, as Spark NLP reads a document. Tokens that begin beyond it get no label.
pub fn truncate(tokens: &[Range<usize>], limit: usize) -> Window {
    let end = tokens.last().map_or(0, |token| token.end).min(limit);
    let decided = tokens.partition_point(|token| token.start < limit);
    Window { pieces: 0..end, decides: 0..decided }
}

/// Overlapping windows of at most `limit` pieces over the whole document. Neighbours share about an eighth of `limit`.
///
/// Up to four windows are as few as possible, then as short as possible. A token's label comes from the window in which it
/// has most context on its shorter side, the earlier one if equal.
///
/// More windows begin where the words around tell, so that an edit leaves most of them as they were: at the place of the
/// highest `rank`, which is called with tokens. They share what stands on either side of such a place, and decide up to it.
///
/// No window ends at a paragraph's end: on the test texts, windows that do so find less, since what stands before a paragraph
/// tells what it is about.
///
/// A `limit` of 0 gives no windows.
pub fn cut(tokens: &[Range<usize>], limit: usize, rank: &dyn Fn(usize) -> u64) -> Vec<Window> {
    let total = tokens.last().map_or(0, |token| token.end);
    if limit == 0 || total == 0 {
        return Vec::new();
    }
    let overlap = limit / SHARED;
    let spans = lay(tokens, limit, overlap);
    if spans.len() > MOST_EVEN {
        return anchored::lay(tokens, limit, rank);
    }
    even(tokens, limit, overlap, spans)
}

/// The windows of `spans`, which have at most `limit` pieces, made as short as their number allows.
fn even(tokens: &[Range<usize>], limit: usize, overlap: usize, mut spans: Vec<Range<usize>>) -> Vec<Window> {
    // Shorter windows take less time, but a token that fits the limit must stay whole.
    let longest = tokens.iter().map(Range::len).max().unwrap_or(0);
    let (mut short, mut long) = (longest.clamp(1, limit), limit);
    while short < long {
        let length = (short + long) / 2;
        let tried = lay(tokens, length, overlap);
        if tried.len() <= spans.len() {
            (spans, long) = (tried, length);
        } else {
            short = length + 1;
        }
    }
    let limit = long;

    let mut decided = 0;
    (0..spans.len())
        .map(|i| {
            let span = &spans[i];
            let start = tokens[span.start].start;
            let end = tokens[span.end - 1].end;
            let until = spans.get(i + 1).map_or(tokens.len(), |following| {
                // Of two neighbours, the earlier one has the more context, or as much, as long as no more pieces stand
                // between the later one's start and the token than between its first piece and the earlier one's end.
                let later = tokens[following.start].start;
                let within = &tokens[following.start..span.end];
                following.start + within.partition_point(|token| token.start - later < end - token.start)
            });
            let decides = decided..until;
            decided = until;
            Window { pieces: start..end.min(start + limit), decides }
        })
        .collect()
}

/// Ranges of tokens for windows of at most `length` pieces. Each but the last is as long as fits, and shares about
/// `overlap` pieces with the one before; the last begins as early as its length allows.
fn lay(tokens: &[Range<usize>], length: usize, overlap: usize) -> Vec<Range<usize>> {
    let total = tokens.last().map_or(0, |token| token.end);
    let mut spans: Vec<Range<usize>> = Vec::new();
    let mut first = 0;
    loop {
        let start = tokens[first].start;
        let fitting = tokens.partition_point(|token| token.end <= start + length);
        // A token of more pieces than fit is a window of its own, cut off: only its first piece matters.
        let next = fitting.max(first + 1);
        if next == tokens.len() {
            let reached = tokens.partition_point(|token| token.start + length < total);
            spans.push(reached.min(first)..next);
            return spans;
        }
        spans.push(first..next);
        let end = tokens[next - 1].end;
        let shared = tokens.partition_point(|token| token.start + overlap < end);
        first = shared.clamp(first + 1, next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(lengths: &[usize]) -> Vec<Range<usize>> {
        let mut start = 0;
        lengths
            .iter()
            .map(|length| {
                let range = start..start + length;
                start += length;
                range
            })
            .collect()
    }

    /// Random lengths of 0 to `most`.
    fn lengths(seed: u64, count: usize, most: usize) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(seed);
        std::iter::repeat_with(|| random.usize(0..=most)).take(count).collect()
    }

    #[test]
    fn windows_decide_every_token_once_and_hold_its_first_piece() {
        for seed in 0..300 {
            let tokens = tokens(&lengths(seed, (seed as usize * 7) % 400, 1 + seed as usize % 9));
            for limit in [1, 2, 3, 10, 126] {
                let windows = cut(&tokens, limit, &|token| token as u64 * 7 % 31);
                let mut next = 0;
                for window in &windows {
                    assert_eq!(window.decides.start, next);
                    assert!(window.pieces.len() <= limit);
                    next = window.decides.end;
                    for token in &tokens[window.decides.clone()] {
                        assert!(token.is_empty() || window.pieces.contains(&token.start));
                    }
                }
                let all = tokens.last().map_or(0, |token| token.end);
                assert!(next == tokens.len() || all == 0, "seed {seed} limit {limit}");
            }
        }
    }

    #[test]
    fn the_deciding_window_has_most_context_on_the_shorter_side() {
        let tokens = tokens(&lengths(5, 75, 4));
        let windows = cut(&tokens, 50, &|_| panic!("even windows need no ranks"));
        assert_eq!(windows.len(), MOST_EVEN);
        // Pieces before the token's first piece, or after it.
        let side = |window: &Window, at: usize| {
            window.pieces.contains(&at).then(|| (at - window.pieces.start).min(window.pieces.end - 1 - at))
        };
        let mut ties = 0;
        for window in &windows {
            for token in tokens[window.decides.clone()].iter().filter(|token| !token.is_empty()) {
                let sides: Vec<_> = windows.iter().map(|other| side(other, token.start)).collect();
                let best = sides.iter().max().expect("a window");
                let earliest = sides.iter().position(|side| side == best).map(|i| &windows[i]);
                assert_eq!(earliest, Some(window));
                ties += usize::from(sides.iter().filter(|side| *side == best).count() > 1);
            }
        }
        assert!(ties > 0);
    }

    #[test]
    fn a_text_that_fits_is_one_window_in_both_modes() {
        let tokens = tokens(&lengths(3, 30, 3));
        assert_eq!(cut(&tokens, 126, &|_| 0), [truncate(&tokens, 126)]);
        assert!(cut(&[], 126, &|_| 0).is_empty());
    }

    #[test]
    fn windows_are_as_few_as_can_be_and_then_as_short() {
        let pieces = |tokens: &[usize]| -> Vec<_> {
            cut(&self::tokens(tokens), 126, &|_| 0).into_iter().map(|window| window.pieces).collect()
        };
        // Half of what is read, the 15 shared pieces twice.
        assert_eq!(pieces(&[1; 130]), [0..73, 57..130]);
        // A long token stays whole.
        assert_eq!(pieces(&[&[1; 100][..], &[100], &[1; 10]].concat()), [0..100, 85..210]);
    }

    #[test]
    fn truncation_keeps_a_token_whose_first_piece_fits() {
        let tokens = tokens(&[2, 3, 1]);
        assert_eq!(truncate(&tokens, 4), Window { pieces: 0..4, decides: 0..2 });
        assert_eq!(truncate(&tokens, 5), Window { pieces: 0..5, decides: 0..2 });
    }
}
