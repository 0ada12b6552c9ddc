//! The parameters of Spark NLP's Tokenizer, and their defaults.

use serde::{Deserialize, Serialize};

/// The default `contextChars`: characters that are peeled off both ends of a word.
pub(super) const CONTEXT: &[char] = &['.', ',', ';', ':', '!', '?', '*', '-', '(', ')', '"', '\''];

/// The default `targetPattern`.
pub(super) const TARGET: &str = r"\S+";

/// Spark NLP's Tokenizer parameters, by its names; `None` is Spark NLP's default. Patterns are Java's regular
/// expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TokenizerOptions {
    /// Spark NLP puts this inside a negated class, `[^(?:targetPattern)]`: characters that it does not mention separate
    /// candidates. `\S+` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_pattern: Option<String>,
    /// What is cut off the start of a candidate, in a group; begins with `\A`. Context characters by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix_pattern: Option<String>,
    /// What is cut off the end of a candidate, in a group; ends with `\z`. Context characters by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix_pattern: Option<String>,
    /// What may stand between prefix and suffix: each group is a token, and the first pattern that matches counts. By
    /// default everything from the first to the last character that is no context character.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "infix-pattern")))]
    pub infix_patterns: Option<Vec<String>>,
    /// Characters that are cut off both ends, one per entry. By default `.,;:!?*-()"'`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-characters" = true)))]
    pub context_chars: Option<Vec<String>>,
    /// Patterns of text that stays one token, spaces included, together with whatever touches it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-flag" = "exception")))]
    pub exceptions: Option<Vec<String>>,
    /// Whether exceptions are case-sensitive in ASCII letters; they are by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case_sensitive_exceptions: Option<bool>,
    /// Splits tokens at each match, which is dropped. A pattern that matches no characters (look-around) splits without
    /// dropping anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split_pattern: Option<String>,
    /// Splits tokens at these characters where the pattern does not split them; each is one character, or a backslash and
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(extend("x-characters" = true)))]
    pub split_chars: Option<Vec<String>>,
    /// Drops tokens of fewer UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Drops tokens of more UTF-16 code units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
}
