//! What was fused.

use serde::Serialize;

/// Number of operations of each kind that run fused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Fused {
    /// Linear layers that run in int8.
    pub linear: usize,
    /// Those of them with GELU inside.
    pub gelu: usize,
    /// Self-attentions that run as one operation.
    pub attention: usize,
    /// Layer normalisations that run as one operation, with the residual addition before them.
    pub norm: usize,
    /// Sums of embeddings that run as one operation, with the normalisation after them.
    pub embedding: usize,
}
