//! `MatMulBnb4` of onnxruntime: weights of four bits in the formats of bitsandbytes, which become f32 before the graph is
//! planned.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use crate::engine::proto::{bytes, floats, integer, raw_floats_to_bytes, raw_tensor};

const MATMUL: &str = "MatMulBnb4";

/// The values of codes 0 to 15 in bitsandbytes' FP4: a sign, two bits of exponent and one of mantissa.
const FP4: [f32; 16] = [
    0.0,
    5.208_333_3e-3,
    0.666_666_7,
    1.0,
    0.333_333_34,
    0.5,
    0.166_666_67,
    0.25,
    -0.0,
    -5.208_333_3e-3,
    -0.666_666_7,
    -1.0,
    -0.333_333_34,
    -0.5,
    -0.166_666_67,
    -0.25,
];

/// The values of codes 0 to 15 in NF4: quantiles of the normal distribution (Dettmers et al. 2023, appendix E).
const NF4: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// Replaces each such product by a `MatMul` with f32 weights; those whose weights are not in the graph stay.
pub(super) fn rewrite(graph: &mut GraphProto) {
    let mut made: Vec<TensorProto> = Vec::new();
    for i in 0..graph.node.len() {
        let node = &graph.node[i];
        if node.op_type != MATMUL {
            continue;
        }
        let Some(weights) = weights(graph, node) else { continue };
        let name = format!("{}.f32", node.output[0]);
        made.push(TensorProto { name: name.clone(), ..weights });
        let node = &mut graph.node[i];
        node.op_type = "MatMul".into();
        node.domain = String::new();
        node.attribute.clear();
        node.input.truncate(1);
        node.input.push(name);
    }
    graph.initializer.append(&mut made);
}

/// The weights as f32 `[K, N]`. In the file they are `[N, K]` in blocks, two codes a byte, the first in the high bits; each
/// block has its largest absolute value.
fn weights(graph: &GraphProto, node: &NodeProto) -> Option<TensorProto> {
    let size = |name: &str| integer(node, name).and_then(|value| usize::try_from(value).ok()).filter(|&size| size > 0);
    let (k, n, block) = (size("K")?, size("N")?, size("block_size")?);
    let levels = if integer(node, "quant_type") == Some(0) { FP4 } else { NF4 };
    let tensor = |place: usize| graph.initializer.iter().find(|tensor| Some(&tensor.name) == node.input.get(place));
    let (codes, largest) = (bytes(tensor(1)?), floats(tensor(2)?)?);
    let count = k.checked_mul(n)?;
    node.output.first()?;
    if codes.len() != count.div_ceil(2) || largest.len() != count.div_ceil(block) {
        return None;
    }
    let value = |i: usize| {
        let code = codes[i / 2] >> (if i.is_multiple_of(2) { 4 } else { 0 }) & 15;
        levels[usize::from(code)] * largest[i / block]
    };
    let values = (0..count).map(|i| value(i % n * k + i / n));
    Some(raw_tensor(DataType::Float, &[k as i64, n as i64], raw_floats_to_bytes(values)))
}
