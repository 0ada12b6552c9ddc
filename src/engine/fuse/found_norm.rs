//! A layer normalisation found in a graph, and its attributes in the node that replaces it.

use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

use crate::engine::ops::Norm;
use crate::engine::proto::{float_attribute, floats_attribute};

/// The parameters in a node's attributes.
pub(super) fn parse_norm(node: &NodeProto) -> TractResult<Norm> {
    Norm::new(node.get_attr_slice("gamma")?, node.get_attr_slice("beta")?, node.get_attr("epsilon")?)
}

/// A normalisation found in the graph.
pub(super) struct FoundNorm {
    pub(super) name: String,
    pub(super) input: String,
    pub(super) output: String,
    /// The index of its last node.
    pub(super) place: usize,
    pub(super) gamma: Vec<f32>,
    pub(super) beta: Vec<f32>,
    pub(super) epsilon: f32,
}

impl FoundNorm {
    /// The node of type `op_type` that replaces it.
    pub(super) fn into_node(self, op_type: &str, input: Vec<String>) -> NodeProto {
        NodeProto {
            name: format!("{}.fused", self.name),
            op_type: op_type.into(),
            input,
            output: vec![self.output],
            attribute: vec![
                floats_attribute("gamma", self.gamma),
                floats_attribute("beta", self.beta),
                float_attribute("epsilon", self.epsilon),
            ],
            ..Default::default()
        }
    }
}
