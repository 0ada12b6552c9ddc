//! From text to windows of word pieces: encoding, document, tokens, word pieces, windows.

mod anchored;
pub mod charset;
mod cleanup;
mod document;
mod hf_tokenizer;
mod hf_tokenizer_limits;
mod java_chars;
mod plain;
mod position;
mod rewritten;
mod structure;
mod token;
mod token_types;
mod tokenizer;
mod tokenizer_options;
mod windows;
mod wordpiece;

pub(crate) use anchored::rank;
pub use cleanup::CleanupMode;
pub use document::{Document, Reading};
pub use hf_tokenizer::HfTokenizer;
pub(crate) use hf_tokenizer::{FramedWindow, Piece};
pub(crate) use position::Position;
pub(crate) use structure::divide;
pub use token::Token;
pub use token_types::TokenTypes;
pub use tokenizer::Tokenizer;
pub use tokenizer_options::TokenizerOptions;
pub use windows::{cut, truncate, Window};
pub use wordpiece::{Encoder, Vocabulary, WordPieces};
