//! From text to windows of word pieces: document, tokens, word pieces, windows.

mod cleanup;
mod document;
mod hf_tokenizer;
mod java_chars;
mod position;
mod token;
mod token_types;
mod tokenizer;
mod tokenizer_options;
mod windows;
mod wordpiece;

pub use cleanup::CleanupMode;
pub use document::Document;
pub use hf_tokenizer::HfTokenizer;
pub(crate) use hf_tokenizer::{FramedWindow, Piece};
pub use token::Token;
pub use token_types::TokenTypes;
pub use tokenizer::Tokenizer;
pub use tokenizer_options::TokenizerOptions;
pub use windows::{cut, truncate, Window};
pub use wordpiece::{Encoder, Vocabulary, WordPieces};
