//! The graph's inputs.

/// What an input of the graph holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    PieceIds,
    Mask,
    TokenTypes,
}

impl Input {
    /// The input of a name that exporters give it.
    pub(super) fn named(name: &str) -> Option<Input> {
        match name {
            "input_ids" => Some(Input::PieceIds),
            "attention_mask" => Some(Input::Mask),
            "token_type_ids" => Some(Input::TokenTypes),
            _ => None,
        }
    }
}
