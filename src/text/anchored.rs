//! Windows of a long text: they begin where the words around tell, so that an edit leaves the windows elsewhere as they were.

use std::ops::Range;

use super::windows::Window;

/// Each window takes, on either side, this part of its limit from its neighbours: half of what even windows share.
const CONTEXT: usize = 16;
/// A window decides at least this part of the pieces that it may decide. With a half instead, a window that begins elsewhere
/// after an edit moves more of those behind it.
const LEAST: usize = 4;
/// Word pieces on either side of a place that its rank depends on.
const AROUND: usize = 3;
/// How many characters before a place are searched for the end of a sentence. To a byte-level tokenizer each character of a long run
/// of white space is a place, and a search without bound would take quadratic time.
const LOOKED_BACK: usize = 64;
/// The bit of a rank that places have at which a sentence or paragraph begins.
const SENTENCE: u64 = 1 << 63;

/// Windows of at most `limit` pieces over the whole document. Each begins to decide at the token of the highest rank among
/// those that the window before may decide up to, the last of several; ranks depend on the words nearby alone. From the first place
/// on at which they begin at the same words, windows are therefore the same, whatever stands before.
///
/// `limit` and the number of pieces are not 0.
pub(super) fn lay(tokens: &[Range<usize>], limit: usize, rank: &dyn Fn(usize) -> u64) -> Vec<Window> {
    let context = limit / CONTEXT;
    let most = limit - 2 * context;
    let least = (most / LEAST).max(1);
    let total = tokens.last().map_or(0, |token| token.end);
    let mut windows = Vec::new();
    let mut first = 0;
    while first < tokens.len() {
        let start = tokens[first].start;
        let next = if total - start <= most {
            tokens.len()
        } else {
            next_place(tokens, first, least..=most.min(total - start - least), rank)
        };
        windows.push(window(tokens, first..next, limit, context));
        first = next;
    }
    windows
}

/// The token up to which a window decides that decides from `first` on, if it is to be as many pieces as `lengths`.
fn next_place(
    tokens: &[Range<usize>],
    first: usize,
    lengths: std::ops::RangeInclusive<usize>,
    rank: &dyn Fn(usize) -> u64,
) -> usize {
    let start = tokens[first].start;
    let reaching = |length: usize| tokens.partition_point(|token| token.start < start + length);
    let beyond = reaching(lengths.end() + 1);
    let places = reaching(*lengths.start())..beyond;
    let longest = beyond - 1;
    match places.max_by_key(|&place| rank(place)) {
        Some(place) => place,
        // Long tokens stand there: up to the one that does not fit, or with it if it is the first that has pieces.
        None if tokens[longest].start > start => longest,
        None => reaching(1),
    }
}

/// The window that decides the tokens of `decides`.
fn window(tokens: &[Range<usize>], decides: Range<usize>, limit: usize, context: usize) -> Window {
    let (start, end) = (tokens[decides.start].start, tokens[decides.end - 1].end);
    // A token of more pieces than fit is cut off: only its first piece matters.
    let end = end.min(start + limit);
    let context = context.min((limit - (end - start)) / 2);
    let before = tokens.partition_point(|token| token.start + context < start);
    let after = tokens.partition_point(|token| token.end <= end + context);
    let from = tokens[before.min(decides.start)].start;
    let until = tokens[..after].last().map_or(end, |token| token.end.max(end));
    Window { pieces: from..until, decides }
}

/// How fit a place in a document is for a window to begin to decide at: beginnings of sentences and paragraphs are fitter than any
/// other place, and among them the words nearby decide, by chance. `at` is the place in bytes of `text`, `place` in
/// word pieces, of which `id` gives the ids and `pieces` the number.
pub(crate) fn rank(text: &str, at: usize, place: usize, pieces: usize, id: impl Fn(usize) -> u32) -> u64 {
    let around = place.saturating_sub(AROUND)..(place + AROUND).min(pieces);
    let mixed = around.fold(0x9e37_79b9_7f4a_7c15, |hash: u64, piece| mix(hash ^ u64::from(id(piece))));
    if begins_sentence(text, at) {
        mixed | SENTENCE
    } else {
        mixed & !SENTENCE
    }
}

