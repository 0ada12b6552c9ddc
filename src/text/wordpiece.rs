//! From tokens to word pieces: Spark NLP's BasicTokenizer, which strips accents too, then WordPiece.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use ahash::AHashMap;
use serde::{Deserialize, Serialize};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::Model as _;
use unicode_normalization::UnicodeNormalization as _;

use super::charset;
use super::document::Document;
use super::java_chars;
use super::token::Token;
use crate::Error;

/// A word of more UTF-16 units becomes one unknown piece.
const MAX_WORD_UNITS: usize = 200;

/// Which word pieces of a token the classifier reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum WordPieces {
    /// All of them.
    #[default]
    All,
    /// Those of the token's first word, as open-source Spark NLP does: of `open-label` only `open`.
    First,
}

/// The word pieces of a model and their ids.
#[derive(Debug)]
pub struct Vocabulary {
    model: WordPiece,
    unknown: u32,
    classification: u32,
    separator: u32,
    largest: u32,
}

impl Vocabulary {
    /// Reads a `vocab.txt`: one piece a line, the id is the line's number from 0.
    ///
    /// # Errors
    /// `vocabulary_invalid` when it is not UTF-8, repeats a piece, or lacks `[UNK]`, `[CLS]` or `[SEP]`.
    pub fn read(bytes: &[u8], file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
        let text = charset::decode(bytes, None).map_err(|error| invalid(error.to_string()))?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        let mut ids = AHashMap::with_capacity(text.lines().count());
        for (id, line) in text.split('\n').enumerate() {
            let piece = line.strip_suffix('\r').unwrap_or(line);
            let id = u32::try_from(id).map_err(|_| invalid("too many pieces".into()))?;
            if ids.insert(piece.to_string(), id).is_some() && !piece.is_empty() {
                return Err(invalid(format!("{piece:?} stands twice")));
            }
        }
        Self::build(ids, file)
    }

    /// A vocabulary of pieces with their ids. `file` names it in errors.
    ///
    /// # Errors
    /// `vocabulary_invalid` when two pieces have the same id, or it lacks `[UNK]`, `[CLS]` or `[SEP]`.
    pub fn from_ids(ids: HashMap<String, u32>, file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
        let mut seen = HashSet::new();
        if let Some((piece, id)) = ids.iter().find(|(_, &id)| !seen.insert(id)) {
            return Err(invalid(format!("{piece:?} has the id {id} of another piece")));
        }
        Self::build(ids.into_iter().collect(), file)
    }

    /// From pieces with distinct ids.
    fn build(ids: AHashMap<String, u32>, file: &str) -> Result<Self, Error> {
        let invalid = |reason: String| Error::VocabularyInvalid { file: file.to_string(), reason };
        let special = |piece: &str| ids.get(piece).copied().ok_or_else(|| invalid(format!("it has no {piece}")));
        let (unknown, classification, separator) = (special("[UNK]")?, special("[CLS]")?, special("[SEP]")?);
        let largest = ids.values().copied().fold(0, u32::max);
        let model = WordPiece::builder()
            .vocab(ids)
            .unk_token("[UNK]".into())
            // Spark NLP counts UTF-16 units, not characters: `Encoder::word` applies the limit.
            .max_input_chars_per_word(MAX_WORD_UNITS)
            .build()
            .map_err(|error| invalid(error.to_string()))?;
        Ok(Vocabulary { model, unknown, classification, separator, largest })
    }

    /// The id before every window's pieces, `[CLS]`.
    pub fn classification(&self) -> u32 {
        self.classification
    }

    /// The id after every window's pieces, `[SEP]`.
    pub fn separator(&self) -> u32 {
        self.separator
    }

    /// The piece of an id.
    pub fn piece(&self, id: u32) -> Option<String> {
        self.model.id_to_token(id)
    }

    /// Whether a word is a piece by itself.
    pub fn is_word(&self, word: &str) -> bool {
        self.model.token_to_id(word).is_some()
    }

    /// The largest id of a piece.
    pub fn largest_id(&self) -> u32 {
        self.largest
    }

    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.model.get_vocab_size()
    }

    /// Always false: the special pieces are required.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Turns tokens into word piece ids.
