//! Flags that set the pipeline up.

use clap::{Args, ValueEnum};
use glossa_ner::engine::Precision;
use glossa_ner::text::{CleanupMode, Pieces, TokenizerOptions};
use glossa_ner::{Decoding, Encoding, Error, Options};
use serde::de::DeserializeOwned;

use crate::setup::set;

/// Settings of the pipeline before the classifier; each is as the pipeline's file or the model says unless it
/// is given.
#[derive(Args)]
#[command(next_help_heading = "Pipeline")]
pub(crate) struct PipelineFlags {
    /// What is done to a text before it is cut: disabled, inplace, inplace_full, shrink, shrink_full, each, each_full
    /// or delete_full.
    #[arg(long, value_name = "MODE")]
    cleanup_mode: Option<String>,
    /// Whether upper and lower case are told apart.
    #[arg(long, value_name = "true|false")]
    case_sensitive: Option<bool>,
    /// Word pieces a window, 1 to 512.
    #[arg(long, value_name = "N")]
    max_sentence_length: Option<usize>,
    /// The arithmetic of the model's linear layers: auto (int8 for int8 files and very large ones), int8 or f32.
    #[arg(long, value_name = "PRECISION", value_parser = named::<Precision>)]
    precision: Option<Precision>,
    /// How a Hugging Face folder is read: spark, or huggingFace, by its own tokenizer, which is its default.
    #[arg(long, value_name = "ENCODING", value_parser = named::<Encoding>)]
    encoding: Option<Encoding>,
    /// How labels are chosen: argmax, as in Spark NLP, or viterbi, in which no I-X stands without its B-X; as the
    /// model's manifest says by default, otherwise argmax.
    #[arg(long, value_name = "DECODING", value_parser = named::<Decoding>)]
    decoding: Option<Decoding>,
    /// Which word pieces of a token are read: all, or as open-source Spark NLP those of its first word; all by
    /// default.
    #[arg(long, value_enum)]
    pieces: Option<PiecesRead>,
    #[command(flatten)]
    tokenizer: TokenizerFlags,
}

/// Any of these replaces the model's own tokenizer settings as a whole. Patterns are Java's regular expressions.
#[derive(Args)]
#[command(next_help_heading = "Tokenizer")]
struct TokenizerFlags {
    /// Characters that it is not written with break a text into candidates.
    #[arg(long, value_name = "PATTERN")]
    target_pattern: Option<String>,
    /// What comes off the start of a candidate; begins with \A.
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    prefix_pattern: Option<String>,
    /// What comes off the end of a candidate; ends with \z.
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    suffix_pattern: Option<String>,
    /// What may stand between, each group a token; may be given more than once.
    #[arg(long = "infix-pattern", value_name = "PATTERN", allow_hyphen_values = true)]
    infix_patterns: Vec<String>,
    /// The characters that are peeled off both ends, in one argument.
    #[arg(long, value_name = "CHARACTERS", allow_hyphen_values = true)]
    context_chars: Option<String>,
    /// A pattern of what stays whole; may be given more than once.
    #[arg(long = "exception", value_name = "PATTERN", allow_hyphen_values = true)]
    exceptions: Vec<String>,
    /// Whether exceptions tell upper and lower case apart.
    #[arg(long, value_name = "true|false")]
    case_sensitive_exceptions: Option<bool>,
    /// Split tokens where it matches.
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    split_pattern: Option<String>,
    /// Split tokens at these characters, in one argument; one that means something in a pattern needs a backslash.
    #[arg(long, value_name = "CHARACTERS", allow_hyphen_values = true)]
    split_chars: Option<String>,
    /// Drop shorter tokens.
    #[arg(long, value_name = "N")]
    min_length: Option<usize>,
    /// Drop longer tokens.
    #[arg(long, value_name = "N")]
    max_length: Option<usize>,
}

impl PipelineFlags {
    pub(crate) fn change(&self, options: &mut Options) -> Result<(), Error> {
        let mut tokenizer = options.tokenizer.clone().unwrap_or_default();
        self.tokenizer.change(&mut tokenizer);
        if tokenizer != TokenizerOptions::default() {
            options.tokenizer = Some(tokenizer);
        }
        set(&mut options.cleanup_mode, self.cleanup_mode.as_deref().map(str::parse::<CleanupMode>).transpose()?);
        change(&mut options.case_sensitive, &self.case_sensitive);
        change(&mut options.max_sentence_length, &self.max_sentence_length);
        let pieces = self.pieces.map(|pieces| match pieces {
            PiecesRead::All => Pieces::All,
            PiecesRead::First => Pieces::First,
        });
        set(&mut options.pieces, pieces);
        set(&mut options.precision, self.precision);
        change(&mut options.encoding, &self.encoding);
        change(&mut options.decoding, &self.decoding);
        Ok(())
    }
}

/// As [`set`], for a setting that may be absent.
pub(crate) fn change<T: Clone>(setting: &mut Option<T>, flag: &Option<T>) {
    if flag.is_some() {
        setting.clone_from(flag);
    }
}

/// A value by the name that it has in Rust, JS and JSON options.
pub(crate) fn named<T: DeserializeOwned>(name: &str) -> Result<T, String> {
    serde_json::from_value(name.into()).map_err(|error| error.to_string())
}

impl TokenizerFlags {
    fn change(&self, options: &mut TokenizerOptions) {
        change(&mut options.target_pattern, &self.target_pattern);
        change(&mut options.prefix_pattern, &self.prefix_pattern);
        change(&mut options.suffix_pattern, &self.suffix_pattern);
        change(&mut options.infix_patterns, &list(&self.infix_patterns));
        let context_chars = self.context_chars.as_deref().map(|all| all.chars().map(String::from).collect());
        change(&mut options.context_chars, &context_chars);
        change(&mut options.exceptions, &list(&self.exceptions));
        change(&mut options.case_sensitive_exceptions, &self.case_sensitive_exceptions);
        change(&mut options.split_pattern, &self.split_pattern);
        change(&mut options.split_chars, &self.split_chars.as_deref().map(entries));
        change(&mut options.min_length, &self.min_length);
        change(&mut options.max_length, &self.max_length);
    }
}

/// `None` for a flag that was not given.
pub(crate) fn list(values: &[String]) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.to_vec())
}

/// Characters, each with the backslash before it.
fn entries(all: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for c in all.chars() {
        match found.last_mut() {
            Some(last) if last == "\\" => last.push(c),
            _ => found.push(c.into()),
        }
    }
    found
}

#[derive(Clone, Copy, ValueEnum)]
enum PiecesRead {
    /// All of them.
    All,
    /// Those of the token's first word.
    First,
}