/// Spreads a value's bits: the finaliser of splitmix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Whether a sentence or a paragraph begins, as far as one can tell cheaply: a wrong answer costs nothing but a better place.
fn begins_sentence(text: &str, at: usize) -> bool {
    // A piece of a tokenizer of bytes may begin within a character.
    let Some((before, after)) = text.split_at_checked(at) else { return false };
    let (mut is_apart, mut lines) = (after.starts_with(char::is_whitespace), 0);
    for c in before.chars().rev().take(LOOKED_BACK) {
        if !c.is_whitespace() {
            return is_apart && matches!(c, '.' | '?' | '!');
        }
        is_apart = true;
        lines += usize::from(c == '\n');
        if lines > 1 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens of 0 to 4 pieces, sometimes of more than a window, each with a number that stands for its word.
    fn words(random: &mut fastrand::Rng, count: usize) -> Vec<(usize, u64)> {
        let word = |random: &mut fastrand::Rng| {
            let pieces = if random.usize(..200) == 0 { random.usize(..180) } else { random.usize(0..=4) };
            (pieces, random.u64(..))
        };
        (0..count).map(|_| word(random)).collect()
    }

    fn laid(words: &[(usize, u64)], limit: usize) -> Vec<Window> {
        let mut start = 0;
        let tokens: Vec<_> = words
            .iter()
            .map(|(pieces, _)| {
                start += pieces;
                start - pieces..start
            })
            .collect();
        if start == 0 {
            return Vec::new();
        }
        let windows = lay(&tokens, limit, &|place| words[place].1);
        let mut next = 0;
        for window in &windows {
            assert_eq!(window.decides.start, next);
            next = window.decides.end;
            assert!(window.pieces.len() <= limit && !window.decides.is_empty());
            for token in &tokens[window.decides.clone()] {
                assert!(token.is_empty() || window.pieces.contains(&token.start));
                assert!(token.len() > limit || window.pieces.end >= token.end, "a token that fits stays whole");
            }
        }
        assert_eq!(next, tokens.len());
        windows
    }

    #[test]
    fn windows_decide_every_token_once_and_hold_its_first_piece() {
        let mut random = fastrand::Rng::with_seed(3);
        for count in 0..300 {
            let words = words(&mut random, count * 3);
            for limit in [1, 2, 3, 15, 16, 33, 126] {
                laid(&words, limit);
            }
        }
    }

    #[test]
    fn tokens_have_context_on_both_sides() {
        let mut random = fastrand::Rng::with_seed(5);
        let words: Vec<_> = (0..3000).map(|_| (1, random.u64(..))).collect();
        for window in laid(&words, 126) {
            // One piece a token: the numbers of tokens and of pieces are the same.
            assert!(window.decides.start == 0 || window.decides.start - window.pieces.start == 7);
            assert!(window.decides.end == 3000 || window.pieces.end - window.decides.end == 7);
            assert!((28..=112).contains(&window.decides.len()));
        }
    }

    #[test]
    fn each_window_decides_a_part_of_what_it_may_and_the_last_one_too() {
        let mut random = fastrand::Rng::with_seed(7);
        for count in 113..600 {
            let words: Vec<_> = (0..count).map(|_| (1, random.u64(..))).collect();
            for window in laid(&words, 126) {
                assert!((28..=112).contains(&window.decides.len()), "{count}: {window:?}");
            }
        }
    }

    #[test]
    fn a_token_that_leaves_no_place_in_reach_begins_a_window_of_its_own() {
        let decided = |lengths: &[usize]| -> Vec<_> {
            let words: Vec<_> = lengths.iter().map(|&pieces| (pieces, 0)).collect();
            laid(&words, 126).into_iter().map(|window| window.decides).collect()
        };
        let long = [&[1; 10][..], &[150], &[1; 60]].concat();
        assert_eq!(decided(&long), [0..10, 10..11, 11..71]);
        // Tokens before it that have no pieces need no window.
        assert_eq!(decided(&[&[0, 0, 150][..], &[1; 60]].concat()), [0..3, 3..63]);
    }

    /// What a window reads and decides, in words rather than places.
    fn content(words: &[(usize, u64)], windows: &[Window]) -> Vec<Vec<(usize, u64)>> {
        windows.iter().map(|window| words[window.decides.clone()].to_vec()).collect()
    }

    #[test]
    fn an_edit_leaves_the_windows_elsewhere_as_they_were() {
        let mut random = fastrand::Rng::with_seed(11);
        let mut counts = [0; 12];
        for _ in 0..600 {
            let before: Vec<_> = (0..2500).map(|_| (random.usize(1..=2), random.u64(..))).collect();
            let mut after = before.clone();
            let at = random.usize(..2500);
            match random.usize(..3) {
                0 => drop(after.remove(at)),
                1 => after.insert(at, (1, random.u64(..))),
                _ => after[at] = (2, random.u64(..)),
            }
            let old = content(&before, &laid(&before, 126));
            let new = content(&after, &laid(&after, 126));
            counts[new.iter().filter(|window| !old.contains(window)).count().min(11)] += 1;
        }
        let two_at_most: usize = counts[..3].iter().sum();
        assert!(two_at_most > 580 && counts[6..].iter().all(|&count| count == 0), "{counts:?}");
    }

    #[test]
    fn windows_of_a_text_that_repeats_itself_are_few() {
        let words: Vec<_> = (0..3000).map(|_| (1, 0)).collect();
        assert_eq!(laid(&words, 126).len(), 3000_usize.div_ceil(112));
    }

    #[test]
    fn a_sentence_begins_after_the_end_of_one_or_an_empty_line() {
        let text = "A is 1.5. B\nis? C \n\n D (e) f!\u{a0}G";
        let begins: Vec<_> = text.char_indices().filter(|(at, _)| begins_sentence(text, *at)).map(|(_, c)| c).collect();
        assert_eq!(begins.into_iter().filter(|c| c.is_alphanumeric()).collect::<String>(), "BCDG");
        // Behind much white space nobody looks for the end of a sentence.
        for (spaces, expected) in [(1, true), (LOOKED_BACK - 1, true), (LOOKED_BACK, false), (9 * LOOKED_BACK, false)] {
            let text = format!("A.{}B", " ".repeat(spaces));
            assert_eq!(begins_sentence(&text, text.len() - 1), expected, "{spaces}");
        }
        assert!(begins_sentence(&"\r\n".repeat(LOOKED_BACK), 4));
    }

    #[test]
    fn the_rank_of_a_place_depends_on_the_words_nearby_alone() {
        let ids: Vec<u32> = (0..40).collect();
        let at = |ids: &[u32], place: usize| rank("a b", 2, place, ids.len(), |i| ids[i]);
        let moved: Vec<u32> = ids[10..].to_vec();
        assert_eq!(at(&ids, 20), at(&moved, 10));
        assert_ne!(at(&ids, 20), at(&ids, 21));
        assert!(rank("a. b", 3, 20, 40, |i| ids[i]) > at(&ids, 20));
    }
}