#[derive(Debug)]
pub struct Encoder<'v> {
    vocabulary: &'v Vocabulary,
    case_sensitive: bool,
    pieces: WordPieces,
    known: HashMap<String, Vec<u32>>,
}

impl<'v> Encoder<'v> {
    /// `case_sensitive` as in Spark NLP: without it, tokens are lower-cased first.
    pub fn new(vocabulary: &'v Vocabulary, case_sensitive: bool, pieces: WordPieces) -> Self {
        Encoder { vocabulary, case_sensitive, pieces, known: HashMap::new() }
    }

    /// The document's piece ids, and for each token the range of its pieces: empty for a token of only spaces and
    /// controls.
    pub fn encode(&mut self, document: &Document, tokens: &[Token]) -> (Vec<u32>, Vec<Range<usize>>) {
        let mut ids = Vec::new();
        let placed = tokens
            .iter()
            .map(|token| {
                let start = ids.len();
                self.token(document.slice(token.bytes.clone()), &mut ids);
                start..ids.len()
            })
            .collect();
        (ids, placed)
    }

    fn token(&mut self, token: &str, ids: &mut Vec<u32>) {
        let lowered;
        let token = if self.case_sensitive {
            token
        } else {
            lowered = token.to_lowercase();
            &lowered
        };
        let words = words(token);
        let read = match self.pieces {
            WordPieces::All => words.len(),
            WordPieces::First => words.len().min(1),
        };
        for word in &words[..read] {
            self.word(word, ids);
        }
    }

    fn word(&mut self, word: &str, ids: &mut Vec<u32>) {
        if let Some(known) = self.known.get(word) {
            ids.extend_from_slice(known);
            return;
        }
        let found = if word.encode_utf16().count() > MAX_WORD_UNITS {
            vec![self.vocabulary.unknown]
        } else {
            match self.vocabulary.model.tokenize(word) {
                Ok(pieces) => pieces.into_iter().map(|piece| piece.id).collect(),
                // Only a vocabulary without [UNK] fails, and `build` refuses those.
                Err(_) => vec![self.vocabulary.unknown],
            }
        };
        ids.extend_from_slice(&found);
        self.known.insert(word.to_string(), found);
    }
}

/// Spark NLP's BasicTokenizer on one token: its words, normalised.
fn words(token: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut take = |range: Range<usize>| {
        let word = normalise(&token[range]);
        if !word.is_empty() {
            found.push(word);
        }
    };
    for (at, c) in token.char_indices() {
        let alone = java_chars::is_punctuation(c) || java_chars::is_ideograph(c);
        if !(alone || java_chars::is_dropped(c) || java_chars::is_whitespace(c)) {
            continue;
        }
        let after = at + c.len_utf8();
        take(start..at);
        if alone {
            take(at..after);
        }
        start = after;
    }
    take(start..token.len());
    found
}

/// Canonical decomposition, with accents stripped in cased models too.
fn normalise(word: &str) -> String {
    if word.is_ascii() {
        return word.to_string();
    }
    word.nfd().filter(|&c| !java_chars::is_combining_mark(c) && !java_chars::is_dropped(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_symbols_stand_alone_and_typographic_ones_do_not() {
        assert_eq!(words("kg/m(2"), ["kg", "/", "m", "(", "2"]);
        assert_eq!(words("\u{201C}a\u{2013}b\u{201D}"), ["\u{201C}a\u{2013}b\u{201D}"]);
        assert_eq!(words("\u{4E2D}\u{6587}x"), ["\u{4E2D}", "\u{6587}", "x"]);
    }

    #[test]
    fn accents_go_and_controls_separate() {
        assert_eq!(words("h\u{E9}roe"), ["heroe"]);
        assert_eq!(words("a\u{0}b\u{2009}c\u{A0}d"), ["a", "b", "c\u{A0}d"]);
    }

    #[test]
    fn a_vocabulary_needs_its_special_pieces_once() {
        let read = |text: &str| Vocabulary::read(text.as_bytes(), "vocab.txt").map(|v| v.len());
        assert_eq!(read("[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n"), Ok(5));
        assert_eq!(read("[PAD]\n[UNK]\n[CLS]\na\n").unwrap_err().code(), "vocabulary_invalid");
        assert_eq!(read("[UNK]\n[CLS]\n[SEP]\na\na").unwrap_err().code(), "vocabulary_invalid");
    }
}
