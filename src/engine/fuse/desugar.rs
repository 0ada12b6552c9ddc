//! Replaces operators of onnxruntime's optimiser by standard ones, so that the other rewrites see one form.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::facts::{Facts, Size};
use super::graph_index::{replace_by, GraphIndex};
use super::nodes::attention_node;
use crate::engine::proto::{
    attribute, float_attribute, integer, integer_attribute, raw_tensor, standard, tensor_attribute,
};

/// The domain of onnxruntime's operators.
const DOMAIN: &str = "com.microsoft";

/// Replaces operators that have an exact equivalent; others stay.
pub(super) fn rewrite(graph: &mut GraphProto) {
    let edges = GraphIndex::new(graph);
    if edges.nodes.iter().all(|node| node.domain != DOMAIN) {
        return;
    }
    let facts = Facts::new(graph, &edges);
    let writer = Writer { graph: &edges, facts: &facts };
    let replaceable = |node: &NodeProto| node.domain == DOMAIN && output(node, 0).is_some();
    let nodes = edges.nodes.iter().enumerate().filter(|(_, node)| replaceable(node));
    let written: Vec<_> = nodes.filter_map(|(place, node)| Some((place, writer.write_out(node)?))).collect();
    replace_by(graph, written);
}

struct Writer<'a, 'g> {
    graph: &'a GraphIndex<'g>,
    facts: &'a Facts<'g>,
}

impl Writer<'_, '_> {
    fn write_out(&self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        match node.op_type.as_str() {
            "BiasGelu" => self.bias_gelu(node),
            "SkipLayerNormalization" => self.residual_norm(node),
            "EmbedLayerNormalization" => self.embedding(node),
            "Attention" => self.attention(node),
            _ => None,
        }
    }

    fn bias_gelu(&self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [input, bias] = node.input.as_slice() else { return None };
        let sum = inner(node, "biased");
        Some(vec![standard("Add", &[input, bias], &sum), standard("Gelu", &[&sum], node.output.first()?)])
    }

    /// Of the sum of two inputs and perhaps a bias.
    fn residual_norm(&self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let [input, skip, gamma, rest @ ..] = node.input.as_slice() else { return None };
        if output(node, 1).or(output(node, 2)).is_some() {
            return None;
        }
        let mut nodes = Vec::new();
        let mut sum = input.clone();
        if let Some(bias) = rest.get(1).filter(|bias| !bias.is_empty()) {
            let biased = inner(node, "biased");
            nodes.push(standard("Add", &[&sum, bias], &biased));
            sum = biased;
        }
        let total = output(node, 3).map_or_else(|| inner(node, "sum"), String::clone);
        nodes.push(standard("Add", &[&sum, skip], &total));
        nodes.push(self.norm(node, &total, gamma, rest.first().filter(|beta| !beta.is_empty())));
        Some(nodes)
    }

    fn norm(&self, node: &NodeProto, input: &str, gamma: &str, beta: Option<&String>) -> NodeProto {
        let mut inputs = vec![input, gamma];
        inputs.extend(beta.map(String::as_str));
        let mut norm = standard("LayerNormalization", &inputs, &node.output[0]);
        let epsilon = attribute(node, "epsilon").map_or(1e-12, |epsilon| epsilon.f);
        norm.attribute = vec![integer_attribute("axis", -1), float_attribute("epsilon", epsilon)];
        norm
    }

