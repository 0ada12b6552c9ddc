//! The node types that fusion writes into a graph.

use tract_onnx::pb::NodeProto;

use crate::engine::proto::{float_attribute, integer_attribute};

/// A linear layer in int8: attributes `weights`, `scales`, `bias` and `gelu`.
pub(super) const INT8_LINEAR: &str = "GlossaInt8Linear";

/// The attribute of an [`INT8_LINEAR`] node's weights: int8 `[k, n]`.
pub(super) const WEIGHTS: &str = "weights";

/// Self-attention: attributes `heads`, `packed` and `scale`.
pub(super) const ATTENTION: &str = "GlossaAttention";

/// Layer normalisation, of the sum of two inputs if there are two: attributes `gamma`, `beta` and `epsilon`.
pub(super) const NORM: &str = "GlossaNorm";

/// Sums of table rows: attributes numbered by table, `values0`, `scales0`, `zero0`, and those of [`NORM`] if the sum is
/// normalised.
pub(super) const EMBEDDING: &str = "GlossaEmbedding";

/// Whether a node is fused and has attributes that may hold a tensor by name.
pub(super) fn holds_tensors(node: &NodeProto) -> bool {
    [INT8_LINEAR, EMBEDDING].contains(&node.op_type.as_str())
}

/// An [`ATTENTION`] node: its inputs are queries, keys and values, or with `packed` one input that holds them side by
/// side, and perhaps a mask.
pub(super) fn attention_node(
    name: &str,
    input: Vec<String>,
    output: String,
    heads: i64,
    packed: bool,
    scale: f32,
) -> NodeProto {
    NodeProto {
        name: format!("{name}.attention"),
        op_type: ATTENTION.into(),
        input,
        output: vec![output],
        attribute: vec![
            integer_attribute("heads", heads),
            integer_attribute("packed", i64::from(packed)),
            float_attribute("scale", scale),
        ],
        ..Default::default()
    }
}
