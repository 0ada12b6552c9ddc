//! Large f32 weights become int8, and the graph reads them so.

use std::collections::HashMap;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::uses::Use;
use crate::engine::proto::{integer_attribute, raw_tensor};
use crate::engine::quantise::{by_column, QuantisedRows};

/// Values and scales in place of `rows * columns` raw f32 values; `None` if one of these is an infinity or NaN.
pub(super) fn tensors(name: &str, used: Use, rows: usize, columns: usize, data: &[u8]) -> Option<[TensorProto; 2]> {
    if used == (Use::Linear { transposed: false }) {
        let (values, scales) = by_column(columns, data)?;
        return Some(linear(name, rows, columns, values, &scales));
    }
    let mut by_row = QuantisedRows { values: Vec::with_capacity(rows * columns), scales: Vec::with_capacity(rows) };
    if !data.chunks_exact(4 * columns).all(|row| by_row.push(row)) {
        return None;
    }
    if used == Use::Table {
        return Some(table(name, rows, columns, by_row));
    }
    let transposed =
        (0..columns).flat_map(|column| by_row.values.iter().skip(column).step_by(columns)).copied().collect();
    Some(linear(name, columns, rows, transposed, &by_row.scales))
}

/// The tensors of a table: int8 rows, and a scale for each.
pub(super) fn table(name: &str, rows: usize, columns: usize, quantised: QuantisedRows) -> [TensorProto; 2] {
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
    let dims: Vec<i64> = dims.iter().map(|&dim| dim as i64).collect();
    TensorProto { name, ..raw_tensor(data_type, &dims, raw_data) }
}

fn values_name(name: &str) -> String {
    format!("{name}.int8")
}

fn scales_name(name: &str) -> String {
    format!("{name}.scale")
}

/// Makes the nodes read int8: a linear layer's weights through `DequantizeLinear`, a table's rows through a cast and a
/// multiplication after the look-up, as in shipped bundles.
pub(super) fn rewrite(graph: &mut GraphProto, quantised: &HashMap<String, Use>) {
    let mut nodes = Vec::with_capacity(graph.node.len() + quantised.len());
    let mut given: Vec<&String> = Vec::new();
    for node in std::mem::take(&mut graph.node) {
        let weights = |place: usize| node.input.get(place).and_then(|input| quantised.get_key_value(input));
        let (first, second) = (weights(0), weights(1));
        match (node.op_type.as_str(), first, second) {
            ("Gather", Some((name, Use::Table)), _) => nodes.extend(look_up(name, &node)),
            // The weights are transposed already.
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
    node.attribute.push(integer_attribute(name, i));
    node
}

fn dequantised(name: &str, output: &str) -> NodeProto {
    with(node("DequantizeLinear", &[&values_name(name), &scales_name(name)], output), "axis", 1)
}

fn look_up(name: &str, gather: &NodeProto) -> [NodeProto; 4] {
    let (ids, output) = (gather.input[1].as_str(), gather.output[0].as_str());
    let [values, scales, cast] = ["int8", "scale", "cast"].map(|part| format!("{output}.{part}"));
    [
        with(node("Gather", &[&values_name(name), ids], &values), "axis", 0),
        with(node("Gather", &[&scales_name(name), ids], &scales), "axis", 0),
        with(node("Cast", &[&values], &cast), "to", DataType::Float as i64),
        node("Mul", &[&cast, &scales], output),
    ]
}

/// A `Gemm` as `MatMul` and `Add`.
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
