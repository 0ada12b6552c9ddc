//! The choice of arithmetic.

use serde::{Deserialize, Serialize};

/// The arithmetic of linear layers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Precision {
    /// Int8 where the file's weights are int8, or are f32 in a file of 100 MiB or more; otherwise f32.
    #[default]
    Auto,
    /// Int8 everywhere: f32 weights are quantised, each column's largest to 127.
    Int8,
    /// F32 everywhere: int8 weights are dequantised.
    F32,
}

impl Precision {
    /// The name in options and results: `auto`, `int8`, `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Auto => "auto",
            Precision::Int8 => "int8",
            Precision::F32 => "f32",
        }
    }
}