    /// Embeddings of words, positions and perhaps token types; positions count from 0 unless they are given.
    fn embedding(&self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        let input = |i: usize| node.input.get(i).filter(|name| !name.is_empty());
        let (words, table, positions) = (input(0)?, input(2)?, input(3)?);
        let mask_index_read = output(node, 1)
            .is_some_and(|name| self.graph.readers(name).any(|(_, reader)| self.attention(reader).is_none()));
        if output(node, 2).is_some() || mask_index_read {
            return None;
        }
        let mut nodes = vec![gather(table, words, &inner(node, "words"))];
        let places = match input(8) {
            Some(places) => places.clone(),
            None => {
                let name = |part: &str| inner(node, part);
                nodes.push(standard("Shape", &[words], &name("shape")));
                nodes.push(constant(&name("zero"), &[], &[0]));
                nodes.push(constant(&name("one"), &[], &[1]));
                nodes.push(constant(&name("row"), &[2], &[1, -1]));
                nodes.push(gather(&name("shape"), &name("one"), &name("length")));
                nodes.push(standard("Range", &[&name("zero"), &name("length"), &name("one")], &name("range")));
                nodes.push(standard("Reshape", &[&name("range"), &name("row")], &name("places")));
                name("places")
            }
        };
        nodes.push(gather(positions, &places, &inner(node, "positions")));
        let mut sum = inner(node, "words");
        let mut parts = vec![inner(node, "positions")];
        if let (Some(token_types), Some(table)) = (input(1), input(4)) {
            nodes.push(gather(table, token_types, &inner(node, "token_types")));
            parts.push(inner(node, "token_types"));
        }
        for (i, part) in parts.iter().enumerate() {
            let total = inner(node, &format!("sum{i}"));
            nodes.push(standard("Add", &[&sum, part], &total));
            sum = total;
        }
        nodes.push(self.norm(node, &sum, input(5)?, input(6)));
        Some(nodes)
    }

    /// Self-attention with its three linear layers in one.
    fn attention(&self, node: &NodeProto) -> Option<Vec<NodeProto>> {
        if node.op_type != "Attention" || node.domain != DOMAIN || output(node, 0).is_none() {
            return None;
        }
        let [input, weights, bias, rest @ ..] = node.input.as_slice() else { return None };
        let plain = |name: &str| integer(node, name).unwrap_or(0) == 0;
        let more = rest.iter().skip(1).any(|input| !input.is_empty())
            || output(node, 1).is_some()
            || attribute(node, "qkv_hidden_sizes").is_some();
        if more || bias.is_empty() || !plain("unidirectional") || !plain("do_rotary") {
            return None;
        }
        if let Some(mask) = rest.first().filter(|mask| !mask.is_empty()) {
            self.keeps_all(mask)?;
        }
        let heads = integer(node, "num_heads").filter(|&heads| heads > 0)?;
        let &[_, columns] = self.graph.constants.get(weights.as_str())?.dims.as_slice() else { return None };
        let three = heads.checked_mul(3)?;
        if columns <= 0 || columns % three != 0 {
            return None;
        }
        let scale = attribute(node, "scale").map(|scale| scale.f).filter(|&scale| scale != 0.0);
        let scale = scale.unwrap_or_else(|| 1.0 / ((columns / three) as f32).sqrt());
        let (product, packed) = (inner(node, "product"), inner(node, "packed"));
        Some(vec![
            standard("MatMul", &[input, weights], &product),
            standard("Add", &[&product, bias], &packed),
            attention_node(&node.name, vec![packed.clone()], node.output.first()?.clone(), heads, true, scale),
        ])
    }

    /// Whether a mask is known to keep every position: ones, or their count.
    fn keeps_all(&self, mask: &str) -> Option<()> {
        let ones = |name: &str| {
            let all = self.facts.get(name).uniform() == Some(1.0);
            (all && self.facts.shape(name)? == [Size::Known(1), Size::Length]).then_some(())
        };
        let counted = || (self.facts.get(mask).values? == [Size::Length]).then_some(());
        ones(mask).or_else(counted).or_else(|| {
            let counter = self.graph.producer(mask).filter(|node| node.op_type == "EmbedLayerNormalization")?;
            ones(counter.input.get(7)?).filter(|()| output(counter, 1).is_some_and(|name| name == mask))
        })
    }
}

fn output(node: &NodeProto, i: usize) -> Option<&String> {
    node.output.get(i).filter(|name| !name.is_empty())
}

/// A name for an intermediate value of a node's replacement.
pub(super) fn inner(node: &NodeProto, part: &str) -> String {
    format!("{}.{part}", node.output[0])
}

fn gather(table: &str, rows: &str, output: &str) -> NodeProto {
    standard("Gather", &[table, rows], output)
}

fn constant(output: &str, dims: &[i64], values: &[i64]) -> NodeProto {
    let mut node = standard("Constant", &[], output);
    let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    node.attribute = vec![tensor_attribute("value", raw_tensor(DataType::Int64, dims, bytes))];
    node
}
