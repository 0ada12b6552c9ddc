//! Operator fusion: rewrites a graph into one of fewer and faster operations, before tract reads it.
//!
//! It works on the nodes of the file, where a linear layer is still `MatMul` with constant weights, then `Add`, and where
//! int8 weights are not dequantised yet: the graph never holds them in f32. Nodes that match no pattern stay, and run by
//! tract's operations.

mod attention;
mod attention_operator;
mod desugar;
mod embedding;
mod facts;
mod found_norm;
mod four_bits;
mod fuse_qkv;
mod fused;
mod graph_index;
mod linear;
mod nodes;
mod norm;
mod views;

use tract_onnx::pb::ModelProto;
use tract_onnx::Onnx;

use self::facts::Facts;
use self::graph_index::{attach_constants, remove_dead_nodes, GraphIndex};
use super::exported::{count_up, take_known_branches};

pub use self::fused::Fused;

/// Which linear layers run in int8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuantiseLinear {
    /// None.
    None,
    /// Those whose weights are int8 in the file.
    AlreadyInt8,
    /// All with constant weights.
    All,
}

/// Registers the operations that [`rewrite`] writes.
pub(super) fn register(framework: &mut Onnx) {
    framework.op_register.insert(nodes::INT8_LINEAR, linear::parse);
    framework.op_register.insert(nodes::ATTENTION, attention::parse);
    framework.op_register.insert(nodes::NORM, norm::parse);
    framework.op_register.insert(nodes::EMBEDDING, embedding::parse);
}

/// The version of the standard operators that a file is written in.
pub(super) fn opset(model: &ModelProto) -> i64 {
    let standard = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    model.opset_import.iter().find(|set| standard(&set.domain)).map_or(0, |set| set.version)
}

/// Replaces every pattern that has a faster operation.
pub(super) fn rewrite(model: &mut ModelProto, linear: QuantiseLinear) -> Fused {
    let opset = opset(model);
    let Some(graph) = &mut model.graph else { return Fused::default() };
    count_up(graph);
    take_known_branches(graph, |graph, conditions| {
        let index = GraphIndex::new(graph);
        let facts = Facts::new(graph, &index);
        conditions.iter().map(|name| facts.get(name).uniform().map(|value| value != 0.0)).collect()
    });
    four_bits::rewrite(graph);
    desugar::rewrite(graph);
    let mut fused = match linear {
        QuantiseLinear::None => Fused::default(),
        QuantiseLinear::AlreadyInt8 => linear::rewrite(graph, false),
        QuantiseLinear::All => linear::rewrite(graph, true),
    };
    remove_dead_nodes(graph);
    attach_constants(graph);
    attention::rewrite(graph, opset);
    fused.attention = graph.node.iter().filter(|node| node.op_type == nodes::ATTENTION).count();
    attention_operator::write_out(graph);
    fuse_qkv::rewrite(graph);
    norm::rewrite(graph, &mut fused);
    remove_dead_nodes(graph);
    embedding::rewrite(graph);
    remove_dead_nodes(graph);
    attach_constants(graph);
    remove_dead_nodes(graph);
    fused
}

#[cfg(test)]
mod tests;
