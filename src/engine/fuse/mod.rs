//! Rewrites a graph, before it is parsed, into one of fewer and faster operations.
//!
//! The rewrite works on the file's own nodes, where an exporter's linear layer is plainly `MatMul` with constant
//! weights, then `Add`, and where the weights have not been turned to f32 yet: a model's weights are never held in f32
//! by the graph. What does not match stays as it is, and runs by tract's own operations.

mod attention;
mod desugar;
mod embedding;
mod facts;
mod graph;
mod linear;
mod merge;
mod norm;
mod views;

use serde::Serialize;
use tract_onnx::pb::ModelProto;
use tract_onnx::Onnx;

/// What a rewrite did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Fused {
    /// Linear layers that run in int8.
    pub linear: usize,
    /// Those of them with GELU inside.
    pub gelu: usize,
    /// Attentions that run as one operation.
    pub attention: usize,
    /// Layer normalisations that run as one operation, with the residual addition before them.
    pub norm: usize,
    /// Sums of embeddings that run as one operation, with the normalisation after them.
    pub embedding: usize,
}

/// Which linear layers a rewrite turns to int8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Linear {
    /// None.
    Stay,
    /// Those whose weights are int8 in the file.
    Int8,
    /// Every one with constant weights.
    All,
}

/// Makes the operations known that [`rewrite`] puts in.
pub(super) fn register(framework: &mut Onnx) {
    framework.op_register.insert(linear::INT8_LINEAR, linear::parse);
    framework.op_register.insert(attention::ATTENTION, attention::parse);
    framework.op_register.insert(norm::NORM, norm::parse);
    framework.op_register.insert(embedding::EMBEDDING, embedding::parse);
}

/// Replaces what it knows how to run faster.
pub(super) fn rewrite(model: &mut ModelProto, linear: Linear) -> Fused {
    let standard = |domain: &str| domain.is_empty() || domain == "ai.onnx";
    let opset = model.opset_import.iter().find(|set| standard(&set.domain)).map_or(0, |set| set.version);
    let Some(graph) = &mut model.graph else { return Fused::default() };
    desugar::rewrite(graph);
    let mut fused = match linear {
        Linear::Stay => Fused::default(),
        Linear::Int8 => linear::rewrite(graph, false),
        Linear::All => linear::rewrite(graph, true),
    };
    graph::drop_unread(graph);
    graph::bring(graph);
    attention::rewrite(graph, opset);
    fused.attention = graph.node.iter().filter(|node| node.op_type == attention::ATTENTION).count();
    merge::rewrite(graph);
    norm::rewrite(graph, &mut fused);
    graph::drop_unread(graph);
    embedding::rewrite(graph);
    graph::drop_unread(graph);
    graph::bring(graph);
    graph::drop_unread(graph);
    fused
}

#[cfg(test)]
mod tests;
