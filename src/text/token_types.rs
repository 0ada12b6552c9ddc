//! `token_type_ids`.

use serde::{Deserialize, Serialize};

/// What a model's input `token_type_ids` holds. A token's value is that of all its word pieces; `[CLS]` and `[SEP]`
/// have 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TokenTypes {
    /// 0 throughout, as a BERT reads a single text.
    #[default]
    Zeros,
    /// How a token is capitalised in the document, which an uncased vocabulary loses: 0 without capitals, 1 if only its
    /// first character is one, 2 otherwise.
    Casing,
}

impl TokenTypes {
    /// The largest value.
    pub fn largest(self) -> u32 {
        match self {
            TokenTypes::Zeros => 0,
            TokenTypes::Casing => 2,
        }
    }

    /// The value of a token, as it is written in the document.
    pub fn of(self, token: &str) -> u32 {
        if self == TokenTypes::Zeros {
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

    /// The same cases that `training/check_text.py` checks: training and inference must agree.
    #[test]
    fn casing_is_that_of_the_training_scripts() {
        let cases = include_str!("../../tests/golden/casing.jsonl").lines();
        for case in cases.map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")) {
            let token = case["token"].as_str().expect("a token");
            assert_eq!(u64::from(TokenTypes::Casing.of(token)), case["casing"], "{token}");
            assert_eq!(TokenTypes::Zeros.of(token), 0);
        }
    }
}
