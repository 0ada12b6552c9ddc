//! From a text to tokens and sentences, for a format that has nothing else.

use std::io;

use unicode_normalization::char::is_combining_mark;

use crate::formats::losses::is_line_break;

/// What a text is made of.
#[derive(Debug, PartialEq)]
pub(super) enum Piece<'t> {
    /// A token, and the number of the mention that it is in.
    Token(&'t str, Option<usize>),
    SentenceEnd,
    /// A line break that ends no sentence, because a mention goes over it.
    BreakInMention,
}

/// A character, as tokens see it.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Letters and digits, which stand together.
    Word,
    /// Combining marks and invisible characters, which go with what is before them.
    Follower {
        visible: bool,
    },
    /// Any other visible character, which stands alone.
    Symbol,
    Blank,
    LineBreak,
}

fn kind_of(c: char) -> Kind {
    match c {
        c if is_line_break(c) => Kind::LineBreak,
        // Soft hyphen, zero width, directions, joiners.
        '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' => {
            Kind::Follower { visible: false }
        }
        c if c.is_whitespace() || c.is_control() => Kind::Blank,
        c if is_combining_mark(c) => Kind::Follower { visible: true },
        c if c.is_alphanumeric() => Kind::Word,
        _ => Kind::Symbol,
    }
}

/// Reads a text. Tokens are runs of letters, digits and marks, and every other visible character alone; they end where one of
/// `mentions` (bytes, in order, without overlaps) begins or ends. Sentences end at line breaks and at `ends`, and nowhere else: what
/// a full stop ends is not guessed.
pub(super) fn read<'t>(
    text: &'t str,
    mentions: &[(usize, usize)],
    mut ends: Vec<usize>,
    mut take: impl FnMut(Piece<'t>) -> io::Result<()>,
) -> io::Result<()> {
    ends.sort_unstable();
    let mut ends = ends.into_iter().peekable();
    // The mention that is next or around, and the token that is being read.
    let mut at = 0;
    let mut token: Option<(usize, bool)> = None;
    let mut is_open = false;
    let label = |at: usize, byte: usize| mentions.get(at).filter(|(begin, _)| *begin <= byte).map(|_| at);
    for (byte, c) in text.char_indices().chain(std::iter::once((text.len(), '\n'))) {
        let kind = if byte == text.len() { Kind::LineBreak } else { kind_of(c) };
        let begins = mentions.get(at).is_some_and(|(begin, _)| *begin == byte);
        let ends_here = mentions.get(at).is_some_and(|(_, end)| *end == byte);
        let goes_on = match (kind, token) {
            _ if begins || ends_here => false,
            (Kind::Word, Some((_, is_word))) => is_word,
            (Kind::Follower { .. }, Some(_)) => true,
            _ => false,
        };
        if let (Some((begin, _)), false) = (token, goes_on) {
            take(Piece::Token(&text[begin..byte], label(at, begin)))?;
            token = None;
            is_open = true;
        }
        if ends_here {
            at += 1;
        }
        let mut ends_sentence = kind == Kind::LineBreak;
        while ends.next_if(|end| *end <= byte).is_some() {
            ends_sentence = true;
        }
        // A mention that begins here is not yet broken.
        let within = mentions.get(at).is_some_and(|(begin, _)| *begin < byte);
        match (ends_sentence, within) {
            (true, false) if is_open => {
                take(Piece::SentenceEnd)?;
                is_open = false;
            }
            (true, true) => take(Piece::BreakInMention)?,
            _ => {}
        }
        if token.is_none() {
            match kind {
                Kind::Word | Kind::Follower { visible: true } => token = Some((byte, true)),
                Kind::Symbol => token = Some((byte, false)),
                Kind::Follower { visible: false } | Kind::Blank | Kind::LineBreak => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens with the number of their mention, sentences apart by `|`.
    fn outline(text: &str, mentions: &[(usize, usize)], ends: &[usize]) -> String {
        let mut out = Vec::new();
        read(text, mentions, ends.to_vec(), |piece| {
            out.push(match piece {
                Piece::Token(token, None) => token.to_string(),
                Piece::Token(token, Some(at)) => format!("{token}/{at}"),
                Piece::SentenceEnd => "|".to_string(),
                Piece::BreakInMention => "~".to_string(),
            });
            Ok(())
        })
        .expect("no output that fails");
        out.join(" ")
    }

    #[test]
    fn tokens_are_words_and_single_signs() {
        for (text, tokens) in [
            ("IL-2 (5 µg/ml).", "IL - 2 ( 5 µg / ml ) . |"),
            ("TNF-α, re\u{301}sistance 10⁻³", "TNF - α , re\u{301}sistance 10 ⁻ ³ |"),
            ("\u{2764}\u{FE0F}\u{1F9EC}a", "\u{2764}\u{FE0F} \u{1F9EC} a |"),
            ("treat\u{AD}ment \u{200B} x", "treat\u{AD}ment x |"),
            ("a\u{A0}b\u{1C}c\u{1}d", "a b | c d |"),
            ("One.\r\n\r\nTwo", "One . | Two |"),
            ("", ""),
            (" \n", ""),
        ] {
            assert_eq!(outline(text, &[], &[]), tokens, "{text:?}");
        }
    }

    #[test]
    fn mentions_cut_tokens_and_hold_sentences_together() {
        assert_eq!(outline("abcdef", &[(1, 3), (3, 4)], &[]), "a bc/0 d/1 ef |");
        assert_eq!(outline("NF\nkappa B\nx", &[(0, 10)], &[]), "NF/0 ~ kappa/0 B/0 | x |");
        assert_eq!(outline("One two three", &[(8, 13)], &[0, 3, 8, 13]), "One | two | three/0 |");
        assert_eq!(outline("One two", &[(0, 7)], &[3]), "One/0 ~ two/0 |");
        assert_eq!(outline("a b", &[(1, 2)], &[]), "a b |");
    }
}
