//! The standard operator `Attention` (opset 23) in smaller ones, where it has not become one of ours.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::attention::is_boolean;
use super::desugar::inner;
use super::facts::{Facts, Size};
use super::graph_index::{replace_by, GraphIndex};
use crate::engine::proto::{
    attribute, integer, integer_attribute, ints_attribute, raw_tensor, standard, tensor_attribute,
};

/// Writes out what the operator's definition says, for queries, keys and values of `[batch, heads, length, size]` with a mask
/// or without. Others stay.
pub(super) fn write_out(graph: &mut GraphProto) {
    let index = GraphIndex::new(graph);
    let is_operator = |node: &NodeProto| node.op_type == "Attention" && node.domain.is_empty();
    if !index.nodes.iter().any(is_operator) {
        return;
    }
    let facts = Facts::new(graph, &index);
    let nodes = index.nodes.iter().enumerate().filter(|(_, node)| is_operator(node));
    let written: Vec<_> = nodes.filter_map(|(place, node)| Some((place, written(node, &index, &facts)?))).collect();
    replace_by(graph, written);
}

fn written(node: &NodeProto, graph: &GraphIndex<'_>, facts: &Facts<'_>) -> Option<Vec<NodeProto>> {
    let [queries, keys, values] = node.input.get(..3)? else { return None };
    let plain = |name: &str| integer(node, name).unwrap_or(0) == 0;
    let uncapped = attribute(node, "softcap").is_none_or(|cap| cap.f == 0.0);
    let outputs = node.output.iter().filter(|output| !output.is_empty()).count();
    let more = outputs != 1 || node.input.iter().skip(4).any(|input| !input.is_empty());
    // With a number of heads the inputs have three axes.
    if !plain("is_causal") || !plain("q_num_heads") || !plain("kv_num_heads") || !uncapped || more {
        return None;
    }
    let output = node.output.first()?;
    let scale = attribute(node, "scale").map(|scale| scale.f).or_else(|| match facts.shape(queries)?.last()? {
        Size::Known(size) => Some(1.0 / (*size as f32).sqrt()),
        Size::Length => None,
    })?;
    let name = |part: &str| inner(node, part);
    let number = |part: &str, value: f32| {
        let tensor = raw_tensor(DataType::Float, &[], value.to_le_bytes().to_vec());
        NodeProto { attribute: vec![tensor_attribute("value", tensor)], ..standard("Constant", &[], &name(part)) }
    };
    let mut nodes = vec![
        NodeProto {
            attribute: vec![ints_attribute("perm", &[0, 1, 3, 2])],
            ..standard("Transpose", &[keys], &name("turned"))
        },
        standard("MatMul", &[queries, &name("turned")], &name("product")),
        number("factor", scale),
        standard("Mul", &[&name("product"), &name("factor")], &name("scaled")),
    ];
    let mut scores = name("scaled");
    if let Some(mask) = node.input.get(3).filter(|mask| !mask.is_empty()) {
        let mut added = mask.clone();
        // A boolean mask says what to keep, one of numbers what to add.
        if is_boolean(graph, mask)? {
            nodes.extend([
                number("kept", 0.0),
                number("dropped", f32::MIN),
                standard("Where", &[mask, &name("kept"), &name("dropped")], &name("mask")),
            ]);
            added = name("mask");
        }
        nodes.push(standard("Add", &[&scores, &added], &name("masked")));
        scores = name("masked");
    }
    nodes.push(NodeProto {
        attribute: vec![integer_attribute("axis", -1)],
        ..standard("Softmax", &[&scores], &name("shares"))
    });
    nodes.push(standard("MatMul", &[&name("shares"), values], output));
    Some(nodes)
}
