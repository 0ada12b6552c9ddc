//! From text to windows of word pieces: document, tokens, word pieces, windows.

mod cleanup;
mod document;
mod java;
mod java_regex;
mod own_tokenizer;
mod pieces;
mod rules;
mod segments;
mod split;
mod tokenizer;
mod windows;

pub use cleanup::CleanupMode;
pub use document::Document;
pub use own_tokenizer::OwnTokenizer;
pub(crate) use own_tokenizer::Piece;
pub use pieces::{Encoder, Pieces, Vocabulary};
pub use segments::Segments;
pub use tokenizer::{Token, Tokenizer, TokenizerOptions};
pub use windows::{cut, truncate, Window};
