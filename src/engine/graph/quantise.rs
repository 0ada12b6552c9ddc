//! Weights to int8, and a graph that reads them so.

use std::collections::HashMap;

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

use super::uses::Use;

/// A matrix in int8, -127 to 127, with a scale per row.
pub(super) struct Rows {
    pub(super) values: Vec<u8>,
    pub(super) scales: Vec<f32>,
}

impl Rows {
    /// Appends a row of little-endian f32; `false` when a value of it is no finite number.
    pub(super) fn push(&mut self, row: &[u8]) -> bool {
        let largest = floats(row).map(magnitude).max().unwrap_or(0);
        let Some(scale) = scale(largest) else { return false };
        self.values.extend(floats(row).map(|value| quantised(value, scale)));
        self.scales.push(scale);
        true
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> + '_ {
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// A value's absolute, as an integer of the same order in which infinity and what is no number come last.
fn magnitude(value: f32) -> u32 {
    value.to_bits() & 0x7FFF_FFFF
}

/// The scale that takes the largest of some values to 127; `None` when it is no finite number.
fn scale(largest: u32) -> Option<f32> {
    let largest = f32::from_bits(largest);
    // The smallest numbers of all have no 127th part.
    let scale = if largest / 127.0 > 0.0 { largest / 127.0 } else { 1.0 };
    largest.is_finite().then_some(scale)
}

/// The int8 nearest to a value, an even one if two are.
fn quantised(value: f32, scale: f32) -> u8 {
    // Adding this rounds so and leaves the integer in the lowest bits, without a call for each value.
    ((value / scale).clamp(-127.0, 127.0) + 12_582_912.0).to_bits() as u8
}

/// The tensors that stand for one of f32, little-endian: values and scales; `None` when it holds what is no number.
/// `rows * columns` floats are in it.
pub(super) fn tensors(name: &str, used: Use, rows: usize, columns: usize, data: &[u8]) -> Option<[TensorProto; 2]> {
    let mut by_row = Rows { values: Vec::with_capacity(rows * columns), scales: Vec::with_capacity(rows) };
    if used != (Use::Linear { transposed: false }) {
        if !data.chunks_exact(4 * columns).all(|row| by_row.push(row)) {
            return None;
        }
        if used == Use::Table {
            return Some(table(name, rows, columns, by_row));
        }
        let turned =
            (0..columns).flat_map(|column| by_row.values.iter().skip(column).step_by(columns)).copied().collect();
        return Some(linear(name, columns, rows, turned, &by_row.scales));
    }
    let mut largest = vec![0; columns];
    for row in data.chunks_exact(4 * columns) {
        for (largest, value) in largest.iter_mut().zip(floats(row)) {
            *largest = magnitude(value).max(*largest);
        }
    }
    let scales = largest.into_iter().map(scale).collect::<Option<Vec<f32>>>()?;
    let values = &mut by_row.values;
    for row in data.chunks_exact(4 * columns) {
        values.extend(floats(row).zip(&scales).map(|(value, &scale)| quantised(value, scale)));
    }
    Some(linear(name, rows, columns, by_row.values, &scales))
}

/// A table's tensors: a row of int8 and a scale for each piece.
pub(super) fn table(name: &str, rows: usize, columns: usize, quantised: Rows) -> [TensorProto; 2] {
    let values = tensor(values_name(name), DataType::Int8, &[rows, columns], quantised.values);
    [values, tensor(scales_name(name), DataType::Float, &[rows, 1], bytes(&quantised.scales))]
}

fn linear(name: &str, k: usize, n: usize, values: Vec<u8>, scales: &[f32]) -> [TensorProto; 2] {
    let values = tensor(values_name(name), DataType::Int8, &[k, n], values);
    [values, tensor(scales_name(name), DataType::Float, &[n], bytes(scales))]
}

fn bytes(floats: &[f32]) -> Vec<u8> {
    floats.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn tensor(name: String, data_type: DataType, dims: &[usize], raw_data: Vec<u8>) -> TensorProto {
    let dims = dims.iter().map(|&dim| dim as i64).collect();
    TensorProto { name, dims, data_type: data_type as i32, raw_data, ..Default::default() }
}

fn values_name(name: &str) -> String {
    format!("{name}.int8")
}

fn scales_name(name: &str) -> String {
    format!("{name}.scale")
}

/// Has the nodes read int8 where they read f32: a linear layer's weights by `DequantizeLinear`, a table's rows by a
/// cast and a product after they have been looked up. The same is written in shipped bundles.
pub(super) fn rewrite(graph: &mut GraphProto, quantised: &HashMap<String, Use>) {
    let mut nodes = Vec::with_capacity(graph.node.len() + quantised.len());
    let mut given: Vec<&String> = Vec::new();
    for node in std::mem::take(&mut graph.node) {
        let weights = |place: usize| node.input.get(place).and_then(|input| quantised.get_key_value(input));
        let (first, second) = (weights(0), weights(1));
        match (node.op_type.as_str(), first, second) {
            ("Gather", Some((name, Use::Table)), _) => nodes.extend(looked_up(name, &node)),
            // Its place is taken by the transposed weights.
            ("Transpose", Some((name, _)), _) => nodes.push(dequantised(name, &node.output[0])),
            ("MatMul" | "Gemm", _, Some((name, _))) => {
                if !given.contains(&name) {
                    given.push(name);
                    nodes.push(dequantised(name, name));
                }
                if node.op_type == "MatMul" {
                    nodes.push(node);
                } else {
                    nodes.extend(product_and_sum(node));
                }
            }
            _ => nodes.push(node),
        }
    }
    graph.node = nodes;
    // Old files list their weights among the inputs too.
    graph.input.retain(|input| !quantised.contains_key(&input.name));
}

fn node(op_type: &str, inputs: &[&str], output: &str) -> NodeProto {
    NodeProto {
        name: format!("{output}.{op_type}"),
        op_type: op_type.into(),
        input: inputs.iter().map(|&input| input.to_string()).collect(),
        output: vec![output.to_string()],
        ..Default::default()
    }
}

fn with(mut node: NodeProto, name: &str, i: i64) -> NodeProto {
    node.attribute.push(AttributeProto {
        name: name.into(),
        r#type: AttributeType::Int as i32,
        i,
        ..Default::default()
    });
    node
}

fn dequantised(name: &str, output: &str) -> NodeProto {
    with(node("DequantizeLinear", &[&values_name(name), &scales_name(name)], output), "axis", 1)
}

fn looked_up(name: &str, gather: &NodeProto) -> [NodeProto; 4] {
    let (ids, output) = (gather.input[1].as_str(), gather.output[0].as_str());
    let [values, scales, cast] = ["int8", "scale", "cast"].map(|part| format!("{output}.{part}"));
    [
        with(node("Gather", &[&values_name(name), ids], &values), "axis", 0),
        with(node("Gather", &[&scales_name(name), ids], &scales), "axis", 0),
        with(node("Cast", &[&values], &cast), "to", DataType::Float as i64),
        node("Mul", &[&cast, &scales], output),
    ]
}

/// A `Gemm` as the two nodes that other exporters write.
fn product_and_sum(gemm: NodeProto) -> Vec<NodeProto> {
    let output = gemm.output[0].as_str();
    match gemm.input.get(2).filter(|bias| !bias.is_empty()) {
        None => vec![node("MatMul", &[&gemm.input[0], &gemm.input[1]], output)],
        Some(bias) => {
            let product = format!("{output}.product");
            vec![node("MatMul", &[&gemm.input[0], &gemm.input[1]], &product), node("Add", &[&product, bias], output)]
        }
    }
}
