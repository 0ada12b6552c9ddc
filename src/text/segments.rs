//! What a model is told of each word piece beside its id.

use serde::{Deserialize, Serialize};

/// What a model's input `token_type_ids` holds. A token's value is that of all its word pieces; `[CLS]` and `[SEP]`
/// have 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Segments {
    /// 0 throughout, as a BERT reads a single text.
    #[default]
    Zeros,
    /// How a token is capitalised in the document, which the word pieces of an uncased vocabulary do not tell: 0 without
    /// capitals, 1 if its first character alone is one, 2 with any others.
    Casing,
}

impl Segments {
    /// The largest value that there is.
    pub fn largest(self) -> u32 {
        match self {
            Segments::Zeros => 0,
            Segments::Casing => 2,
        }
    }

    /// The value of a token, given as the document writes it.
    pub fn of(self, token: &str) -> u32 {
        if self == Segments::Zeros {
            return 0;
        }
        let mut capitals = token.chars().enumerate().filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at);
        match (capitals.next(), capitals.next()) {
            (None, _) => 0,
            (Some(0), None) => 1,
            _ => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same cases that `training/check_text.py` checks: a model must be told what it was trained on.
    #[test]
    fn casing_is_that_of_the_training_scripts() {
        let cases = include_str!("../../tests/golden/casing.jsonl").lines();
        for case in cases.map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")) {
            let token = case["token"].as_str().expect("a token");
            assert_eq!(u64::from(Segments::Casing.of(token)), case["casing"], "{token}");
            assert_eq!(Segments::Zeros.of(token), 0);
        }
    }
}
