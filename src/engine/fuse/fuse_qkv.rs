//! The three linear layers of queries, keys and values become one.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto};

use super::graph_index::{replace, GraphIndex};
use super::linear::is_whole;
use super::nodes::{ATTENTION, INT8_LINEAR, WEIGHTS};
use crate::engine::proto::{attribute, floats_attribute, integer, integer_attribute, raw_tensor, tensor_attribute};

/// Merges three int8 layers with the same input, so that its rows are quantised once.
pub(super) fn rewrite(graph: &mut GraphProto) {
    let edges = GraphIndex::new(graph);
    let mut replacements = Vec::new();
    for (place, node) in edges.nodes.iter().enumerate() {
        if let Some((layer_place, layer)) = merged(&edges, place) {
            let mut attention = node.clone();
            attention.input.splice(..3, layer.output.iter().cloned());
            attention.attribute.retain(|attribute| attribute.name != "packed");
            attention.attribute.push(integer_attribute("packed", 1));
            replacements.extend([(layer_place, layer), (place, attention)]);
        }
    }
    replace(graph, replacements);
}

/// The attributes of a layer's node.
struct Layer<'n> {
    rows: usize,
    columns: usize,
    weights: &'n [u8],
    scales: &'n [f32],
    bias: Vec<f32>,
}

/// The layer of all columns that an attention reads, and its index.
fn merged(graph: &GraphIndex, attention: usize) -> Option<(usize, NodeProto)> {
    let node = &graph.nodes[attention];
    if node.op_type != ATTENTION || integer(node, "packed") != Some(0) {
        return None;
    }
    let inputs = node.input.get(..3)?;
    let places = inputs.iter().map(|name| graph.place(name).filter(|_| graph.only_reader(name) == Some(attention)));
    let places = places.collect::<Option<Vec<usize>>>()?;
    let first = &graph.nodes[places[0]];
    let alike = |place: &usize| {
        let layer = &graph.nodes[*place];
        layer.op_type == INT8_LINEAR && layer.input == first.input && integer(layer, "gelu") == Some(0)
    };
    if !places.iter().all(alike) {
        return None;
    }
    let layers = places.iter().map(|&place| layer(&graph.nodes[place])).collect::<Option<Vec<_>>>()?;
    let rows = layers[0].rows;
    let widths_agree = layers.iter().all(|layer| layer.rows == rows && layer.columns == layers[0].columns);
    if !widths_agree {
        return None;
    }
    let columns = 3 * layers[0].columns;
    let mut weights = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        for layer in &layers {
            weights.extend_from_slice(&layer.weights[row * layer.columns..][..layer.columns]);
        }
    }
    let scales = layers.iter().flat_map(|layer| layer.scales).copied().collect();
    let bias = layers.iter().flat_map(|layer| &layer.bias).copied().collect();
    let weights = raw_tensor(DataType::Int8, &[rows as i64, columns as i64], weights);
    let output = format!("{}.packed", inputs[0]);
    let merged = NodeProto {
        name: output.clone(),
        op_type: INT8_LINEAR.into(),
        input: first.input.clone(),
        output: vec![output],
        attribute: vec![
            tensor_attribute(WEIGHTS, weights),
            floats_attribute("scales", scales),
            floats_attribute("bias", bias),
            integer_attribute("gelu", 0),
        ],
        ..Default::default()
    };
    Some((places[0], merged))
}

fn layer(node: &NodeProto) -> Option<Layer<'_>> {
    let numbers = |name: &str| Some(attribute(node, name)?.floats.as_slice());
    let weights = attribute(node, WEIGHTS)?.t.as_ref()?;
    let &[rows, columns] = weights.dims.as_slice() else { return None };
    let (rows, columns) = (usize::try_from(rows).ok()?, usize::try_from(columns).ok()?);
    let scales = numbers("scales")?;
    let mut bias = numbers("bias")?.to_vec();
    bias.resize(columns, 0.0);
    let whole = is_whole(&weights.raw_data, rows, columns) && scales.len() == columns;
    whole.then_some(Layer { rows, columns, weights: &weights.raw_data, scales, bias })
}
